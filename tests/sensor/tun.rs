//! An interface whose packets begin with the IP header.

use std::{
    net::{SocketAddr, TcpStream, UdpSocket},
    thread,
    time::Duration,
};

use talot_tests::{
    agent::{Agent, Home},
    cases,
    lab::{Lab, Namespace},
    packet::{Ends, dns, flag, icmp, protocol, tcp, udp},
    ping::Ping,
    require,
    rows::{Dispositions, Key, Rows},
    tun::Tun,
};

use crate::common::{OFTEN, assert_recorded, dark, live};

const TUN: &str = "tun0";
const HOST: [&str; 2] = ["203.0.113.1", "2001:db8:9::1"];
const OTHER: [&str; 2] = ["203.0.113.2", "2001:db8:9::2"];
const ETHERNET: usize = 14;

/// The interface, up; none where the kernel has no such.
fn interface(test: &str, namespace: &Namespace) -> Option<Tun> {
    let there = std::path::Path::new("/dev/net/tun").exists();
    if !require::met(test, "/dev/net/tun", there) {
        return None;
    }
    let tun = Tun::create(namespace, TUN);
    namespace.ip(&format!("link set {TUN} addrgenmode none up"));
    Some(tun)
}

fn on_tun(configuration: &str, more: &str) -> Home {
    let configuration = configuration.replace(talot_tests::lab::INTERFACE, TUN);
    Home::new(&format!("{configuration}{more}{OFTEN}"))
}

/// The packet of a frame, if the frame's EtherType is what the packet says of itself: nothing else
/// tells them apart without a link header.
fn without_link(frame: &[u8]) -> Option<&[u8]> {
    let packet = frame.get(ETHERNET..)?;
    let version = packet.first()? >> 4;
    let ethertype = [frame[12], frame[13]];
    matches!((ethertype, version), ([0x08, 0x00], 4) | ([0x86, 0xdd], 6)).then_some(packet)
}

#[test]
fn packets_without_a_link_header_are_counted() {
    let lab = Lab::quiet();
    let Some(tun) = interface("tun", &lab.sensor) else {
        return;
    };
    let rule = "[[exclude]]\nreason = \"own\"\nsource = \"192.0.2.77\"\n";
    let home = on_tun(&dark(), rule);
    let agent = Agent::start(&lab.sensor, &home);
    let (mut rows, mut dispositions) = (Rows::new(), Dispositions::new());
    let mut arrive = |packet: &[u8], disposition: &str, key: Option<Key>, times: i64| {
        for _ in 0..times {
            tun.arrive(packet);
        }
        *dispositions.entry(disposition.to_owned()).or_insert(0) += times;
        if let Some(key) = key {
            *rows.entry(key).or_insert(0) += times;
        }
    };
    for (case, times) in cases::all().into_iter().zip((1..=3).cycle()) {
        if let Some(packet) = without_link(&case.frame) {
            arrive(packet, case.disposition, case.key, times);
        }
    }
    arrive(&[0x50; 40], "non_ip", None, 4);
    arrive(&[0], "non_ip", None, 2);
    let managed = Ends::new("192.0.2.77", "198.51.100.9");
    arrive(&tcp(managed, 40_000, 22, flag::SYN), "excluded", None, 5);
    agent.stop();

    for disposition in [
        "non_ip",
        "malformed",
        "link_control",
        "elsewhere",
        "excluded",
        "backscatter",
        "stray",
        "access",
    ] {
        assert!(dispositions.contains_key(disposition), "{disposition}");
    }
    let coverage = assert_recorded(&home, &rows, &dispositions);
    assert_eq!(coverage.xdp_mode, "generic");
}

