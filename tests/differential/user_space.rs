//! The parser and the decision table in user space against etherparse.

use std::{net::IpAddr, time::Instant};

use talot_common::{
    decision::{Decision, Surroundings},
    layout::Point,
    packet::{Address, Datagram, Frame, Link, Network, Thread, Transport, V4, V6},
    port_type::Kind,
    words::Disposition,
};
use talot_tests::random::Random;

use crate::{
    contract, generate,
    peer::{self, Departure},
    verdict::{Counted, Verdict, is_watched},
};

/// Packets of the normal suite, and of the long one.
const SAMPLES: [u64; 2] = [300_000, 10_000_000];
/// Longer than eight extension headers of any length.
const LONGEST: usize = 1 << 15;

/// A dark point alone.
struct Dark;

impl<A: Address + Into<IpAddr>> Surroundings<A> for Dark {
    fn point_at(&self, destination: A) -> Option<Point> {
        is_watched(destination.into()).then(Point::default)
    }

    fn excluded(&self, _: Point, _: &Datagram<A>, _: &Transport) -> bool {
        false
    }

    fn has_sent(&self, _: A, _: A, _: Thread) -> bool {
        unreachable!("a dark point holds no conversations")
    }

    fn note_first_fragment(&self, _: &Datagram<A>) {
        unreachable!("a dark point holds no conversations")
    }

    fn follows_solicited(&self, _: &Datagram<A>) -> bool {
        unreachable!("a dark point holds no conversations")
    }

    fn note_knock(&self, _: A, _: A, _: Thread) {
        unreachable!("nobody answers at a dark point")
    }
}

/// Talot's verdict on a frame.
pub(crate) fn verdict(frame: &[u8]) -> Verdict {
    let packet = Frame::whole(frame);
    match Network::find(&packet, Link::Ethernet) {
        Network::V4(offset) => of(Decision::<V4>::on(&packet, offset, &Dark)),
        Network::V6(offset) => of(Decision::<V6>::on(&packet, offset, &Dark)),
        Network::Other => Verdict::passing(Disposition::NonIp.name()),
    }
}

fn of<A: Into<IpAddr>>(decision: Decision<A>) -> Verdict {
    match decision {
        Decision::Passing(disposition) | Decision::Known(_, disposition) => {
            Verdict::passing(disposition.name())
        }
        Decision::Unsolicited(unsolicited) => Verdict {
            disposition: unsolicited.class.name(),
            counted: Some(Counted {
                protocol: unsolicited.aim.protocol(),
                port: unsolicited.aim.port(),
                fragment: unsolicited.aim.kind == Kind::Fragment,
                source: unsolicited.source.into(),
            }),
        },
    }
}

#[test]
fn no_packet_is_read_otherwise_than_by_an_independent_parser() {
    let long = std::env::var_os("TALOT_TEST_LONG").is_some();
    let packets = SAMPLES[usize::from(long)];
    let mut random = Random::new();
    let mut frame = Vec::new();
    let mut departures = [0_u64; Departure::COUNT];
    let mut dispositions = [0_u64; Disposition::COUNT];
    let start = Instant::now();
    for number in 0..packets {
        generate::frame(&mut random, &mut frame, LONGEST);
        let talot = verdict(&frame);
        let contract = contract::verdict(&frame);
        assert_eq!(
            talot, contract,
            "packet {number} by the contract: {frame:02x?}"
        );
        match peer::verdict(&frame) {
            Ok(peer) => assert_eq!(talot, peer, "packet {number} by etherparse: {frame:02x?}"),
            Err(departure) => departures[departure as usize] += 1,
        }
        let named = |disposition: &Disposition| disposition.name() == talot.disposition;
        dispositions[Disposition::ALL.iter().position(named).unwrap()] += 1;
    }
    println!("{packets} packets in {:?}", start.elapsed());
    for disposition in Disposition::ALL {
        println!(
            "{:>9} {}",
            dispositions[disposition as usize],
            disposition.name()
        );
    }
    println!("read by another rule of etherparse's, and as the contract says by Talot:");
    for departure in Departure::ALL {
        println!("{:>9} {departure:?}", departures[departure as usize]);
    }
    // The generator reaches everything that there is at a dark point, and most packets can be
    // compared whole.
    let unreachable = [Disposition::Excluded, Disposition::Solicited];
    for disposition in Disposition::ALL {
        let reached = dispositions[disposition as usize] > packets / 1000;
        assert_ne!(
            reached,
            unreachable.contains(&disposition),
            "{disposition:?}"
        );
    }
    assert!(
        departures.iter().all(|packets| *packets > 0),
        "{departures:?}"
    );
    assert!(departures.iter().sum::<u64>() < packets / 2);
}
