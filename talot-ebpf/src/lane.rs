//! What a CPU has of its own in an epoch: parked keys, and the day as it last knew it.

use aya_ebpf::{Global, helpers::bpf_get_smp_processor_id, macros::map, maps::Array};
use talot_common::table::{self, lane_index};

use crate::control::mapped;

/// How many CPUs can be; the loader sets it, and the size of the map with it.
#[unsafe(no_mangle)]
static CPUS: Global<u32> = Global::new(1);

#[map]
static LANES: Array<table::Lane> = mapped(1);

/// This CPU's lane of an epoch.
#[derive(Clone, Copy)]
pub(crate) struct Lane {
    epoch: u32,
    cpu: u32,
    value: *mut table::Lane,
}

impl Lane {
    #[inline(always)]
    pub(crate) fn of(epoch: u32) -> Option<Self> {
        // SAFETY: the helper reads the number of this CPU.
        let cpu = unsafe { bpf_get_smp_processor_id() };
        Some(Self {
            epoch,
            cpu,
            value: LANES.get_ptr_mut(lane_index(epoch, CPUS.load(), cpu))?,
        })
    }

    #[inline(always)]
    pub(crate) const fn epoch(&self) -> u32 {
        self.epoch
    }

    #[inline(always)]
    pub(crate) const fn cpu(&self) -> u32 {
        self.cpu
    }

    /// How many CPUs can be.
    #[inline(always)]
    pub(crate) fn cpus() -> u32 {
        CPUS.load()
    }

    #[inline(always)]
    pub(crate) const fn value(&mut self) -> &mut table::Lane {
        // SAFETY: a checked pointer to a map value. Only this CPU writes it, and nothing interrupts
        // a program that writes it too: XDP and TC run with softirqs off.
        unsafe { &mut *self.value }
    }
}
