//! Conversations of the watched host (row 6 of the decision table).

use aya_ebpf::Global;
use talot_common::{
    layout::Watch,
    packet::{Address, Datagram, Thread, Transport},
    port_type::protocol,
    words::Class,
};

use crate::recent::{BY_HOST, BY_OTHERS, FIRST_FRAGMENTS, Idle, KNOCKS, Thing};

/// Random words, set by the loader, so that nobody can choose colliding conversations.
#[unsafe(no_mangle)]
static SEED: Global<[u64; 2]> = Global::new([0; 2]);

/// An odd constant of high entropy (the golden ratio's fraction).
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Mixes a word into a fingerprint.
#[inline(always)]
const fn mix(state: u64, word: u64) -> u64 {
    let product = (state ^ word).wrapping_mul(MULTIPLIER);
    product ^ product >> 29
}

/// 64 bits that stand for two addresses and what tells their conversations apart. Never 0.
#[inline(always)]
fn fingerprint<A: Address>(from: A, to: A, rest: u64) -> u64 {
    let [seed, finish] = SEED.load();
    let ([a, b], [c, d]) = (from.words(), to.words());
    let mut state = mix(mix(mix(mix(mix(seed, rest), a), b), c), d);
    state = mix(state, finish);
    if state == 0 { 1 } else { state }
}

#[inline(always)]
fn conversation<A: Address>(local: A, remote: A, thread: Thread) -> Thing {
    let Thread {
        protocol: number,
        from,
        to,
    } = thread;
    let rest = u64::from(number) << 32 | u64::from(from) << 16 | u64::from(to);
    Thing {
        fingerprint: fingerprint(local, remote, rest),
        idle: match number {
            protocol::TCP => Idle::TCP,
            protocol::UDP => Idle::UDP,
            _ => Idle::OTHER,
        },
    }
}

#[inline(always)]
fn fragments<A: Address>(ip: &Datagram<A>) -> Thing {
    let rest = u64::from(ip.protocol) << 32 | u64::from(ip.identification);
    Thing {
        fingerprint: fingerprint(ip.source, ip.destination, rest),
        idle: Idle::FRAGMENT,
    }
}

/// The host sends a packet. True if another conversation had to be forgotten for this one.
#[inline(always)]
pub(crate) fn note_sent<A: Address>(
    watch: &Watch,
    local: A,
    remote: A,
    transport: &Transport,
) -> Option<bool> {
    let thing = conversation(local, remote, transport.thread);
    if BY_HOST.refresh(thing, &watch.idle) || BY_OTHERS.refresh(thing, &watch.idle) {
        return Some(false);
    }
    let answers = if transport.thread.protocol == protocol::TCP {
        matches!(transport.class, Class::Backscatter) // SYN and ACK
    } else {
        KNOCKS.has(thing, &watch.idle)
    };
    let set = if answers { BY_OTHERS } else { BY_HOST };
    Some(set.insert(thing, &watch.idle))
}

/// Whether the host has sent a packet in this conversation within the idle time.
#[inline(always)]
pub(crate) fn has_sent<A: Address>(watch: &Watch, local: A, remote: A, thread: Thread) -> bool {
    let thing = conversation(local, remote, thread);
    BY_HOST.has(thing, &watch.idle) || BY_OTHERS.has(thing, &watch.idle)
}

/// An unsolicited packet that the host may answer. TCP tells by itself who began.
#[inline(always)]
pub(crate) fn note_knock<A: Address>(watch: &Watch, local: A, remote: A, thread: Thread) {
    if thread.protocol == protocol::TCP {
        return;
    }
    KNOCKS.insert(conversation(local, remote, thread), &watch.idle);
}

/// The first fragment of a solicited packet.
#[inline(always)]
pub(crate) fn note_first_fragment<A: Address>(watch: &Watch, ip: &Datagram<A>) {
    FIRST_FRAGMENTS.insert(fragments(ip), &watch.idle);
}

/// Whether the first fragment of this packet was solicited.
#[inline(always)]
pub(crate) fn follows_solicited<A: Address>(watch: &Watch, ip: &Datagram<A>) -> bool {
    FIRST_FRAGMENTS.has(fragments(ip), &watch.idle)
}
