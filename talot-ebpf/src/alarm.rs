//! Waking the agent before, or when, the table has no more room: an early drain makes some.

use aya_ebpf::{
    EbpfContext,
    bindings::BPF_RB_FORCE_WAKEUP,
    helpers::generated::bpf_ktime_get_coarse_ns,
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
/// The epoch, and one more, in which a key without room last woke the agent; and when one was last
/// logged (nanoseconds of the coarse clock).
#[map]
static ANNOUNCED: Array<u64> = Array::with_max_entries(2, 0);
/// Not to log the same more often (nanoseconds).
const QUIET: u64 = 60_000_000_000;

/// Wakes the agent; for keys without room once in each epoch.
#[inline(never)]
pub(crate) fn raise(ctx: &impl EbpfContext, epoch: u32, event: Event) {
    if event & NO_ROOM != 0 {
        if !replaces(
            0,
            |before| before != u64::from(epoch) + 1,
            u64::from(epoch) + 1,
        ) {
            return;
        }
        // SAFETY: the helper reads a clock.
        let now = unsafe { bpf_ktime_get_coarse_ns() };
        if replaces(
            1,
            |before| before == 0 || now.saturating_sub(before) > QUIET,
            now,
        ) {
            warn!(
                ctx,
                "no room for more sources until the next drain: new ones are counted by port alone; raise [kernel] keys or keys6"
            );
        }
    }
    // The ring has no room only while the agent has been woken and has not come yet.
    let _ = WAKE.output::<u64>(u64::from(epoch), u64::from(BPF_RB_FORCE_WAKEUP));
}

/// Puts a word in the place of one that is due; true if it was (of two CPUs that ask in the same
/// instant, for both).
#[inline(always)]
fn replaces(index: u32, is_due: impl FnOnce(u64) -> bool, word: u64) -> bool {
    let Some(place) = ANNOUNCED.get_ptr_mut(index) else {
        return false;
    };
    // SAFETY: a checked pointer to a map value; volatile, because other CPUs write it.
    unsafe {
        let due = is_due(place.read_volatile());
        if due {
            place.write_volatile(word);
        }
        due
    }
}
