//! The decision table: what becomes of a packet. The first row that matches wins.

use crate::{
    key::Subject,
    layout::Point,
    packet::{Address, Datagram, Fragment, Packet, Thread, Transport},
    port_type::Aim,
    words::{Class, Disposition},
};

/// What the decision needs to know beside the packet: the addresses that are watched, and what the
/// watched host has sent. The kernel program answers from its maps.
pub trait Surroundings<A: Address> {
    /// The point that watches this destination address (row 4).
    fn point_at(&self, destination: A) -> Option<Point>;

    /// Whether a rule of the configuration excludes the packet (row 5); the rule counts it.
    fn excluded(&self, point: Point, ip: &Datagram<A>, transport: &Transport) -> bool;

    /// Whether the host has sent a packet in this conversation within the idle time. `thread` is
    /// as the host sends it, from `local` to `remote`.
    fn has_sent(&self, local: A, remote: A, thread: Thread) -> bool;

    /// A first fragment is solicited: remember it for the later ones.
    fn note_first_fragment(&self, ip: &Datagram<A>);

    /// Whether the first fragment of this packet was solicited.
    fn follows_solicited(&self, ip: &Datagram<A>) -> bool;

    /// An unsolicited packet reached a live point: if the host answers, somebody else began.
    fn note_knock(&self, local: A, remote: A, thread: Thread);
}

/// What becomes of an IP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision<A> {
    /// Rows 2 to 4: nothing that a point was reached by.
    Passing(Disposition),
    /// Rows 5 and 6: reached this point, and is not unsolicited.
    Known(u8, Disposition),
    /// Rows 7 to 9: unsolicited.
    Unsolicited(Unsolicited<A>),
}

/// An unsolicited packet, as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsolicited<A> {
    /// Slot of the point that it reached.
    pub point: u8,
    /// Its class.
    pub class: Class,
    /// What it was aimed at.
    pub aim: Aim,
    /// Scanners' fingerprints, a bit each.
    pub marks: u8,
    /// Who sent it.
    pub source: A,
}

impl<A> Unsolicited<A> {
    /// What it is counted under on a day.
    #[inline(always)]
    pub const fn subject(&self, day: u8) -> Subject {
        Subject {
            point: self.point,
            day,
            class: self.class,
            aim: self.aim,
            marks: self.marks,
        }
    }
}

impl<A: Address> Decision<A> {
    /// Decides on the packet whose IP header begins at `offset` (row 1 is behind us).
    #[inline(always)]
    pub fn on<P: Packet, S: Surroundings<A>>(packet: &P, offset: usize, around: &S) -> Self {
        let Ok(ip) = A::read(packet, offset) else {
            return Self::Passing(Disposition::Malformed);
        };
        // Looked up here, though only row 4 asks for it, because the verifier walks through what
        // follows a loop once for each way into it.
        let point = around.point_at(ip.destination);
        let Ok(transport) = Transport::read(packet, &ip) else {
            return Self::Passing(Disposition::Malformed);
        };
        if transport.link_control {
            return Self::Passing(Disposition::LinkControl);
        }
        let Some(point) = point else {
            return Self::Passing(Disposition::Elsewhere);
        };
        if around.excluded(point, &ip, &transport) {
            return Self::Known(point.slot, Disposition::Excluded);
        }
        if point.live != 0 {
            if is_solicited(packet, &ip, &transport, around) {
                return Self::Known(point.slot, Disposition::Solicited);
            }
            let thread = transport.thread.reversed();
            around.note_knock(ip.destination, ip.source, thread);
        }
        Self::Unsolicited(Unsolicited {
            point: point.slot,
            class: transport.class,
            aim: transport.aim,
            marks: transport.marks,
            source: ip.source,
        })
    }
}

/// Row 6.
#[inline(always)]
fn is_solicited<A: Address, P: Packet, S: Surroundings<A>>(
    packet: &P,
    ip: &Datagram<A>,
    transport: &Transport,
    around: &S,
) -> bool {
    if transport.opens || transport.solitary {
        return false;
    }
    if matches!(ip.fragment, Fragment::Later) {
        return around.follows_solicited(ip);
    }
    let solicited = if transport.quote != 0 {
        A::read_quoted(packet, transport.quote)
            .is_some_and(|quoted| around.has_sent(quoted.source, quoted.destination, quoted.thread))
    } else {
        around.has_sent(ip.destination, ip.source, transport.thread.reversed())
    };
    if solicited && matches!(ip.fragment, Fragment::First) {
        around.note_first_fragment(ip);
    }
    solicited
}

/// A packet that the host sends: its conversation, if it begins or keeps up one. A RST or an ICMP
/// error refuses; a fragment without its transport header does not show which it belongs to.
#[inline(always)]
pub fn sent<A: Address, P: Packet>(packet: &P, offset: usize) -> Option<(Datagram<A>, Transport)> {
    let ip = A::read(packet, offset).ok()?;
    let transport = Transport::read(packet, &ip).ok()?;
    let shows_conversation = !matches!(transport.aim.kind, crate::port_type::Kind::Fragment);
    let keeps_up_one = shows_conversation && !transport.refuses && !transport.solitary;
    keeps_up_one.then_some((ip, transport))
}