/// What the host itself sends by the interface makes the answer solicited.
#[test]
fn conversations_of_the_host_are_no_accesses() {
    let lab = Lab::quiet();
    let Some(tun) = interface("tun", &lab.sensor) else {
        return;
    };
    for (host, length) in HOST.into_iter().zip(["24", "64 nodad"]) {
        let words = format!("addr add {host}/{length} dev {TUN}");
        lab.sensor.ip(&words);
    }
    let home = on_tun(&live(), "");
    let agent = Agent::start(&lab.sensor, &home);
    let (mut rows, mut solicited) = (Rows::new(), 0);
    for (host, other) in HOST.into_iter().zip(OTHER) {
        let ends = Ends::new(other, host);
        solicited += asks(&lab.sensor, &tun, ends);
        solicited += connects(&lab.sensor, &tun, ends);
        solicited += pings(&lab.sensor, &tun, ends);
        // The same kinds from where the host has sent nothing.
        let (number, reply) = echo_reply(ends);
        let nobody = [
            (
                "backscatter",
                protocol::UDP,
                53,
                udp(ends, 53, 9, &dns(3, true)),
            ),
            ("access", protocol::UDP, 9, udp(ends, 54, 9, b"")),
            (
                "backscatter",
                protocol::TCP,
                81,
                tcp(ends, 81, 9, flag::SYN | flag::ACK),
            ),
            ("access", protocol::TCP, 22, tcp(ends, 81, 22, flag::SYN)),
            (
                "backscatter",
                number,
                reply.into(),
                icmp(ends, reply, 0, [7; 4], &[]),
            ),
        ];
        for ((class, number, port, packet), times) in nobody.into_iter().zip(2..) {
            for _ in 0..times {
                tun.arrive(&packet);
            }
            let key = Key::new(class, number, Some(port), false, ends.source);
            rows.insert(key, times);
        }
    }
    agent.stop();
    let mut dispositions = Dispositions::from([("solicited".to_owned(), solicited)]);
    for (key, packets) in &rows {
        *dispositions.entry(key.class.clone()).or_insert(0) += packets;
    }
    assert_recorded(&home, &rows, &dispositions);
}

/// Where the transport header of a plain packet begins.
const fn transport(ends: Ends) -> usize {
    if ends.source.is_ipv4() { 20 } else { 40 }
}

fn port(packet: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([packet[at], packet[at + 1]])
}

fn protocol_of(packet: &[u8]) -> u8 {
    packet[if packet[0] >> 4 == 4 { 9 } else { 6 }]
}

/// A question of the host over UDP, and three answers.
fn asks(host: &Namespace, tun: &Tun, ends: Ends) -> i64 {
    let socket = host.inside(|| UdpSocket::bind((ends.destination, 0)).expect("a free port"));
    socket
        .send_to(&dns(1, false), (ends.source, 53))
        .expect("sent");
    let question = tun.departed(|packet| protocol_of(packet) == protocol::UDP);
    let from = port(&question, transport(ends));
    let wait = Some(Duration::from_secs(2));
    socket.set_read_timeout(wait).expect("a time limit");
    for _ in 0..3 {
        tun.arrive(&udp(ends, 53, from, &dns(1, true)));
        let (length, _) = socket.recv_from(&mut [0; 64]).expect("the answer");
        assert_eq!(length, dns(1, true).len());
    }
    3
}

/// A SYN of the host, and two answers that acknowledge nothing, so that the host goes on waiting.
fn connects(host: &Namespace, tun: &Tun, ends: Ends) -> i64 {
    let server = SocketAddr::new(ends.source, 80);
    let wait = Duration::from_millis(500);
    thread::scope(|scope| {
        scope.spawn(|| {
            let stream = host.inside(|| TcpStream::connect_timeout(&server, wait));
            stream.expect_err("no connection");
        });
        let syn = tun.departed(|packet| protocol_of(packet) == protocol::TCP);
        let from = port(&syn, transport(ends));
        for _ in 0..2 {
            tun.arrive(&tcp(ends, 80, from, flag::SYN | flag::ACK));
        }
    });
    2
}

fn echo_reply(ends: Ends) -> (u8, u8) {
    if ends.source.is_ipv4() {
        (protocol::ICMP, 0)
    } else {
        (protocol::ICMPV6, 129)
    }
}

/// A ping of the host, and its answer.
fn pings(host: &Namespace, tun: &Tun, ends: Ends) -> i64 {
    let (number, reply) = echo_reply(ends);
    let mut ping = Ping::open(host, &ends.source.to_string());
    thread::scope(|scope| {
        scope.spawn(|| ping.ping());
        let at = transport(ends);
        let request =
            tun.departed(|packet| protocol_of(packet) == number && matches!(packet[at], 8 | 128));
        let rest = [
            request[at + 4],
            request[at + 5],
            request[at + 6],
            request[at + 7],
        ];
        tun.arrive(&icmp(ends, reply, 0, rest, &request[at + 8..]));
    });
    1
}
