//! A point whose host resolves, pings, opens and serves connections meanwhile: none of that is an
//! access but the first packets of conversations that others began.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket},
    thread,
    time::Duration,
};

use talot_tests::{
    agent::{Agent, Home},
    capture::Capture,
    lab::{ATTACKER_V4, ATTACKER_V6, Lab, Namespace, SENSOR_V4, SENSOR_V6},
    oracle::{self, Watched},
    packet::{Ends, dns, echo, flag, frame, icmp, protocol, tcp, udp},
    ping::Ping,
    require,
    rows::{Key, Rows, assert_same},
    send::{Sender, settle},
};

use crate::common::{OFTEN, assert_recorded, live};

const OPEN: u16 = 8080;
const CLOSED: u16 = 8081;
const ECHO: u16 = 7;
/// Bytes of a message that travels in three fragments.
const IN_THREE: usize = 3000;

#[test]
fn its_own_conversations_are_no_accesses() {
    if !require::programs("live_host", &["tcpdump", "tshark"]) {
        return;
    }
    let lab = Lab::new();
    let home = Home::new(&format!("{}{OFTEN}", live()));
    let mut agent = Agent::start(&lab.sensor, &home);
    let capture = Capture::start(&lab.sensor);
    let mut expected = Rows::new();
    for (host, other) in [(SENSOR_V4, ATTACKER_V4), (SENSOR_V6, ATTACKER_V6)] {
        asks_and_pings(&lab, host, other);
        connects(&lab.sensor, &lab.attacker, other);
        is_refused(&lab, host, other);
        others_begin(&lab, host, other, &mut expected);
        noise(&lab, host, &mut expected);
        knocks_within_a_conversation(&lab, host, other, &mut expected);
    }
    settle();
    agent.wait_until("something is solicited", |metrics| {
        let solicited = metrics.sum("talot_packets_total", &[("disposition", "solicited")]);
        solicited.is_some_and(|packets| packets > 0)
    });
    let captured = capture.stop();
    agent.stop();
    captured.check(|captured| {
        let watched = Watched {
            addresses: &[SENSOR_V4, SENSOR_V6],
            live: true,
        };
        let reading = oracle::read(captured, watched);
        assert_same("the capture's rows", &expected, &reading.rows);
        assert!(reading.count("solicited") > 60, "{reading:?}");
        let coverage = assert_recorded(&home, &reading.rows, &reading.dispositions);
        assert_eq!(coverage.mode, "live");
    });
}

fn datagrams(namespace: &Namespace, address: &str, port: u16) -> UdpSocket {
    let socket = namespace.inside(|| UdpSocket::bind((address, port)).expect("a free port"));
    let wait = Some(Duration::from_secs(2));
    socket.set_read_timeout(wait).expect("a time limit");
    socket
}

fn receive(socket: &UdpSocket) -> SocketAddr {
    socket.recv_from(&mut [0; 512]).expect("a datagram").1
}

/// The host resolves a name and pings.
fn asks_and_pings(lab: &Lab, host: &str, other: &str) {
    let resolver = datagrams(&lab.attacker, other, 53);
    for identification in 0..3 {
        let asks = datagrams(&lab.sensor, host, 0);
        asks.send_to(&dns(identification, false), (other, 53))
            .expect("sent");
        let from = receive(&resolver);
        resolver
            .send_to(&dns(identification, true), from)
            .expect("sent");
        receive(&asks);
    }
    let mut ping = Ping::open(&lab.sensor, other);
    for _ in 0..3 {
        ping.ping();
        ping.ping_with(IN_THREE);
    }
}

/// A client connects, and both send data both ways.
fn connects(client: &Namespace, server: &Namespace, address: &str) {
    let listener = server.inside(|| TcpListener::bind((address, OPEN)).expect("a free port"));
    thread::scope(|scope| {
        let served = scope.spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut data = Vec::new();
            stream.read_to_end(&mut data).expect("the question");
            stream.write_all(&data).expect("the answer");
        });
        let mut stream =
            client.inside(|| TcpStream::connect((address, OPEN)).expect("a connection"));
        for _ in 0..5 {
            stream.write_all(&[7; 4000]).expect("the question");
            thread::sleep(Duration::from_millis(5));
        }
        stream
            .shutdown(Shutdown::Write)
            .expect("the question's end");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("the answer");
        assert_eq!(answer.len(), 20_000);
        served.join().expect("the server");
    });
}

/// The host asks where nobody listens: a port unreachable and a RST come back.
fn is_refused(lab: &Lab, host: &str, other: &str) {
    let asks = datagrams(&lab.sensor, host, 0);
    asks.connect((other, CLOSED)).expect("a route");
    asks.send(b"?").expect("sent");
    asks.recv(&mut [0; 8]).expect_err("port unreachable");
    let refused = lab.sensor.inside(|| TcpStream::connect((other, CLOSED)));
    refused.expect_err("connection refused");
}

