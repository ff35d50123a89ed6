//! Waking the agent before, or when, the table has no more room: an early drain makes some.

use aya_ebpf::{
    EbpfContext,
    bindings::BPF_RB_FORCE_WAKEUP,
    macros::map,
    maps::{Array, RingBuf},
};
use aya_log_ebpf::warn;

/// What befell the table while keys were counted in it: any of the bits below.
pub(crate) type Event = u32;
pub(crate) const NOTHING: Event = 0;
/// It has just become nearly full.
pub(crate) const NEARLY_FULL: Event = 1;
/// A key found no room.
pub(crate) const NO_ROOM: Event = 2;

/// Its messages say nothing; that there is one says it all.
#[map]
static WAKE: RingBuf = RingBuf::with_byte_size(4096, 0);
/// The epoch, and one more, in which a key without room was last announced.
#[map]
static ANNOUNCED: Array<u64> = Array::with_max_entries(1, 0);

/// Wakes the agent; for keys without room once in each epoch.
#[inline(never)]
pub(crate) fn raise(ctx: &impl EbpfContext, epoch: u32, event: Event) {
    if event & NO_ROOM != 0 {
        if !is_first_of(epoch) {
            return;
        }
        warn!(
            ctx,
            "no room for more sources until the next drain: new ones are counted by port alone; raise [kernel] keys or keys6"
        );
    }
    // The ring has no room only while the agent has been woken and has not come yet.
    let _ = WAKE.output::<u64>(u64::from(epoch), u64::from(BPF_RB_FORCE_WAKEUP));
}

/// True once in each epoch (twice, if two CPUs ask in the same instant).
#[inline(always)]
fn is_first_of(epoch: u32) -> bool {
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
