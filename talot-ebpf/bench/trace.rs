//! The packets of a run: one packet, of which each time source address and destination port are
//! replaced by those of the next entry of a trace.

use aya_ebpf::{Global, helpers::bpf_ktime_get_ns, macros::map, maps::Array, programs::XdpContext};

const BPF_F_MMAPABLE: u32 = 1 << 10;

/// Whether the packet is one of IPv6; the loader sets it.
#[unsafe(no_mangle)]
static IPV6: Global<u32> = Global::new(0);

/// The entries: from the lowest bit, the source (its last four bytes), the destination port and the
/// checksum of the IPv4 header, each as it stands in the packet. The loader sets the size.
#[map]
static TRACE: Array<u64> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// Where the run is; user space writes it between runs.
#[repr(C)]
struct Run {
    /// The next entry.
    next: u64,
    /// How many entries are in use.
    length: u64,
    /// Time between packets (nanoseconds); 0: as fast as it goes.
    interval: u64,
    /// When the next packet is due (nanoseconds of the monotonic clock).
    due: u64,
}

#[map]
static RUN: Array<Run> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// Makes the packet the next of the trace.
#[inline(always)]
pub(crate) fn next(ctx: &XdpContext) -> Option<()> {
    let run = RUN.get_ptr_mut(0)?;
    // SAFETY: a checked pointer to a map value; one CPU runs the trace.
    let index = unsafe {
        let index = (*run).next;
        let behind = index + 1;
        (*run).next = if behind < (*run).length { behind } else { 0 };
        index
    };
    let entry = *TRACE.get(index as u32)?;
    let (source, port, checksum) = (entry as u32, (entry >> 32) as u16, (entry >> 48) as u16);
    if IPV6.load() == 0 {
        store(ctx, 14 + 20 + 2, port)?;
        store(ctx, 14 + 12, source)?;
        store(ctx, 14 + 10, checksum)
    } else {
        store(ctx, 14 + 40 + 2, port)?;
        store(ctx, 14 + 8 + 12, source)
    }
}

#[inline(always)]
fn store<T: Copy>(ctx: &XdpContext, offset: usize, value: T) -> Option<()> {
    let at = ctx.data() + offset;
    if at + size_of::<T>() > ctx.data_end() {
        return None;
    }
    // SAFETY: [at, at + size) lies between the packet's two pointers.
    unsafe { (at as *mut T).write_unaligned(value) };
    Some(())
}

/// Waits until a packet is due. A late one does not make the next ones come faster.
#[inline(always)]
pub(crate) fn wait() -> Option<()> {
    const MOST_LOOKS: u32 = 4096;
    let run = RUN.get_ptr_mut(0)?;
    // SAFETY: a checked pointer to a map value; one CPU runs the trace.
    let run = unsafe { &mut *run };
    if run.interval == 0 {
        return Some(());
    }
    let mut now = 0;
    let mut looks = 0;
    while looks < MOST_LOOKS {
        // SAFETY: the helper reads a clock.
        now = unsafe { bpf_ktime_get_ns() };
        if now >= run.due {
            break;
        }
        looks += 1;
    }
    run.due = now.max(run.due + run.interval);
    Some(())
}
