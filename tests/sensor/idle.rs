//! A conversation is over when the host has been silent for the configured time.

use std::{
    net::{TcpListener, TcpStream, UdpSocket},
    thread,
    time::{Duration, Instant},
};

use talot_tests::{
    agent::{Agent, Home},
    lab::{ATTACKER_V4, ATTACKER_V6, Lab, SENSOR_V4, SENSOR_V6},
    packet::{Ends, echo, flag, frame, protocol, tcp, udp},
    ping::Ping,
    records::counted,
    rows::{Key, Rows, assert_same},
    send::Sender,
};

use crate::common::{dark, live};

const IDLE: &str = "[solicited]\ntcp = \"5s\"\nudp = \"3s\"\nother = \"1s\"\n";

/// A conversation that the host has begun, and is silent in from then on.
struct Begun {
    /// A packet of the other side.
    frame: Vec<u8>,
    /// What the packet is counted as once the conversation is over.
    key: Key,
    _host: Open,
}

/// What keeps the kernels from ending it.
enum Open {
    Ping {
        _host: Ping,
    },
    Datagrams {
        _ends: [UdpSocket; 2],
    },
    Stream {
        _listener: TcpListener,
        _host: TcpStream,
    },
}

fn ping(lab: &Lab, ends: Ends) -> Begun {
    let mut host = Ping::open(&lab.sensor, &ends.source.to_string());
    host.ping();
    let (number, reply) = if ends.source.is_ipv4() {
        (protocol::ICMP, 0)
    } else {
        (protocol::ICMPV6, 129)
    };
    Begun {
        frame: frame(&echo(ends, reply, host.identifier(), 9)),
        key: Key::new(
            "backscatter",
            number,
            Some(reply.into()),
            false,
            ends.source,
        ),
        _host: Open::Ping { _host: host },
    }
}

fn datagrams(lab: &Lab, ends: Ends) -> Begun {
    let bind = |address| move || UdpSocket::bind((address, 0)).expect("a free port");
    let host = lab.sensor.inside(bind(ends.destination));
    let other = lab.attacker.inside(bind(ends.source));
    let [port, from] = [&host, &other].map(|socket| socket.local_addr().expect("bound").port());
    host.send_to(b"?", (ends.source, from)).expect("sent");
    Begun {
        frame: frame(&udp(ends, from, port, b"late")),
        key: Key::new("access", protocol::UDP, Some(port), false, ends.source),
        _host: Open::Datagrams {
            _ends: [host, other],
        },
    }
}

fn stream(lab: &Lab, ends: Ends) -> Begun {
    let listener = lab
        .attacker
        .inside(|| TcpListener::bind((ends.source, 0)).expect("a free port"));
    let server = listener.local_addr().expect("bound");
    let host = lab
        .sensor
        .inside(|| TcpStream::connect(server).expect("a connection"));
    let port = host.local_addr().expect("connected").port();
    Begun {
        frame: frame(&tcp(ends, server.port(), port, flag::ACK)),
        key: Key::new("stray", protocol::TCP, Some(port), false, ends.source),
        _host: Open::Stream {
            _listener: listener,
            _host: host,
        },
    }
}

#[test]
fn a_conversation_ends_when_the_host_falls_silent() {
    let lab = Lab::new();
    let home = Home::new(&format!("{}{IDLE}", live()));
    let agent = Agent::start(&lab.sensor, &home);
    let sender = Sender::open(&lab);
    let ends = [(ATTACKER_V4, SENSOR_V4), (ATTACKER_V6, SENSOR_V6)]
        .map(|(other, host)| Ends::new(other, host));
    let began = Instant::now();
    let begun = [ping, datagrams, stream].map(|begin| ends.map(|ends| begin(&lab, ends)));

    let mut expected = Rows::new();
    // When what is sent, and whether it is too late by then. (The host answers a bare ACK of a
    // connection, so only one may come.)
    for (at, kind, late) in [
        (400, 0, false),
        (500, 1, false),
        (1900, 0, true),
        (2000, 1, false),
        (4000, 1, true),
        (4100, 0, true),
        (6500, 2, true),
        (6600, 1, true),
    ] {
        let due = began + Duration::from_millis(at);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        for Begun { frame, key, .. } in &begun[kind] {
            sender.send_one(frame);
            if late {
                *expected.entry(key.clone()).or_insert(0) += 1;
            }
        }
    }
    talot_tests::send::settle();
    agent.stop();
    assert_same("sources", &expected, &counted(&home.sources()));
}

