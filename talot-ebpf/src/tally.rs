//! What became of the packets: counters by disposition, of each CPU for itself.

use aya_ebpf::{macros::map, maps::Array};
use talot_common::{
    layout::{Tally, tally_index},
    words::Disposition,
};

use crate::{control::mapped, lane::Lane};

// The loader sets the size.
#[map]
static TALLIES: Array<Tally> = mapped(1);

/// This CPU's counters of a point and day.
#[inline(always)]
fn tally(lane: &Lane, point: u8, day: u8) -> Option<&'static mut Tally> {
    let index = tally_index(lane.epoch(), Lane::cpus(), lane.cpu(), point, day);
    // SAFETY: a checked pointer to a map value. Only this CPU writes it, and nothing interrupts a
    // program that writes it too: XDP and TC run with softirqs off.
    TALLIES
        .get_ptr_mut(index)
        .map(|tally| unsafe { &mut *tally })
}

/// Counts a packet.
#[inline(always)]
pub(crate) fn count(lane: &Lane, point: u8, day: u8, disposition: Disposition) -> Option<()> {
    let tally = tally(lane, point, day)?;
    tally.seen += 1;
    // Written out, because the verifier cannot bound an enum.
    tally.dispositions[disposition as usize % Disposition::COUNT] += 1;
    Some(())
}

/// Counts an unsolicited packet whose source found no room.
#[inline(always)]
pub(crate) fn count_overflow(lane: &Lane, point: u8, day: u8) -> Option<()> {
    tally(lane, point, day)?.overflow += 1;
    Some(())
}

/// Counts a conversation that had to make room.
#[inline(always)]
pub(crate) fn count_forgotten(lane: &Lane, point: u8, day: u8) -> Option<()> {
    tally(lane, point, day)?.conversations_forgotten += 1;
    Some(())
}
