//! In which day a packet arrives. The precise clock costs 25 ns, so each CPU asks it once a jiffy
//! and remembers the answer, except near the end of a day.

use aya_ebpf::{
    helpers::{bpf_jiffies64, generated::bpf_ktime_get_tai_ns},
    macros::map,
    maps::PerCpuArray,
};
use talot_common::layout::{DAYS, DayCache, Watch};

#[map]
static DAY: PerCpuArray<DayCache> = PerCpuArray::with_max_entries(1, 0);

/// So near to the end of a day, every packet asks the clock (nanoseconds).
const NEAR: u64 = 1_000_000_000;

/// The slot of the day that it is.
#[inline(always)]
pub(crate) fn slot(watch: &Watch) -> Option<u8> {
    let cache = DAY.get_ptr_mut(0)?;
    // SAFETY: a checked pointer to this CPU's own map value.
    let cache = unsafe { &mut *cache };
    // SAFETY: the helper reads a kernel variable.
    let jiffies = unsafe { bpf_jiffies64() };
    if cache.jiffies != jiffies {
        ask(watch, cache, jiffies);
    }
    Some(cache.day as u8 & (DAYS as u8 - 1))
}

#[inline(never)]
fn ask(watch: &Watch, cache: &mut DayCache, jiffies: u64) {
    // SAFETY: the helper reads a clock.
    let now = unsafe { bpf_ktime_get_tai_ns() };
    let mut passed = 0;
    let mut near = false;
    let mut i = 0;
    while i < DAYS - 1 {
        let end = watch.day_ends[i];
        if now >= end {
            passed += 1;
        } else if end - now < NEAR {
            near = true;
        }
        i += 1;
    }
    cache.day = u64::from(watch.first_day) + passed;
    cache.jiffies = if near { 0 } else { jiffies };
}
