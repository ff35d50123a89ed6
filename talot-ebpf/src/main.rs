//! The kernel side of Talot: an XDP program that counts unsolicited packets, and a TC program that
//! notes what the watched host itself sends.
//!
//! It never changes, drops or sends a packet.
#![no_std]
#![no_main]
#![feature(core_intrinsics)]
#![expect(
    internal_features,
    reason = "BPF has no atomic add in core::sync::atomic"
)]
#![expect(
    clippy::needless_pass_by_value,
    reason = "aya's macros pass contexts by value"
)]
#![expect(unreachable_pub, reason = "aya's macros ask for public functions")]
#![expect(
    missing_docs,
    reason = "aya's macros put undocumented items around the documented ones"
)]

mod atomic;
mod control;
mod conversation;
mod day;
mod exclude;
mod overflow;
mod packet;
mod recent;
mod surroundings;
#[cfg_attr(feature = "plain-hash", path = "plain_hash.rs")]
mod table;
mod tally;

use aya_ebpf::{
    bindings::{TC_ACT_UNSPEC, xdp_action},
    macros::{classifier, xdp},
    programs::{TcContext, XdpContext},
};
use aya_log_ebpf::warn;
use talot_common::{
    decision::{Decision, Unsolicited, sent},
    exclude::PrefixAddress,
    key::Subject,
    packet::{Network, V4, V6},
    words::Disposition,
};

use crate::{
    control::State,
    packet::{Arriving, Leaving},
    surroundings::{Around, Family},
    tally::Tallies,
};

/// Counts an arriving packet and passes it on.
#[xdp(frags)]
pub fn talot_xdp(ctx: XdpContext) -> u32 {
    count_arriving(&ctx);
    xdp_action::XDP_PASS
}

/// Notes the conversation of a leaving packet and lets the next program decide on it.
#[classifier]
pub fn talot_egress(ctx: TcContext) -> i32 {
    note_leaving(&ctx);
    TC_ACT_UNSPEC
}

#[inline(always)]
fn count_arriving(ctx: &XdpContext) -> Option<()> {
    let state = State::read()?;
    let hook = state.hook(ctx.ingress_ifindex() as u32)?;
    let tallies = Tallies::of(state.epoch(), day::slot(state.watch())?);
    let packet = Arriving::new(ctx, state.zero());
    match Network::find(&packet, hook.link()) {
        Network::V4(offset) => {
            let decision = Decision::<V4>::on(&packet, offset, &Around::new(&state, &hook));
            count(ctx, &tallies, hook.first_point, decision)
        }
        Network::V6(offset) => {
            let decision = Decision::<V6>::on(&packet, offset, &Around::new(&state, &hook));
            count(ctx, &tallies, hook.first_point, decision)
        }
        Network::Other => tallies.count(hook.first_point, Disposition::NonIp),
    }
}

#[inline(always)]
fn count<A: table::Counted>(
    ctx: &XdpContext,
    tallies: &Tallies,
    first_point: u8,
    decision: Decision<A>,
) -> Option<()> {
    match decision {
        Decision::Passing(disposition) => tallies.count(first_point, disposition),
        Decision::Known(point, disposition) => tallies.count(point, disposition),
        Decision::Unsolicited(Unsolicited {
            point,
            class,
            aim,
            source,
        }) => {
            tallies.count(point, class.disposition())?;
            let subject = Subject {
                point,
                day: tallies.day(),
                class,
                aim,
                marks: 0,
            };
            if !source.count(tallies.epoch(), subject) {
                tallies.count_overflow(point)?;
                overflow::count(tallies.epoch(), subject)?;
                if overflow::is_first_of(tallies.epoch()) {
                    warn!(
                        ctx,
                        "no room for more sources until the next drain: new ones are counted by port alone; raise [kernel] keys or keys6"
                    );
                }
            }
            Some(())
        }
    }
}

#[inline(always)]
fn note_leaving(ctx: &TcContext) -> Option<()> {
    let state = State::read()?;
    let hook = state.hook(packet::ifindex(ctx))?;
    let packet = Leaving::new(ctx, state.zero())?;
    match Network::find(&packet, hook.link()) {
        Network::V4(offset) => note::<V4>(&state, &Around::new(&state, &hook), &packet, offset),
        Network::V6(offset) => note::<V6>(&state, &Around::new(&state, &hook), &packet, offset),
        Network::Other => None,
    }
}

#[inline(always)]
fn note<A: Family + PrefixAddress>(
    state: &State,
    around: &Around<'_>,
    packet: &Leaving,
    offset: usize,
) -> Option<()> {
    let (ip, transport) = sent::<A, _>(packet, offset)?;
    let point = A::point_at(around, ip.source)?;
    if point.live == 0 {
        return None;
    }
    if conversation::note_sent(state.watch(), ip.source, ip.destination, &transport)? {
        Tallies::of(state.epoch(), day::slot(state.watch())?).count_forgotten(point.slot)?;
    }
    Some(())
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
