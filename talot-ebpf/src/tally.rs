//! What became of the packets: counters by disposition, of each CPU for itself.

use aya_ebpf::{Global, helpers::bpf_get_smp_processor_id, macros::map, maps::Array};
use talot_common::{
    layout::{Tally, tally_index},
    words::Disposition,
};

use crate::control::mapped;

/// How many CPUs can be; the loader sets it, and the size of the map with it.
#[unsafe(no_mangle)]
static CPUS: Global<u32> = Global::new(1);

#[map]
static TALLIES: Array<Tally> = mapped(1);

/// This CPU's counters of one (epoch, day).
pub(crate) struct Tallies {
    epoch: u32,
    day: u8,
}

impl Tallies {
    #[inline(always)]
    pub(crate) const fn of(epoch: u32, day: u8) -> Self {
        Self { epoch, day }
    }

    #[inline(always)]
    pub(crate) const fn epoch(&self) -> u32 {
        self.epoch
    }

    #[inline(always)]
    pub(crate) const fn day(&self) -> u8 {
        self.day
    }

    #[inline(always)]
    fn point(&self, point: u8) -> Option<&'static mut Tally> {
        // SAFETY: the helper reads the number of this CPU.
        let cpu = unsafe { bpf_get_smp_processor_id() };
        let index = tally_index(self.epoch, CPUS.load(), cpu, point, self.day);
        // SAFETY: a checked pointer to a map value. Only this CPU writes it, and nothing interrupts
        // a program that writes it too: XDP and TC run with softirqs off.
        TALLIES
            .get_ptr_mut(index)
            .map(|tally| unsafe { &mut *tally })
    }

    /// Counts a packet.
    #[inline(always)]
    pub(crate) fn count(&self, point: u8, disposition: Disposition) -> Option<()> {
        let tally = self.point(point)?;
        tally.seen += 1;
        // Written out, because the verifier cannot bound an enum.
        tally.dispositions[disposition as usize % Disposition::COUNT] += 1;
        Some(())
    }

    /// Counts an unsolicited packet whose source found no room.
    #[inline(always)]
    pub(crate) fn count_overflow(&self, point: u8) -> Option<()> {
        self.point(point)?.overflow += 1;
        Some(())
    }

    /// Counts a conversation that had to make room.
    #[inline(always)]
    pub(crate) fn count_forgotten(&self, point: u8) -> Option<()> {
        self.point(point)?.conversations_forgotten += 1;
        Some(())
    }
}
