//! The oracle against what is known of the packets.

use std::net::{TcpStream, UdpSocket};

use super::*;
use crate::{
    capture::Capture,
    cases,
    lab::{ATTACKER_V4, ATTACKER_V6, DARK_V4, DARK_V6, Lab, SENSOR_V4, SENSOR_V6},
    ping::Ping,
    rows::Key,
    send::{Sender, settle},
};

const DARK: Watched<'_> = Watched {
    addresses: &[DARK_V4, DARK_V6],
    live: false,
};

/// What tshark reads of frames that crossed the cable, inbound ones alone.
fn cross<'a>(frames: impl Iterator<Item = &'a Vec<u8>>) -> String {
    let lab = Lab::quiet();
    let capture = Capture::start(&lab.sensor);
    let frames: Vec<(Vec<u8>, u32)> = frames.map(|frame| (frame.clone(), 1)).collect();
    Sender::open(&lab).send_counted(&frames);
    let lines = tshark(&capture.stop());
    let outbound = mac(SENSOR_MAC);
    let inbound = |line: &&str| Line::new(line).first("eth.src") != Some(&outbound);
    lines.lines().filter(inbound).collect::<Vec<_>>().join("\n")
}

/// Two readings of the contract meet: the described packets', and this oracle's of their
/// capture.
#[test]
fn agrees_with_the_described_packets() {
    let cases = cases::all();
    let lines = cross(cases.iter().map(|case| &case.frame));
    assert_eq!(lines.lines().count(), cases.len());
    let mut differences = Vec::new();
    for (case, line) in cases.iter().zip(lines.lines()) {
        let packet = dissect(&Line::new(line));
        let disposition = match &packet {
            Err(disposition) => disposition,
            Ok(packet) => judge(packet, DARK, &mut Memory::default()),
        };
        let unsolicited = matches!(disposition, "access" | "backscatter" | "stray");
        let key = packet.ok().filter(|_| unsolicited);
        let key = key.map(|packet| packet.key(disposition));
        if disposition != case.disposition || key != case.key {
            differences.push(format!(
                "{} {:?}: {disposition} {key:?}",
                case.name, case.key
            ));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// A host that asks, answers and refuses: only what it did not begin is counted.
#[test]
fn tells_a_hosts_own_conversations_from_others() {
    let lab = Lab::new();
    let capture = Capture::start(&lab.sensor);
    Ping::open(&lab.sensor, ATTACKER_V4).ping();
    let mut unsolicited = Ping::open(&lab.attacker, SENSOR_V6);
    unsolicited.ping();
    unsolicited.ping();
    let bind = |address| UdpSocket::bind((address, 0)).expect("a socket");
    let asks = lab.sensor.inside(|| bind(SENSOR_V4));
    let answers = lab.attacker.inside(|| bind(ATTACKER_V4));
    let refused = lab
        .attacker
        .inside(|| bind(ATTACKER_V4).local_addr().expect("bound"));
    for to in [answers.local_addr().expect("bound"), refused] {
        asks.send_to(b"?", to).expect("sent");
    }
    answers
        .send_to(b"!", asks.local_addr().expect("bound"))
        .expect("sent");
    lab.attacker
        .inside(|| TcpStream::connect((SENSOR_V4, 9)).expect_err("refused"));
    settle();
    let watched = Watched {
        addresses: &[SENSOR_V4, SENSOR_V6],
        live: true,
    };
    let reading = read(&capture.stop(), watched);
    // The ping's answer, the datagram's answer, the refusal, the second ping.
    assert_eq!(reading.count("solicited"), 4, "{reading:?}");
    let key = |number, port, source: &str| {
        Key::new(
            "access",
            number,
            Some(port),
            false,
            source.parse().expect("an address"),
        )
    };
    let expected = Rows::from([
        (key(protocol::TCP, 9, ATTACKER_V4), 1),
        (key(protocol::ICMPV6, 128, ATTACKER_V6), 1),
    ]);
    assert_eq!(reading.rows, expected);
}
