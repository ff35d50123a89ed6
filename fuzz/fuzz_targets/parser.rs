//! The packet parser and the decision table, over frames of whatever bytes.
//!
//! An input is a byte of options, then frames: two bytes of length, then the frame. In a live
//! world every fourth frame is one that the host sends.
#![no_main]

mod world;

use libfuzzer_sys::fuzz_target;
use talot_common::{
    decision::{Decision, Unsolicited, sent},
    key::{Key6, Subject},
    overflow,
    packet::{Frame, Link, Network, V4, V6},
    port_type::{Kind, occurs},
    words::{Class, Disposition},
};
use world::World;

const VLAN_TAG: [u8; 4] = [0x81, 0x00, 0x00, 0x64];

fuzz_target!(|data: &[u8]| {
    let Some((options, mut rest)) = data.split_first() else {
        return;
    };
    let bit = |number: u8| options >> number & 1 != 0;
    let link = if bit(0) { Link::Ip } else { Link::Ethernet };
    let mut world = World::new(bit(1), bit(2));
    // What is not at hand of a frame, as in a capture with a snap length.
    let missing = if bit(3) { 1000 } else { 0 };
    let mut number = 0;
    while let Some((length, behind)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*length)).min(behind.len());
        let (bytes, behind) = behind.split_at(length);
        rest = behind;
        number += 1;
        if world.live && number % 4 == 0 {
            send(&mut world, bytes, link);
        } else {
            let length = bytes.len() + missing;
            arrive(&mut world, Frame { bytes, length }, link);
        }
    }
});

/// The host sends a frame.
fn send(world: &mut World, bytes: &[u8], link: Link) {
    let frame = Frame::whole(bytes);
    match Network::find(&frame, link) {
        Network::V4(offset) => {
            if let Some((ip, transport)) = sent::<V4, _>(&frame, offset) {
                world.note_sent(&ip, &transport);
            }
        }
        Network::V6(offset) => {
            if let Some((ip, transport)) = sent::<V6, _>(&frame, offset) {
                world.note_sent(&ip, &transport);
            }
        }
        Network::Other => {}
    }
}

/// A frame arrives: decided once, and as it must be in other wrappings.
fn arrive(world: &mut World, frame: Frame<'_>, link: Link) {
    let outcome = decide(&world.clone(), frame, link);
    if frame.length == frame.bytes.len() {
        padding_changes_nothing(world, frame.bytes, link, outcome);
        if link == Link::Ethernet {
            a_tag_changes_nothing(world, frame.bytes, outcome);
            the_link_changes_nothing(world, frame.bytes, outcome);
        }
    }
    let again = decide(world, frame, link);
    assert_eq!(again, outcome, "the same packet in the same world");
}

/// Where a packet is counted, and everything that it is counted under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Outcome {
    disposition: Disposition,
    point: Option<u8>,
    subject: Option<(Subject, [u64; 2])>,
    jumbogram: bool,
}

fn decide(world: &World, frame: Frame<'_>, link: Link) -> Outcome {
    match Network::find(&frame, link) {
        Network::V4(offset) => outcome::<V4>(world, frame, offset),
        Network::V6(offset) => outcome::<V6>(world, frame, offset),
        Network::Other => Outcome {
            disposition: Disposition::NonIp,
            point: None,
            subject: None,
            jumbogram: false,
        },
    }
}

