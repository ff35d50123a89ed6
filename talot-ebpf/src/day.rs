//! In which day a packet arrives. The precise clock costs 25 ns, so each CPU asks it once a jiffy
//! and remembers the answer, except near the end of a day.

use aya_ebpf::helpers::{bpf_jiffies64, generated::bpf_ktime_get_tai_ns};
use talot_common::{
    layout::{DAYS, Watch},
    table,
};

use crate::lane::Lane;

/// So near to the end of a day, every packet asks the clock (nanoseconds).
const NEAR: u64 = 1_000_000_000;

/// The slot of the day that it is.
#[inline(always)]
pub(crate) fn slot(watch: &Watch, lane: &mut Lane) -> u8 {
    let lane = lane.value();
    // SAFETY: the helper reads a kernel variable.
    let jiffies = unsafe { bpf_jiffies64() };
    if lane.day_jiffies != jiffies {
        ask(watch, lane, jiffies);
    }
    lane.day as u8 & (DAYS as u8 - 1)
}

#[inline(never)]
fn ask(watch: &Watch, lane: &mut table::Lane, jiffies: u64) {
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
    lane.day = u64::from(watch.first_day) + passed;
    lane.day_jiffies = if near { 0 } else { jiffies };
}
