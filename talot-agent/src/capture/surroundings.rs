//! What the decision table asks beside the packet, answered from memory and on the capture's clock.
//! The kernel program answers the same from its maps; here nothing is bounded but by time.

use std::{cell::RefCell, collections::BTreeMap, hash::Hash, net::IpAddr};

use talot_common::{
    decision::Surroundings,
    layout::Point,
    packet::{Address, Datagram, Thread, Transport, V4, V6},
    port_type::protocol,
};

use super::recent::Recent;
use crate::{
    config::{Exclude, Idle, PointConfig, Prefix},
    plan,
};

/// How long later fragments are waited for: the contract's 30 seconds.
const FRAGMENT_IDLE: i64 = 30_000_000_000;

/// One of the address families.
pub(super) trait Family: Address + Hash {
    /// Where in an IP header the source address stands.
    const SOURCE: usize;

    /// The address, if it is one of this family.
    fn of(address: IpAddr) -> Option<Self>;

    /// The mask of a prefix.
    fn mask(length: u8) -> Self;

    /// Both, bit by bit.
    fn and(self, mask: Self) -> Self;
}

impl Family for V4 {
    const SOURCE: usize = 12;

    fn of(address: IpAddr) -> Option<Self> {
        match address {
            IpAddr::V4(address) => Some(address.into()),
            IpAddr::V6(_) => None,
        }
    }

    fn mask(length: u8) -> Self {
        Self(plan::mask(length)[0])
    }

    fn and(self, mask: Self) -> Self {
        Self(self.0 & mask.0)
    }
}

impl Family for V6 {
    const SOURCE: usize = 8;

    fn of(address: IpAddr) -> Option<Self> {
        match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => Some(address.into()),
        }
    }

    fn mask(length: u8) -> Self {
        Self(plan::mask(length))
    }

    fn and(self, mask: Self) -> Self {
        let ([a, b, c, d], [w, x, y, z]) = (self.0, mask.0);
        Self([a & w, b & x, c & y, d & z])
    }
}

/// A prefix as it is compared with addresses of packets.
#[derive(Debug)]
struct Range<A> {
    network: A,
    mask: A,
}

impl<A: Family> Range<A> {
    fn of(prefix: Prefix) -> Option<Self> {
        Some(Self {
            network: A::of(prefix.address)?,
            mask: A::mask(prefix.length),
        })
    }

    fn holds(&self, address: A) -> bool {
        address.and(self.mask) == self.network
    }
}

/// An exclude rule, as far as it is about this family.
#[derive(Debug)]
struct Rule<A> {
    /// By slot: the points that it is for.
    points: Vec<bool>,
    source: Option<Range<A>>,
    destination: Option<Range<A>>,
    protocol: Option<u8>,
    port: Option<u16>,
}

impl<A: Family> Rule<A> {
    /// None if no packet of this family can match.
    fn of(rule: &Exclude, points: &[PointConfig]) -> Option<Self> {
        let range = |prefix: Option<Prefix>| prefix.map_or(Some(None), |p| Range::of(p).map(Some));
        Some(Self {
            points: points
                .iter()
                .map(|point| rule.is_for(&point.name))
                .collect(),
            source: range(rule.source)?,
            destination: range(rule.destination)?,
            protocol: rule.protocol,
            port: rule.port,
        })
    }

    fn matches(&self, point: Point, ip: &Datagram<A>, transport: &Transport) -> bool {
        let holds = |range: &Option<Range<A>>, address| {
            range.as_ref().is_none_or(|range| range.holds(address))
        };
        self.points[usize::from(point.slot)]
            && holds(&self.source, ip.source)
            && holds(&self.destination, ip.destination)
            && self.protocol.is_none_or(|own| own == ip.protocol)
            && self
                .port
                .is_none_or(|port| u32::from(port) == transport.destination_port)
    }
}

/// A conversation: the host's address, the other's, and [`Thread`] as the host sends it.
type Conversation<A> = (A, A, u64);
/// Source, destination, protocol and identification.
type Fragments<A> = (A, A, u64);