/// A conversation, frame by frame.
struct Kept {
    /// What others send first, if they began it, and what that is counted as.
    knock: Option<(Vec<u8>, Key)>,
    /// What the host sends.
    host: Vec<u8>,
    /// What others send in it.
    other: Vec<u8>,
    /// What that is counted as once the conversation is over.
    key: Key,
}

/// One of each protocol over both families, begun by the host and by others.
fn kept() -> Vec<Kept> {
    let mut all = Vec::new();
    for (host, own, others) in [
        ("198.51.100.1", "203.0.113.1", "203.0.113.2"),
        ("2001:db8:51::1", "2001:db8:f::1", "2001:db8:f::2"),
    ] {
        let icmp = if host.contains(':') {
            (protocol::ICMPV6, 128, 129)
        } else {
            (protocol::ICMP, 8, 0)
        };
        let (number, request, reply) = icmp;
        for (other, begun_by_host) in [(own, true), (others, false)] {
            let arriving = Ends::new(other, host);
            let leaving = arriving.reversed();
            let key = |class, number, port: u16| {
                Key::new(class, number, Some(port), false, arriving.source)
            };
            let knock = |packet: &[u8], key| (!begun_by_host).then(|| (frame(packet), key));
            let [asks, answers] = [[request, reply], [reply, request]][usize::from(begun_by_host)];
            let [asked_as, answered_as] = ["access", "backscatter"];
            all.push(Kept {
                knock: knock(
                    &echo(arriving, asks, 7, 1),
                    key(asked_as, number, asks.into()),
                ),
                host: frame(&echo(leaving, answers, 7, 2)),
                other: frame(&echo(arriving, asks, 7, 3)),
                key: key(
                    if begun_by_host { answered_as } else { asked_as },
                    number,
                    asks.into(),
                ),
            });
            all.push(Kept {
                knock: knock(
                    &udp(arriving, 9, 5000, b"?"),
                    key("access", protocol::UDP, 5000),
                ),
                host: frame(&udp(leaving, 5000, 9, b"?")),
                other: frame(&udp(arriving, 9, 5000, b"!")),
                key: key("access", protocol::UDP, 5000),
            });
            let first = if begun_by_host {
                flag::SYN
            } else {
                flag::SYN | flag::ACK
            };
            all.push(Kept {
                knock: knock(
                    &tcp(arriving, 9, 6000, flag::SYN),
                    key("access", protocol::TCP, 6000),
                ),
                host: frame(&tcp(leaving, 6000, 9, first)),
                other: frame(&tcp(arriving, 9, 6000, flag::ACK)),
                key: key("stray", protocol::TCP, 6000),
            });
        }
    }
    all
}

#[test]
fn the_host_keeps_a_conversation_up_and_takes_it_up_again() {
    enum Step {
        Knock,
        Host,
        Other { late: bool },
    }
    use Step::{Host, Knock, Other};

    let lab = Lab::quiet();
    // The lab's host does not have these addresses, so its kernel sends nothing of its own.
    let idle = "[solicited]\ntcp = \"2s\"\nudp = \"2s\"\nother = \"2s\"\n";
    let home = Home::new(&format!("{}{idle}", dark().replace("dark\"", "live\"")));
    let agent = Agent::start(&lab.sensor, &home);
    let [host, other] = [Sender::at_the_sensor(&lab), Sender::open(&lab)];
    let kept = kept();
    let mut expected = Rows::new();
    let began = Instant::now();
    for (at, step) in [
        (0, Knock),
        (200, Host),
        (400, Other { late: false }),
        (1600, Host),
        (3100, Other { late: false }),
        (4000, Other { late: true }),
        (4200, Host),
        (5700, Other { late: false }),
        (6600, Other { late: true }),
    ] {
        let due = began + Duration::from_millis(at);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        for conversation in &kept {
            match (&step, &conversation.knock) {
                (Knock, None) => {}
                (Knock, Some((frame, key))) => {
                    other.send_one(frame);
                    *expected.entry(key.clone()).or_insert(0) += 1;
                }
                (Host, _) => host.send_one(&conversation.host),
                (Other { late }, _) => {
                    other.send_one(&conversation.other);
                    if *late {
                        *expected.entry(conversation.key.clone()).or_insert(0) += 1;
                    }
                }
            }
        }
    }
    talot_tests::send::settle();
    agent.stop();
    assert_same("sources", &expected, &counted(&home.sources()));
}