/// Others connect, ask, ping, and knock at a closed port.
fn others_begin(lab: &Lab, host: &str, other: &str, expected: &mut Rows) {
    let from = other.parse().expect("an address");
    let mut count = |number, port: Option<u16>, packets| {
        let key = Key::new("access", number, port, port.is_none(), from);
        *expected.entry(key).or_insert(0) += packets;
    };
    connects(&lab.attacker, &lab.sensor, host);
    connects(&lab.attacker, &lab.sensor, host);
    count(protocol::TCP, Some(OPEN), 2);

    // Two datagrams before the first answer, three behind it.
    let serves = datagrams(&lab.sensor, host, ECHO);
    let asks = datagrams(&lab.attacker, other, 0);
    for _ in 0..2 {
        asks.send_to(b"?", (host, ECHO)).expect("sent");
        receive(&serves);
    }
    count(protocol::UDP, Some(ECHO), 2);
    for _ in 0..3 {
        serves
            .send_to(b"!", asks.local_addr().expect("bound"))
            .expect("sent");
        receive(&asks);
        asks.send_to(b"?", (host, ECHO)).expect("sent");
        receive(&serves);
    }

    let (number, request) = if host.contains(':') {
        (protocol::ICMPV6, 128)
    } else {
        (protocol::ICMP, 8)
    };
    for _ in 0..2 {
        let mut ping = Ping::open(&lab.attacker, host);
        for _ in 0..3 {
            ping.ping();
        }
    }
    let mut ping = Ping::open(&lab.attacker, host);
    for _ in 0..3 {
        ping.ping_with(IN_THREE);
    }
    count(number, Some(request), 3);
    count(number, None, 2);

    // A refusal begins no conversation: all of these stay accesses.
    let asks = datagrams(&lab.attacker, other, 0);
    asks.connect((host, CLOSED)).expect("a route");
    for _ in 0..2 {
        asks.send(b"?").expect("sent");
        asks.recv(&mut [0; 8]).expect_err("port unreachable");
        let refused = lab.attacker.inside(|| TcpStream::connect((host, CLOSED)));
        refused.expect_err("connection refused");
    }
    count(protocol::UDP, Some(CLOSED), 2);
    count(protocol::TCP, Some(CLOSED), 2);
}

/// A SYN is an access, whatever conversation it pretends to belong to.
fn knocks_within_a_conversation(lab: &Lab, host: &str, other: &str, expected: &mut Rows) {
    let listener = lab
        .attacker
        .inside(|| TcpListener::bind((other, OPEN)).expect("a free port"));
    let stream = lab
        .sensor
        .inside(|| TcpStream::connect((other, OPEN)).expect("a connection"));
    let port = stream.local_addr().expect("connected").port();
    let ends = Ends::new(other, host);
    let syn = frame(&tcp(ends, OPEN, port, flag::SYN));
    Sender::open(lab).send_counted(&[(syn, 3)]);
    let key = Key::new("access", protocol::TCP, Some(port), false, ends.source);
    expected.insert(key, 3);
    drop((stream, listener));
}

/// What nobody asked for, from nowhere.
fn noise(lab: &Lab, host: &str, expected: &mut Rows) {
    let v4 = !host.contains(':');
    let nowhere = if v4 { "203.0.113.5" } else { "2001:db8:9::5" };
    let ends = Ends::new(nowhere, host);
    let (icmp_number, reply, unreachable) = if v4 {
        (protocol::ICMP, 0, 3)
    } else {
        (protocol::ICMPV6, 129, 1)
    };
    let never_sent = udp(ends.reversed(), 5000, 53, b"never sent");
    let noise = [
        (
            "backscatter",
            protocol::TCP,
            80,
            tcp(ends, 80, 5000, flag::SYN | flag::ACK),
        ),
        (
            "backscatter",
            protocol::TCP,
            81,
            tcp(ends, 81, 5000, flag::RST),
        ),
        (
            "stray",
            protocol::TCP,
            OPEN,
            tcp(ends, 5000, OPEN, flag::ACK),
        ),
        (
            "backscatter",
            protocol::UDP,
            53,
            udp(ends, 53, 5000, &dns(9, true)),
        ),
        (
            "backscatter",
            icmp_number,
            u16::from(reply),
            echo(ends, reply, 77, 1),
        ),
        (
            "backscatter",
            icmp_number,
            u16::from(unreachable),
            icmp(ends, unreachable, 3, [0; 4], &never_sent),
        ),
        ("access", protocol::TCP, 9, tcp(ends, 5000, 9, flag::FIN)),
    ];
    let mut frames = Vec::new();
    for (count, (class, number, port, packet)) in (2..).zip(noise) {
        let key = Key::new(class, number, Some(port), false, ends.source);
        *expected.entry(key).or_insert(0) += i64::from(count);
        frames.push((frame(&packet), count));
    }
    Sender::open(lab).send_counted(&frames);
}
