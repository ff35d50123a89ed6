//! The one atomic operation that counting needs.

use core::intrinsics::{AtomicOrdering, atomic_xadd};

/// Adds one to a counter that several CPUs share.
#[inline(always)]
pub(crate) fn increment(counter: *mut u64) {
    // SAFETY: every caller passes a pointer into a map value, which the verifier has checked, and
    // such values are aligned to 8 bytes. The returned value is not used, so this becomes the one
    // atomic add that every BPF version has.
    unsafe {
        atomic_xadd::<u64, u64, { AtomicOrdering::Relaxed }>(counter, 1);
    }
}
