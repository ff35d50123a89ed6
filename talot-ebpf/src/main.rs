//! The kernel side of Talot: an XDP program that counts unsolicited packets, and a TC program that
//! notes what the watched host itself sends.
//!
//! It never changes or sends a packet, and drops one only where a dark point asks for that, once it
//! is counted.
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

mod alarm;
mod atomic;
mod control;
mod conversation;
mod day;
mod exclude;
mod lane;
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
use talot_common::{
    decision::{Decision, Unsolicited, sent},
    exclude::PrefixAddress,
    packet::{Network, V4, V6},
    words::Disposition,
};

use crate::{
    control::State,
    lane::Lane,
    packet::{Arriving, Leaving},
    surroundings::{Around, Family},
};

/// Counts an arriving packet and passes it on, or drops it if its point says so.
#[xdp(frags)]
#[inline(always)]
pub fn talot_xdp(ctx: XdpContext) -> u32 {
    match count_arriving(&ctx) {
        Some(Verdict::Drop) => xdp_action::XDP_DROP,
        _ => xdp_action::XDP_PASS,
    }
}

/// Notes the conversation of a leaving packet and lets the next program decide on it.
#[classifier]
pub fn talot_egress(ctx: TcContext) -> i32 {
    note_leaving(&ctx);
    TC_ACT_UNSPEC
}

/// What the host gets of a counted packet.
enum Verdict {
    Pass,
    Drop,
}

#[inline(always)]
fn count_arriving(ctx: &XdpContext) -> Option<Verdict> {
    let state = State::read()?;
    let hook = state.hook(ctx.ingress_ifindex() as u32)?;
    let mut lane = Lane::of(state.epoch())?;
    let day = day::slot(state.watch(), &mut lane);
    let packet = Arriving::new(ctx, state.zero());
    let around = Around::new(&state, &hook);
    let first_point = hook.first_point;
    let (reached, unsolicited) = match Network::find(&packet, hook.link()) {
        Network::V4(offset) => {
            let decision = Decision::<V4>::on(&packet, offset, &around);
            count(ctx, &mut lane, first_point, day, decision)?
        }
        Network::V6(offset) => {
            let decision = Decision::<V6>::on(&packet, offset, &around);
            count(ctx, &mut lane, first_point, day, decision)?
        }
        Network::Other => {
            tally::count(&lane, first_point, day, Disposition::NonIp)?;
            (first_point, false)
        }
    };
    if unsolicited && state.drops(reached) {
        return Some(Verdict::Drop);
    }
    Some(Verdict::Pass)
}

/// Counts the packet; gives the point, and whether the packet is unsolicited.
#[inline(always)]
fn count<A: table::Counted>(
    ctx: &XdpContext,
    lane: &mut Lane,
    first_point: u8,
    day: u8,
    decision: Decision<A>,
) -> Option<(u8, bool)> {
    match decision {
        Decision::Passing(disposition) => {
            tally::count(lane, first_point, day, disposition)?;
            Some((first_point, false))
        }
        Decision::Known(point, disposition) => {
            tally::count(lane, point, day, disposition)?;
            Some((point, false))
        }
        Decision::Unsolicited(unsolicited) => {
            let Unsolicited {
                point,
                class,
                source,
                ..
            } = unsolicited;
            tally::count(lane, point, day, class.disposition())?;
            let event = source.count(lane, unsolicited.subject(day));
            if event != alarm::NOTHING {
                alarm::raise(ctx, lane.epoch(), event);
            }
            Some((point, true))
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
        let mut lane = Lane::of(state.epoch())?;
        let day = day::slot(state.watch(), &mut lane);
        tally::count_forgotten(&lane, point.slot, day)?;
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
