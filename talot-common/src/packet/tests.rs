//! Packets byte by byte, each with what the decision table makes of it. The bytes are written out
//! by hand from the RFCs.

extern crate std;

use std::{cell::RefCell, format, string::String, vec::Vec};

use super::{Address, Datagram, Frame, Link, Network, Thread, Transport, V4, V6};
use crate::{
    decision::{Decision, Surroundings, Unsolicited, sent},
    layout::Point,
};

/// A point that watches 192.0.2.1 and 2001:db8::1, and what its host has sent.
#[derive(Default)]
struct World {
    live: bool,
    conversations: RefCell<Vec<String>>,
    fragments: RefCell<Vec<String>>,
}

trait Named: Address + Into<core::net::IpAddr> {
    const POINT: &'static str;
}

impl Named for V4 {
    const POINT: &'static str = "192.0.2.1";
}

impl Named for V6 {
    const POINT: &'static str = "2001:db8::1";
}

fn conversation<A: Named>(local: A, remote: A, thread: Thread) -> String {
    let Thread { protocol, from, to } = thread;
    format!("{protocol} {}:{from} {}:{to}", local.into(), remote.into())
}

fn fragments<A: Named>(ip: &Datagram<A>) -> String {
    format!(
        "{} {} {} {}",
        ip.source.into(),
        ip.destination.into(),
        ip.protocol,
        ip.identification
    )
}

impl<A: Named> Surroundings<A> for World {
    fn point_at(&self, destination: A) -> Option<Point> {
        let is_own = format!("{}", destination.into()) == A::POINT;
        is_own.then_some(Point {
            slot: 3,
            live: u8::from(self.live),
            padding: [0; 2],
        })
    }

    fn excluded(&self, _: Point, _: &Datagram<A>, _: &Transport) -> bool {
        false
    }

    fn has_sent(&self, local: A, remote: A, thread: Thread) -> bool {
        self.conversations
            .borrow()
            .contains(&conversation(local, remote, thread))
    }

    fn note_first_fragment(&self, ip: &Datagram<A>) {
        self.fragments.borrow_mut().push(fragments(ip));
    }

    fn follows_solicited(&self, ip: &Datagram<A>) -> bool {
        self.fragments.borrow().contains(&fragments(ip))
    }

    fn note_knock(&self, _: A, _: A, _: Thread) {}
}

impl World {
    fn told<A: Named>(decision: Decision<A>) -> String {
        match decision {
            Decision::Passing(disposition) => disposition.name().into(),
            Decision::Known(3, disposition) => disposition.name().into(),
            Decision::Known(slot, _) => format!("wrong point {slot}"),
            Decision::Unsolicited(Unsolicited {
                class, aim, source, ..
            }) => format!("{} {aim} from {}", class.name(), source.into()),
        }
    }

    fn decide(&self, packet: &[u8]) -> String {
        let frame = Frame::whole(packet);
        match Network::find(&frame, Link::Ethernet) {
            Network::V4(offset) => Self::told(Decision::<V4>::on(&frame, offset, self)),
            Network::V6(offset) => Self::told(Decision::<V6>::on(&frame, offset, self)),
            Network::Other => "non_ip".into(),
        }
    }

