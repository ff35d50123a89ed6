//! Unsolicited packets whose source found no room: class, protocol, port, point and day are kept,
//! in an array that always has room.

use aya_ebpf::{Global, macros::map, maps::Array};
use talot_common::{layout::overflow_base, overflow::cell};

use crate::{atomic, control::mapped, lane::Lane, tally};

/// How many points there are room for; the loader sets it, and the size of the map with it.
#[unsafe(no_mangle)]
static OVERFLOW_POINTS: Global<u32> = Global::new(1);

#[map]
static OVERFLOW: Array<u64> = mapped(1);

/// Counts a packet of a packed [`Subject`](talot_common::key::Subject) without its source.
#[inline(always)]
pub(crate) fn count(lane: &Lane, subject: u64) -> Option<()> {
    let (point, day) = ((subject >> 60) as u8, (subject >> 54) as u8 & 7);
    tally::count_overflow(lane, point, day)?;
    let base = overflow_base(lane.epoch(), OVERFLOW_POINTS.load(), point, day);
    atomic::increment(OVERFLOW.get_ptr_mut(base + cell(subject))?);
    Some(())
}
