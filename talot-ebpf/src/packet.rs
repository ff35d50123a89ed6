//! Where the bytes of a packet come from in the kernel: between two pointers that the verifier
//! watches over.

use aya_ebpf::{
    bindings::xdp_md,
    helpers::generated::bpf_xdp_get_buff_len,
    programs::{TcContext, XdpContext},
};
use talot_common::packet::{Packet, Plain};

/// Reads a `T` at an offset, if that is before the end.
#[inline(always)]
fn load<T: Plain>(start: usize, end: usize, offset: usize) -> Option<T> {
    let at = start + offset;
    let size = match size_of::<T>() {
        // Else the compiler asks whether `at >= end`, from which the verifier learns nothing.
        1 => core::hint::black_box(1),
        size => size,
    };
    if at + size > end {
        return None;
    }
    // SAFETY: [at, at + size) lies between the packet's two pointers, and Plain promises that any
    // bytes are a T.
    Some(unsafe { (at as *const T).read_unaligned() })
}

/// A packet at the XDP hook. Its first buffer holds the headers; a jumbo frame has more.
pub(crate) struct Arriving {
    start: usize,
    end: usize,
    context: *mut xdp_md,
    zero: usize,
}

impl Arriving {
    #[inline(always)]
    pub(crate) fn new(ctx: &XdpContext, zero: u64) -> Self {
        Self {
            start: ctx.data(),
            end: ctx.data_end(),
            context: ctx.ctx,
            zero: zero as usize,
        }
    }
}

impl Packet for Arriving {
    #[inline(always)]
    fn load<T: Plain>(&self, offset: usize) -> Option<T> {
        load(self.start, self.end, offset)
    }

    #[inline(always)]
    fn length(&self) -> usize {
        // SAFETY: the helper reads the lengths of the buffers behind a valid context.
        unsafe { bpf_xdp_get_buff_len(self.context) as usize }
    }

    #[inline(always)]
    fn reaches(&self, end: usize) -> bool {
        end <= self.end - self.start || end <= self.length()
    }

    #[inline(always)]
    fn forget(&self, value: usize, bits: usize) -> usize {
        value.wrapping_add(self.zero) & bits
    }
}

/// A packet at the TC egress hook.
pub(crate) struct Leaving {
    start: usize,
    end: usize,
    length: usize,
    zero: usize,
}

impl Leaving {
    /// Headers longer than this are not looked for in pages.
    const HEADERS: u32 = 128;

    #[inline(always)]
    pub(crate) fn new(ctx: &TcContext, zero: u64) -> Option<Self> {
        let headers = ctx.len().min(Self::HEADERS);
        if ctx.data() + headers as usize > ctx.data_end() {
            ctx.pull_data(headers).ok()?;
        }
        Some(Self {
            start: ctx.data(),
            end: ctx.data_end(),
            length: ctx.len() as usize,
            zero: zero as usize,
        })
    }
}

impl Packet for Leaving {
    #[inline(always)]
    fn load<T: Plain>(&self, offset: usize) -> Option<T> {
        load(self.start, self.end, offset)
    }

    #[inline(always)]
    fn length(&self) -> usize {
        self.length
    }

    #[inline(always)]
    fn forget(&self, value: usize, bits: usize) -> usize {
        value.wrapping_add(self.zero) & bits
    }
}

/// The interface that a packet leaves by.
#[inline(always)]
pub(crate) fn ifindex(ctx: &TcContext) -> u32 {
    // SAFETY: the context is valid as long as the program runs.
    unsafe { (*ctx.skb.skb).ifindex }
}
