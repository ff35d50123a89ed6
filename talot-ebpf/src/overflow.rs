//! Unsolicited packets whose source found no room: class, protocol, port, point and day are kept,
//! in an array that always has room.

use aya_ebpf::{Global, macros::map, maps::Array};
use talot_common::{key::Subject, layout::overflow_base, overflow::cell};

use crate::{atomic, control::mapped};

/// How many points there are room for; the loader sets it, and the size of the map with it.
#[unsafe(no_mangle)]
static OVERFLOW_POINTS: Global<u32> = Global::new(1);

#[map]
static OVERFLOW: Array<u64> = mapped(1);
#[map]
static ANNOUNCED: Array<u64> = Array::with_max_entries(1, 0);

/// Counts a packet without its source.
#[inline(always)]
pub(crate) fn count(epoch: u32, subject: Subject) -> Option<()> {
    let base = overflow_base(epoch, OVERFLOW_POINTS.load(), subject.point, subject.day);
    let counter = OVERFLOW.get_ptr_mut(base + cell(subject.class, subject.aim))?;
    atomic::increment(counter);
    Some(())
}

/// True once in each epoch (twice, if two CPUs ask in the same instant).
#[inline(always)]
pub(crate) fn is_first_of(epoch: u32) -> bool {
    let Some(announced) = ANNOUNCED.get_ptr_mut(0) else {
        return false;
    };
    let epoch = u64::from(epoch) + 1;
    // SAFETY: a checked pointer to a map value; volatile, because other CPUs write it.
    unsafe {
        let first = announced.read_volatile() != epoch;
        if first {
            announced.write_volatile(epoch);
        }
        first
    }
}