fn conversation<A>(local: A, remote: A, thread: Thread) -> Conversation<A> {
    let Thread { protocol, from, to } = thread;
    let rest = u64::from(protocol) << 32 | u64::from(from) << 16 | u64::from(to);
    (local, remote, rest)
}

fn fragments<A: Address>(ip: &Datagram<A>) -> Fragments<A> {
    let rest = u64::from(ip.protocol) << 32 | u64::from(ip.identification);
    (ip.source, ip.destination, rest)
}

/// What is known of one address family.
#[derive(Debug)]
pub(super) struct Known<A> {
    /// The longest prefix first.
    ranges: Vec<(Range<A>, Point)>,
    rules: Vec<Rule<A>>,
    idle: [i64; 3],
    sent: Recent<Conversation<A>>,
    solicited_fragments: RefCell<Recent<Fragments<A>>>,
}

impl<A: Family> Known<A> {
    /// The points are on one interface and have configured addresses.
    pub(super) fn new(points: &[PointConfig], rules: &[Exclude], idle: &Idle) -> Self {
        let addresses = plan::addresses(points, &BTreeMap::new());
        let ranges = points.first().map_or_else(Vec::new, |first| {
            plan::ranges(points, &addresses, &first.interface)
        });
        Self {
            ranges: ranges
                .into_iter()
                .filter_map(|(prefix, point)| Some((Range::of(prefix)?, point)))
                .collect(),
            rules: rules
                .iter()
                .filter_map(|rule| Rule::of(rule, points))
                .collect(),
            idle: [idle.tcp, idle.udp, idle.other]
                .map(|time| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)),
            sent: Recent::default(),
            solicited_fragments: RefCell::default(),
        }
    }

    /// The point that watches an address, by the longest prefix.
    pub(super) fn point_at(&self, address: A) -> Option<Point> {
        let mut ranges = self.ranges.iter();
        let found = ranges.find(|(range, _)| range.holds(address));
        found.map(|(_, point)| *point)
    }

    /// The host sends a packet.
    pub(super) fn note_sent(&mut self, ip: &Datagram<A>, thread: Thread, now: i64) {
        let [tcp, udp, other] = self.idle;
        let idle = match thread.protocol {
            protocol::TCP => tcp,
            protocol::UDP => udp,
            _ => other,
        };
        let conversation = conversation(ip.source, ip.destination, thread);
        self.sent.note(conversation, now, idle);
    }

    /// The surroundings of a packet that arrives now (ns).
    pub(super) const fn at(&self, now: i64) -> Around<'_, A> {
        Around { known: self, now }
    }
}

/// The surroundings of one packet.
pub(super) struct Around<'a, A> {
    known: &'a Known<A>,
    now: i64,
}

impl<A: Family> Surroundings<A> for Around<'_, A> {
    fn point_at(&self, destination: A) -> Option<Point> {
        self.known.point_at(destination)
    }

    fn excluded(&self, point: Point, ip: &Datagram<A>, transport: &Transport) -> bool {
        let mut rules = self.known.rules.iter();
        rules.any(|rule| rule.matches(point, ip, transport))
    }

    fn has_sent(&self, local: A, remote: A, thread: Thread) -> bool {
        let conversation = conversation(local, remote, thread);
        self.known.sent.has(&conversation, self.now)
    }

    fn note_first_fragment(&self, ip: &Datagram<A>) {
        let mut fragments_seen = self.known.solicited_fragments.borrow_mut();
        fragments_seen.note(fragments(ip), self.now, FRAGMENT_IDLE);
    }

    fn follows_solicited(&self, ip: &Datagram<A>) -> bool {
        let fragments_seen = self.known.solicited_fragments.borrow();
        fragments_seen.has(&fragments(ip), self.now)
    }

    /// Who began a conversation matters only where there is not room for all.
    fn note_knock(&self, _: A, _: A, _: Thread) {}
}
