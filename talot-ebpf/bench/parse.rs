//! The least that a program must do to know what a packet would be counted as: Ethernet, IPv4 or
//! IPv6, ports. Written without the product's parser.

use aya_ebpf::{macros::map, maps::PerCpuArray, programs::XdpContext};

/// What each CPU has read.
#[repr(C)]
struct Read {
    packets: u64,
    /// Of everything that was read, so that the compiler cannot leave it out.
    sum: u64,
}

#[map]
static READ: PerCpuArray<Read> = PerCpuArray::with_max_entries(1, 0);

const ETHERNET: usize = 14;
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const TCP: u8 = 6;
const UDP: u8 = 17;

#[inline(always)]
pub(crate) fn count(ctx: &XdpContext) -> Option<()> {
    let protocol: u16 = load(ctx, 12)?;
    let sum = match u16::from_be(protocol) {
        IPV4 => {
            let first: u8 = load(ctx, ETHERNET)?;
            let source: u32 = load(ctx, ETHERNET + 12)?;
            let header = usize::from(first & 15) * 4;
            u64::from(source) + ports(ctx, load(ctx, ETHERNET + 9)?, ETHERNET + header)?
        }
        IPV6 => {
            let source: [u64; 2] = load(ctx, ETHERNET + 8)?;
            let ports = ports(ctx, load(ctx, ETHERNET + 6)?, ETHERNET + 40)?;
            source[0].wrapping_add(source[1]).wrapping_add(ports)
        }
        _ => return None,
    };
    let read = READ.get_ptr_mut(0)?;
    // SAFETY: a checked pointer to this CPU's own map value.
    unsafe {
        (*read).packets += 1;
        (*read).sum = (*read).sum.wrapping_add(sum);
    }
    Some(())
}

/// Both ports, as they stand in the packet.
#[inline(always)]
fn ports(ctx: &XdpContext, protocol: u8, offset: usize) -> Option<u64> {
    if protocol != TCP && protocol != UDP {
        return Some(0);
    }
    load::<u32>(ctx, offset).map(u64::from)
}

#[inline(always)]
fn load<T: Copy>(ctx: &XdpContext, offset: usize) -> Option<T> {
    let at = ctx.data() + offset;
    let size = match size_of::<T>() {
        // Else the compiler asks whether `at >= end`, from which the verifier learns nothing.
        1 => core::hint::black_box(1),
        size => size,
    };
    if at + size > ctx.data_end() {
        return None;
    }
    // SAFETY: [at, at + size) lies between the packet's two pointers, and only integers are read.
    Some(unsafe { (at as *const T).read_unaligned() })
}