    /// The host sends a packet.
    fn send(&self, packet: &[u8]) {
        let frame = Frame::whole(packet);
        let noted = match Network::find(&frame, Link::Ethernet) {
            Network::V4(at) => sent::<V4, _>(&frame, at)
                .map(|(ip, t)| conversation(ip.source, ip.destination, t.thread)),
            Network::V6(at) => sent::<V6, _>(&frame, at)
                .map(|(ip, t)| conversation(ip.source, ip.destination, t.thread)),
            Network::Other => None,
        };
        self.conversations.borrow_mut().extend(noted);
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().filter(char::is_ascii_hexdigit).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

const MACS: &str = "020000000002 020000000001";
const SYN: &str = "c000 0017 00000001 00000000 5002 0400 0000 0000"; // 49152 → 23

/// An Ethernet frame with an IPv4 packet from 198.51.100.7 to 192.0.2.1.
fn v4(protocol: u8, fragment: u16, payload: &str) -> Vec<u8> {
    between(protocol, fragment, "c6336407", "c0000201", payload)
}

fn between(protocol: u8, fragment: u16, from: &str, to: &str, payload: &str) -> Vec<u8> {
    let length = 20 + bytes(payload).len();
    bytes(&format!(
        "{MACS} 0800 4500 {length:04x} abcd {fragment:04x} 40{protocol:02x} 0000 {from} {to} {payload}"
    ))
}

/// An Ethernet frame with an IPv6 packet from 2001:db8:f::7 to 2001:db8::1.
fn v6(next_header: u8, hop_limit: u8, payload: &str) -> Vec<u8> {
    let length = bytes(payload).len();
    bytes(&format!(
        "{MACS} 86dd 60000000 {length:04x} {next_header:02x}{hop_limit:02x} \
         20010db8000f00000000000000000007 20010db8000000000000000000000001 {payload}"
    ))
}

fn tcp(flags: u8) -> String {
    format!("c000 0017 00000001 00000000 50{flags:02x} 0400 0000 0000")
}

fn dark(packet: &[u8]) -> String {
    World::default().decide(packet)
}

#[test]
fn all_64_combinations_of_tcp_flags() {
    for flags in 0..64_u8 {
        let (syn, rst, ack) = (flags & 2 != 0, flags & 4 != 0, flags & 16 != 0);
        let expected = if rst || (syn && ack) {
            "backscatter 49152/tcp from 198.51.100.7"
        } else if ack {
            "stray 23/tcp from 198.51.100.7"
        } else {
            "access 23/tcp from 198.51.100.7"
        };
        for ecn in [0, 0x40, 0x80, 0xc0] {
            assert_eq!(
                dark(&v4(6, 0, &tcp(flags | ecn))),
                expected,
                "flags {flags:#04x} | {ecn:#04x}"
            );
        }
    }
}

#[test]
fn transports_of_ipv4() {
    let cases = [
        (17, "c000 0035 0008 0000", "access 53/udp from 198.51.100.7"),
        // A DNS answer: QR is set. Then a query from port 53, and a header cut before QR.
        (
            17,
            "0035 c000 0014 0000 1234 8180 0000 0000 0000 0000",
            "backscatter 53/udp from 198.51.100.7",
        ),
        (
            17,
            "0035 c000 0014 0000 1234 0100 0000 0000 0000 0000",
            "access 49152/udp from 198.51.100.7",
        ),
        (
            17,
            "0035 c000 000a 0000 1234",
            "access 49152/udp from 198.51.100.7",
        ),
        (17, "0043 0044 0008 0000", "link_control"),
        (
            17,
            "0222 0223 0008 0000",
            "access 547/udp from 198.51.100.7",
        ),
        (
            1,
            "0800 0000 0001 0001",
            "access Ping (ICMP) from 198.51.100.7",
        ),
        (
            1,
            "0000 0000 0001 0001",
            "backscatter ICMP type 0 from 198.51.100.7",
        ),
        (
            1,
            "0b00 0000 0000 0000",
            "backscatter ICMP type 11 from 198.51.100.7",
        ),
        (
            1,
            "0d00 0000 0001 0001",
            "access ICMP type 13 from 198.51.100.7",
        ),
        (2, "1164 0000 00000000", "link_control"),
        (47, "0000 0800", "access GRE (47) from 198.51.100.7"),
        (50, "00000001 00000001", "access ESP (50) from 198.51.100.7"),
        (
            51,
            "0604 0000 00000001 00000001",
            "access AH (51) from 198.51.100.7",
        ),
        (
            58,
            "8000 0000 0001 0001",
            "access IPv6-ICMP (58) from 198.51.100.7",
        ),
        (255, "", "access protocol 255 from 198.51.100.7"),
        (
            132,
            "c000 0b59 00000001 00000000",
            "access 2905/sctp from 198.51.100.7",
        ),
        (
            136,
            "c000 0007 0008 0000",
            "access 7/udplite from 198.51.100.7",
        ),
        (
            33,
            "c000 0007 03000000 00000000",
            "access 7/dccp from 198.51.100.7",
        ),
    ];
    for (protocol, payload, expected) in cases {
        assert_eq!(
            dark(&v4(protocol, 0, payload)),
            expected,
            "protocol {protocol}: {payload}"
        );
    }
}

#[test]
fn transports_of_ipv6() {
    let cases = [
        (6, 64, SYN, "access 23/tcp from 2001:db8:f::7"),
        (
            17,
            64,
            "c000 0035 0008 0000",
            "access 53/udp from 2001:db8:f::7",
        ),
        (17, 64, "0223 0222 0008 0000", "link_control"),
        (
            17,
            64,
            "0043 0044 0008 0000",
            "access 68/udp from 2001:db8:f::7",
        ),
        (
            58,
            64,
            "8000 0000 0001 0001",
            "access Ping (ICMPv6) from 2001:db8:f::7",
        ),
        (
            58,
            64,
            "8100 0000 0001 0001",
            "backscatter ICMPv6 type 129 from 2001:db8:f::7",
        ),
        (58, 255, "8700 0000 0000 0000", "link_control"),
        // A neighbour solicitation from afar is none.
        (
            58,
            254,
            "8700 0000 0000 0000",
            "access ICMPv6 type 135 from 2001:db8:f::7",
        ),
        (58, 1, "8f00 0000 0000 0000", "link_control"),
        (2, 64, "", "access IGMP (2) from 2001:db8:f::7"),
        (
            1,
            64,
            "0800 0000 0001 0001",
            "access ICMP (1) from 2001:db8:f::7",
        ),
        (59, 64, "", "access IPv6-NoNxt (59) from 2001:db8:f::7"),
    ];
    for (next_header, hops, payload, expected) in cases {
        assert_eq!(
            dark(&v6(next_header, hops, payload)),
            expected,
            "{next_header}: {payload}"
        );
    }
}

#[test]
fn extension_headers_are_stepped_over() {
    let options = |next: u8| format!("{next:02x}00 0104 0000 0000");
    let cases = [
        (0, options(6) + SYN, "access 23/tcp from 2001:db8:f::7"),
        (
            0,
            options(43) + "0600 0000 0000 0000" + SYN,
            "access 23/tcp from 2001:db8:f::7",
        ),
        (
            60,
            options(135) + "3b00 0000 0000 0000",
            "access IPv6-NoNxt (59) from 2001:db8:f::7",
        ),
        // AH counts in units of four bytes: 1 is 12 bytes in all.
        (
            51,
            String::from("0601 0000 00000001 00000001") + SYN,
            "access 23/tcp from 2001:db8:f::7",
        ),
        (
            44,
            String::from("0600 0000 00000009") + SYN,
            "access 23/tcp from 2001:db8:f::7",
        ),
        (
            44,
            String::from("0600 0001 00000009") + SYN,
            "access 23/tcp from 2001:db8:f::7",
        ),
        (
            44,
            String::from("0600 0008 00000009") + SYN,
            "access fragment/tcp from 2001:db8:f::7",
        ),
        // Its protocol stands in the fragment header, even if that is an extension header's.
        (
            44,
            String::from("3c00 0009 00000009") + SYN,
            "access fragment/60 from 2001:db8:f::7",
        ),
        (
            44,
            String::from("0600 0001 00000009 c000 0017"),
            "access fragment/tcp from 2001:db8:f::7",
        ),
        (
            44,
            String::from("3c00 0001 00000009 0600"),
            "access fragment/60 from 2001:db8:f::7",
        ),
        (
            60,
            options(60).repeat(7) + &options(6) + SYN,
            "access 23/tcp from 2001:db8:f::7",
        ),
        (60, options(60).repeat(8) + &options(6) + SYN, "malformed"),
        (60, String::from("06ff 0104 0000 0000") + SYN, "malformed"),
    ];
    for (next_header, payload, expected) in cases {
        assert_eq!(
            dark(&v6(next_header, 64, &payload)),
            expected,
            "{next_header}: {payload}"
        );
    }
}

#[test]
fn fragments_of_ipv4() {
    let cases = [
        (0x4000, SYN, "access 23/tcp from 198.51.100.7"),
        (0x2000, SYN, "access 23/tcp from 198.51.100.7"),
        (
            0x2000,
            "c000 0017 00000001",
            "access fragment/tcp from 198.51.100.7",
        ),
        (
            0x2000,
            "c000 0017 00000001 00000000 6002 0400 0000 0000",
            "access fragment/tcp from 198.51.100.7",
        ),
        (
            0x2000,
            "c000 0017 00000001 00000000 4002 0400 0000 0000",
            "malformed",
        ),
        (0x2001, SYN, "access fragment/tcp from 198.51.100.7"),
        (0x0001, "", "access fragment/tcp from 198.51.100.7"),
    ];
    for (fragment, payload, expected) in cases {
        assert_eq!(
            dark(&v4(6, fragment, payload)),
            expected,
            "{fragment:#06x}: {payload}"
        );
    }
    // The length of a fragmented datagram is that of the whole.
    assert_eq!(
        dark(&v4(17, 0x2000, "c000 0035 0800 0000")),
        "access 53/udp from 198.51.100.7"
    );
    assert_eq!(dark(&v4(17, 0x2000, "c000 0035 0007 0000")), "malformed");
}

#[test]
fn headers_that_are_cut_or_lie() {
    let syn = v4(6, 0, SYN);
    assert_eq!(dark(&syn), "access 23/tcp from 198.51.100.7");
    for length in 0..syn.len() {
        let expected = if length < 14 { "non_ip" } else { "malformed" };
        assert_eq!(dark(&syn[..length]), expected, "cut to {length}");
    }
    let with = |offset: usize, byte: u8| {
        let mut packet = syn.clone();
        packet[offset] = byte;
        dark(&packet)
    };
    assert_eq!(with(14, 0x65), "malformed", "version 6 under an IPv4 type");
    assert_eq!(with(14, 0x44), "malformed", "IHL 4");
    assert_eq!(with(17, 19), "malformed", "total length below the header");
    assert_eq!(
        with(17, 39),
        "malformed",
        "total length cuts the TCP header"
    );
    assert_eq!(with(17, 41), "malformed", "total length above what arrived");
    assert_eq!(with(46, 0x40), "malformed", "data offset 4");
    assert_eq!(with(46, 0x60), "malformed", "data offset behind the end");
    let mut padded = syn.clone();
    padded.extend([0; 6]);
    assert_eq!(dark(&padded), "access 23/tcp from 198.51.100.7");

    for (length, expected) in [
        (7, "malformed"),
        (8, "access"),
        (9, "malformed"),
        (0, "malformed"),
    ] {
        let told = dark(&v4(17, 0, &format!("c000 0035 {length:04x} 0000")));
        assert!(told.starts_with(expected), "UDP length {length}: {told}");
    }

    let mut cut = v6(6, 64, SYN);
    cut.pop();
    assert_eq!(dark(&cut), "malformed");
    let mut no_length = v6(6, 64, SYN);
    no_length[18..20].fill(0);
    assert_eq!(
        dark(&no_length),
        "malformed",
        "everything behind the header is padding"
    );
}

#[test]
fn a_jumbogram_has_no_lengths() {
    // Hop-by-hop with a jumbo payload option, UDP with length 0 (RFC 2675).
    let mut packet = v6(0, 64, "1100 c204 00000010 c000 0035 0000 0000");
    packet[18..20].fill(0);
    assert_eq!(dark(&packet), "access 53/udp from 2001:db8:f::7");
}

#[test]
fn options_of_ipv4_are_stepped_over() {
    let mut packet = bytes(&format!(
        "{MACS} 0800 4600 002c 0001 0000 4006 0000 c6336407 c0000201 94040000 {SYN}"
    ));
    assert_eq!(dark(&packet), "access 23/tcp from 198.51.100.7");
    packet[14] = 0x4f;
    assert_eq!(dark(&packet), "malformed");
}

#[test]
fn vlan_tags() {
    let syn = v4(6, 0, SYN);
    let tagged = |tags: &str| {
        let mut packet = bytes(&format!("{MACS} {tags} 0800"));
        packet.extend(&syn[14..]);
        dark(&packet)
    };
    assert_eq!(tagged("8100 0064"), "access 23/tcp from 198.51.100.7");
    assert_eq!(
        tagged("88a8 0064 8100 0065"),
        "access 23/tcp from 198.51.100.7"
    );
    assert_eq!(tagged("8100 0064 8100 0065 8100 0066"), "non_ip");
    assert_eq!(tagged("9100 0064"), "non_ip");
}

#[test]
fn other_links_and_destinations() {
    assert_eq!(
        dark(&bytes(&format!("{MACS} 0806 0001 0800 0604 0001"))),
        "non_ip"
    );
    assert_eq!(dark(&bytes(&format!("{MACS} 88cc 0207"))), "non_ip");
    assert_eq!(
        dark(&between(6, 0, "c6336407", "c0000202", SYN)),
        "elsewhere"
    );
    assert_eq!(
        dark(&between(2, 0, "c6336407", "e0000001", "")),
        "link_control",
        "wherever it goes"
    );
    // Without a link header.
    let packet = &v4(6, 0, SYN)[14..];
    let frame = Frame::whole(packet);
    assert_eq!(Network::find(&frame, Link::Ip), Network::V4(0));
    assert_eq!(
        Network::find(&Frame::whole(&[0x50]), Link::Ip),
        Network::Other
    );
    assert_eq!(Network::find(&Frame::whole(&[]), Link::Ip), Network::Other);
}

/// The packet as the other side would send it: addresses and, at `transport`, ports exchanged.
fn reversed(packet: &[u8], flags: Option<u8>) -> Vec<u8> {
    let mut back = packet.to_vec();
    back[26..30].copy_from_slice(&packet[30..34]);
    back[30..34].copy_from_slice(&packet[26..30]);
    back[34..36].copy_from_slice(&packet[36..38]);
    back[36..38].copy_from_slice(&packet[34..36]);
    if let Some(flags) = flags {
        back[47] = flags;
    }
    back
}

#[test]
fn what_the_host_asked_for_is_solicited() {
    let world = World {
        live: true,
        ..World::default()
    };
    let syn_ack = v4(6, 0, &tcp(0x12));
    assert!(world.decide(&syn_ack).starts_with("backscatter"));
    world.send(&reversed(&syn_ack, Some(0x02)));
    assert_eq!(world.decide(&syn_ack), "solicited");
    assert_eq!(
        world.decide(&v4(6, 0, &tcp(0x04))),
        "solicited",
        "RST in a conversation"
    );
    assert_eq!(
        world.decide(&v4(6, 0, &tcp(0x02))),
        "access 23/tcp from 198.51.100.7",
        "a SYN never belongs to a conversation"
    );

    let echo_reply = v4(1, 0, "0000 0000 0007 0001");
    assert!(world.decide(&echo_reply).starts_with("backscatter"));
    world.send(&between(
        1,
        0,
        "c0000201",
        "c6336407",
        "0800 0000 0007 0001",
    ));
    assert_eq!(world.decide(&echo_reply), "solicited");
    assert!(
        world
            .decide(&v4(1, 0, "0000 0000 0008 0001"))
            .starts_with("backscatter")
    );

    world.send(&between(47, 0, "c0000201", "c6336407", "0000 0800"));
    assert_eq!(world.decide(&v4(47, 0, "0000 0800")), "solicited");
}

#[test]
fn refusing_begins_no_conversation() {
    let world = World {
        live: true,
        ..World::default()
    };
    let syn = v4(6, 0, &tcp(0x02));
    world.send(&reversed(&syn, Some(0x14)));
    world.send(&between(
        1,
        0,
        "c0000201",
        "c6336407",
        "0303 0000 0000 0000 4500",
    ));
    assert_eq!(
        world.decide(&v4(6, 0, &tcp(0x10))),
        "stray 23/tcp from 198.51.100.7"
    );
    assert!(
        world
            .decide(&v4(1, 0, "0000 0000 0000 0001"))
            .starts_with("backscatter")
    );
}

/// Regression: a neighbour advertisement and an echo request with identifier 0 shared a key.
#[test]
fn neighbour_discovery_begins_no_conversation() {
    let world = World {
        live: true,
        ..World::default()
    };
    let turned = |payload: &str, hops| {
        let mut packet = v6(58, hops, payload);
        let (from, to) = (packet[22..38].to_vec(), packet[38..54].to_vec());
        packet[22..38].copy_from_slice(&to);
        packet[38..54].copy_from_slice(&from);
        packet
    };
    world.send(&turned("8800 0000 6000 0000", 255));
    world.send(&turned("c800 0000 0000 0000", 64));
    let cases = [
        (
            "8000 0000 0000 0001",
            "access Ping (ICMPv6) from 2001:db8:f::7",
        ),
        (
            "8100 0000 0000 0001",
            "backscatter ICMPv6 type 129 from 2001:db8:f::7",
        ),
        (
            "c800 0000 0000 0000",
            "access ICMPv6 type 200 from 2001:db8:f::7",
        ),
    ];
    for (payload, expected) in cases {
        assert_eq!(world.decide(&v6(58, 64, payload)), expected);
    }
}

/// Regression: the bit was read behind the UDP length.
#[test]
fn a_dns_answer_ends_where_udp_ends() {
    let packet = v4(17, 0, "0035 c000 0008 0000 1234 8180 0000 0000");
    assert_eq!(dark(&packet), "access 49152/udp from 198.51.100.7");
}

#[test]
fn an_icmp_error_belongs_to_what_it_quotes() {
    let world = World {
        live: true,
        ..World::default()
    };
    let query = between(17, 0, "c0000201", "c6336407", "c000 0035 0008 0000");
    let quote: String = query[14..]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let error = between(
        1,
        0,
        "cb007101",
        "c0000201",
        &format!("0303 0000 0000 0000 {quote}"),
    );
    assert_eq!(
        world.decide(&error),
        "backscatter ICMP type 3 from 203.0.113.1"
    );
    world.send(&query);
    assert_eq!(world.decide(&error), "solicited");
    for length in 0..28 {
        let cut = &quote[..2 * length];
        let error = between(
            1,
            0,
            "cb007101",
            "c0000201",
            &format!("0303 0000 0000 0000 {cut}"),
        );
        let solicited = world.decide(&error) == "solicited";
        assert_eq!(
            solicited,
            length >= 24,
            "{length} bytes quoted; never malformed"
        );
    }
}

#[test]
fn a_later_fragment_is_as_its_first() {
    let world = World {
        live: true,
        ..World::default()
    };
    let first = v4(17, 0x2000, "0035 c000 0800 0000 1234 8180");
    let later = v4(17, 0x0002, "00");
    assert_eq!(
        world.decide(&later),
        "access fragment/udp from 198.51.100.7"
    );
    assert!(world.decide(&first).starts_with("backscatter"));
    assert!(world.decide(&later).starts_with("access"));
    world.send(&between(
        17,
        0,
        "c0000201",
        "c6336407",
        "c000 0035 0008 0000",
    ));
    assert_eq!(world.decide(&first), "solicited");
    assert_eq!(world.decide(&later), "solicited");
}
