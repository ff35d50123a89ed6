//! The atomic operations that counting needs.

use core::intrinsics::{AtomicOrdering, atomic_cxchg, atomic_xadd};

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

/// Replaces a 0 that several CPUs may want to replace; gives what was there.
#[inline(always)]
pub(crate) fn replace_zero(place: *mut u64, word: u64) -> u64 {
    const ORDER: AtomicOrdering = AtomicOrdering::SeqCst;
    // SAFETY: as for `increment`.
    let (before, _) = unsafe { atomic_cxchg::<u64, ORDER, ORDER>(place, 0, word) };
    before
}
