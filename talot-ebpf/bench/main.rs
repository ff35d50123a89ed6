//! Programs that measure: what `cargo xtask bench` compares the counting program with, and what
//! brings the packets. None of them is part of the product.
#![no_std]
#![no_main]
#![expect(
    clippy::needless_pass_by_value,
    reason = "aya's macros pass contexts by value"
)]
#![expect(unreachable_pub, reason = "aya's macros ask for public functions")]
#![expect(
    missing_docs,
    reason = "aya's macros put undocumented items around the documented ones"
)]

mod parse;
mod trace;

use aya_ebpf::{
    Global,
    bindings::xdp_action,
    helpers::bpf_redirect,
    macros::{map, xdp},
    maps::ProgramArray,
    programs::XdpContext,
};

/// What becomes of a packet; the loader sets it.
#[unsafe(no_mangle)]
static VERDICT: Global<u32> = Global::new(xdp_action::XDP_DROP);

/// The interface that generated packets leave by; the loader sets it.
#[unsafe(no_mangle)]
static LEAVE_BY: Global<u32> = Global::new(0);

/// The program under test.
#[map]
static UNDER_TEST: ProgramArray = ProgramArray::with_max_entries(1, 0);

/// Nothing: the floor.
#[xdp(frags)]
pub fn bench_noop(_ctx: XdpContext) -> u32 {
    VERDICT.load()
}

/// Reads addresses and ports, and counts the packet in one counter.
#[xdp(frags)]
pub fn bench_parse(ctx: XdpContext) -> u32 {
    parse::count(&ctx);
    VERDICT.load()
}

/// Makes the packet the next one of the trace, and hands it to the program under test as it is.
#[xdp(frags)]
pub fn bench_rewrite(ctx: XdpContext) -> u32 {
    if trace::next(&ctx).is_some() {
        // SAFETY: nothing here waits to be dropped.
        unsafe { UNDER_TEST.tail_call(&ctx, 0) };
    }
    // There was no packet, or no program: user space takes this for an error.
    xdp_action::XDP_ABORTED
}

/// Makes the packet the next one of the trace when it is due, and sends it.
#[xdp(frags)]
pub fn bench_generate(ctx: XdpContext) -> u32 {
    trace::wait();
    if trace::next(&ctx).is_none() {
        return xdp_action::XDP_ABORTED;
    }
    // SAFETY: the helper takes numbers.
    unsafe { bpf_redirect(LEAVE_BY.load(), 0) as u32 }
}

#[cfg(not(test))]
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// The kernel gives some of its helpers to GPL-compatible programs alone.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