fn outcome<A: world::Family>(world: &World, frame: Frame<'_>, offset: usize) -> Outcome {
    let read = A::read(&frame, offset);
    let jumbogram = read.is_ok_and(|ip| ip.jumbogram);
    if let Ok(ip) = read {
        assert!(offset + 20 <= ip.transport && ip.transport <= ip.end && ip.end <= frame.length);
    }
    let (disposition, point, subject) = match Decision::<A>::on(&frame, offset, world) {
        Decision::Passing(disposition) => {
            assert!((Disposition::Malformed..=Disposition::Elsewhere).contains(&disposition));
            (disposition, None, None)
        }
        Decision::Known(point, disposition) => {
            assert!(!disposition.is_unsolicited() && disposition > Disposition::Elsewhere);
            let is_solicited = disposition == Disposition::Solicited;
            assert!(
                world.live || !is_solicited,
                "in the dark nothing is solicited"
            );
            (disposition, Some(point), None)
        }
        Decision::Unsolicited(unsolicited) => {
            let subject = counted(unsolicited);
            let class = unsolicited.class.disposition();
            let source = unsolicited.source.words();
            (class, Some(unsolicited.point), Some((subject, source)))
        }
    };
    Outcome {
        disposition,
        point,
        subject,
        jumbogram,
    }
}

/// What is unsolicited finds its key and its cell, and both say again what it was.
fn counted<A: world::Family>(unsolicited: Unsolicited<A>) -> Subject {
    let Unsolicited {
        point,
        class,
        aim,
        marks,
        source,
    } = unsolicited;
    assert!(marks == 0 || class == Class::Access, "{marks} on {class:?}");
    assert!(marks < 8);
    assert!(occurs(class, aim.kind), "{class:?} {aim:?}");
    match aim.kind {
        Kind::Icmp | Kind::Icmpv6 | Kind::Portless | Kind::Fragment => assert!(aim.number < 256),
        Kind::Udp if class == Class::Backscatter => assert_eq!(aim.number, 53),
        _ => {}
    }
    assert!(!aim.to_string().is_empty());
    let subject = Subject {
        point,
        day: (aim.number % 8) as u8,
        class,
        aim,
        marks,
    };
    assert_eq!(Subject::unpack(subject.pack()), Some(subject));
    assert_eq!(subject.pack() as u32, 0, "the source's half is free");
    let cell = overflow::cell(subject.pack());
    assert!(cell < overflow::CELLS);
    assert_eq!(overflow::subject(cell), Some((class, aim)));
    source.round_trip(subject);
    let key = Key6::new(subject, V6([1, 2, 3, 4]));
    assert_eq!(Subject::unpack(key.subject), Some(subject));
    assert_eq!(key.source(), V6([1, 2, 3, 4]));
    subject
}

/// Bytes behind the IP length are padding; only a jumbogram ends where the frame does.
fn padding_changes_nothing(world: &World, bytes: &[u8], link: Link, outcome: Outcome) {
    if matches!(
        outcome.disposition,
        Disposition::Malformed | Disposition::NonIp
    ) {
        return;
    }
    if outcome.jumbogram {
        return;
    }
    let padded = [bytes, &[0xff; 60]].concat();
    assert_eq!(decide(&world.clone(), Frame::whole(&padded), link), outcome);
}

/// One VLAN tag more, if there are not two already.
fn a_tag_changes_nothing(world: &World, bytes: &[u8], outcome: Outcome) {
    let tags = [12, 16]
        .into_iter()
        .take_while(|at| matches!(bytes.get(*at..at + 2), Some([0x81, 0x00] | [0x88, 0xa8])));
    if bytes.len() < 14 || tags.count() == 2 {
        return;
    }
    let (addresses, rest) = bytes.split_at(12);
    let tagged = [addresses, &VLAN_TAG, rest].concat();
    let tagged = decide(&world.clone(), Frame::whole(&tagged), Link::Ethernet);
    assert_eq!(tagged, outcome);
}

/// An IP packet is the same behind an Ethernet header and by itself.
fn the_link_changes_nothing(world: &World, bytes: &[u8], outcome: Outcome) {
    let (offset, version) = match Network::find(&Frame::whole(bytes), Link::Ethernet) {
        Network::V4(offset) => (offset, 4),
        Network::V6(offset) => (offset, 6),
        Network::Other => return,
    };
    let packet = &bytes[offset..];
    if packet.first().is_some_and(|byte| byte >> 4 == version) {
        assert_eq!(
            decide(&world.clone(), Frame::whole(packet), Link::Ip),
            outcome
        );
    }
}
