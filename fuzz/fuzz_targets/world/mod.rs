//! A small world around a packet: two points, and everything that the host has sent, exactly.

use std::{cell::RefCell, collections::HashSet};

use talot_common::{
    decision::Surroundings,
    key::{Key4, Subject},
    layout::Point,
    packet::{Address, Datagram, Thread, Transport, V4, V6},
};

/// What was sent: from, to, and in which thread.
type Conversation = ([u64; 2], [u64; 2], (u8, u16, u16));
/// What holds fragments together: addresses, protocol, identification.
type Fragments = ([u64; 2], [u64; 2], u8, u32);

/// The world. A clone of it goes its own way.
#[derive(Clone, Default)]
pub(crate) struct World {
    /// Whether hosts live at the points.
    pub(crate) live: bool,
    /// Whether every address is watched.
    everywhere: bool,
    sent: HashSet<Conversation>,
    first_fragments: RefCell<HashSet<Fragments>>,
}

impl World {
    pub(crate) fn new(live: bool, everywhere: bool) -> Self {
        Self {
            live,
            everywhere,
            ..Self::default()
        }
    }

    /// The host has sent this packet.
    pub(crate) fn note_sent<A: Address>(&mut self, ip: &Datagram<A>, transport: &Transport) {
        let conversation = conversation(ip.source, ip.destination, transport.thread);
        self.sent.insert(conversation);
    }
}

fn conversation<A: Address>(from: A, to: A, thread: Thread) -> Conversation {
    let Thread {
        protocol,
        from: source,
        to: destination,
    } = thread;
    (from.words(), to.words(), (protocol, source, destination))
}

fn fragments<A: Address>(ip: &Datagram<A>) -> Fragments {
    (
        ip.source.words(),
        ip.destination.words(),
        ip.protocol,
        ip.identification,
    )
}

/// What the target asks of both families.
pub(crate) trait Family: Address + std::fmt::Debug {
    /// Whether the address is 203.0.113.0/25 or 2001:db8::/33, or in the other half of the net.
    fn slot(self) -> Option<u8>;

    /// The key of a source keeps the source and the subject.
    fn round_trip(self, subject: Subject);
}

impl Family for V4 {
    fn slot(self) -> Option<u8> {
        let [a, b, c, d] = self.0.to_ne_bytes();
        ([a, b, c] == [203, 0, 113]).then_some(d >> 7)
    }

    fn round_trip(self, subject: Subject) {
        let key = Key4::new(subject, self);
        assert_eq!(key.source(), self);
        assert_eq!(Subject::unpack(key.0), Some(subject));
    }
}

impl Family for V6 {
    fn slot(self) -> Option<u8> {
        let [network, next, ..] = self.0;
        (u32::from_be(network) == 0x2001_0db8).then_some((u32::from_be(next) >> 31) as u8)
    }

    fn round_trip(self, _: Subject) {}
}

impl<A: Family> Surroundings<A> for World {
    fn point_at(&self, destination: A) -> Option<Point> {
        let slot = destination.slot().or(self.everywhere.then_some(15))?;
        Some(Point {
            slot,
            live: u8::from(self.live),
            padding: [0; 2],
        })
    }

    fn excluded(&self, _: Point, ip: &Datagram<A>, transport: &Transport) -> bool {
        ip.source.words() == ip.destination.words() && transport.thread.from == 22
    }

    fn has_sent(&self, local: A, remote: A, thread: Thread) -> bool {
        assert!(self.live, "in the dark nobody asks");
        self.sent.contains(&conversation(local, remote, thread))
    }

    fn note_first_fragment(&self, ip: &Datagram<A>) {
        assert!(self.live, "in the dark nothing is kept");
        self.first_fragments.borrow_mut().insert(fragments(ip));
    }

    fn follows_solicited(&self, ip: &Datagram<A>) -> bool {
        assert!(self.live, "in the dark nobody asks");
        self.first_fragments.borrow().contains(&fragments(ip))
    }

    fn note_knock(&self, _: A, _: A, _: Thread) {
        assert!(self.live, "in the dark nobody answers");
    }
}
