//! There is room for so many conversations. Which of them go when there are more, and what is said
//! of it.

use std::{
    io::{Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, TcpListener, TcpStream, UdpSocket},
    thread,
    time::Duration,
};

use talot_tests::{
    agent::{Agent, Home},
    identity,
    lab::{ATTACKER_V4, ATTACKER_V6, INTERFACE, Lab, SENSOR_V4, SENSOR_V6},
    packet::{Ends, flag, frame, many_v6, tcp, udp},
    records::{Coverage, by_port},
    send::{Sender, settle},
};

use crate::common::{alone, dark, live};

/// The host begins so many by TCP, and as many by UDP, over each of IPv4 and IPv6.
const OWN: usize = 80;
const OPEN: u16 = 8080;
const CLOSED: u16 = 8081;
const ECHO: u16 = 7;
/// Sources over IPv4 and over IPv6; each of them knocks at every one of the three ports.
const KNOCKING: [u32; 2] = [200_000, 100_000];

/// An address of 10.0.0.0/8.
fn ten(n: u32) -> IpAddr {
    Ipv4Addr::from(0x0a00_0000 + n).into()
}

/// Both ends of a conversation over TCP that the host began.
fn stream(lab: &Lab, listener: &TcpListener) -> [TcpStream; 2] {
    let server = listener.local_addr().expect("bound");
    let connect = || TcpStream::connect(server).expect("a connection");
    let host = lab.sensor.inside(connect);
    let (other, _) = listener.accept().expect("a connection");
    [host, other]
}

/// The host's end of a conversation over UDP that it began.
fn datagrams(lab: &Lab, host: &str, other: &UdpSocket) -> UdpSocket {
    let bind = || UdpSocket::bind((host, 0)).expect("a free port");
    let socket = lab.sensor.inside(bind);
    let wait = Some(Duration::from_secs(5));
    socket.set_read_timeout(wait).expect("a time limit");
    let server = other.local_addr().expect("bound");
    socket.send_to(b"?", server).expect("sent");
    socket
}

/// A packet from each source to the host.
fn knocks(packet: impl Fn(Ends) -> Vec<u8>) -> Vec<Vec<u8>> {
    let v4 = (0..KNOCKING[0]).map(|n| (ten(n), SENSOR_V4));
    let v6 = (0..KNOCKING[1]).map(|n| (many_v6(n.into()).into(), SENSOR_V6));
    let knocks = v4.chain(v6).map(|(source, host)| {
        let destination = host.parse().expect("an address");
        let ends = Ends {
            source,
            destination,
        };
        frame(&packet(ends))
    });
    knocks.collect()
}

/// The lab's host knows the way to every source; there its answers end, unanswered.
fn lab_with_the_world_behind() -> Lab {
    let lab = Lab::new();
    for other in [ATTACKER_V4, ATTACKER_V6] {
        lab.sensor.ip(&format!("route add default via {other}"));
    }
    lab.attacker.ip("route add blackhole 2001:db8:dead::/64");
    // Once the queue is full, SYNs are answered all the same (the default, made certain).
    lab.sensor.sysctl("net/ipv4/tcp_syncookies", "1");
    lab
}

fn only(coverage: Vec<Coverage>) -> Coverage {
    let [coverage] = coverage.try_into().expect("one coverage record");
    coverage
}

#[test]
fn those_that_the_host_began_outlast_a_flood_that_it_answers() {
    let _alone = alone();
    let lab = lab_with_the_world_behind();
    let home = Home::new(&live());
    let agent = Agent::start(&lab.sensor, &home);

    let (mut streams, mut asking, mut asked) = (Vec::new(), Vec::new(), Vec::new());
    for (host, other) in [(SENSOR_V4, ATTACKER_V4), (SENSOR_V6, ATTACKER_V6)] {
        let listener = || TcpListener::bind((other, 0)).expect("a free port");
        let listener = lab.attacker.inside(listener);
        streams.extend((0..OWN).map(|_| stream(&lab, &listener)));
        let bind = || UdpSocket::bind((other, 0)).expect("a free port");
        let server = lab.attacker.inside(bind);
        asking.extend((0..OWN).map(|_| datagrams(&lab, host, &server)));
        asked.push(server);
    }

    let serve = |host| TcpListener::bind((host, OPEN)).expect("a free port");
    let _open = [SENSOR_V4, SENSOR_V6].map(|host| lab.sensor.inside(|| serve(host)));
    for host in [SENSOR_V4, SENSOR_V6] {
        let socket = lab
            .sensor
            .inside(|| UdpSocket::bind((host, ECHO)).expect("a free port"));
        // It ends with the test's process.
        thread::spawn(move || {
            let mut data = [0; 16];
            while let Ok((length, from)) = socket.recv_from(&mut data) {
                let _ = socket.send_to(&data[..length], from);
            }
        });
    }
    let answers = || lab.sensor.statistic(INTERFACE, "tx", "packets");
    let before = answers();
    let sender = Sender::open(&lab);
    let flood = |packet: &dyn Fn(Ends) -> Vec<u8>| {
        let frames = knocks(packet);
        let frames: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
        sender.send(&frames);
        settle();
    };
    flood(&|ends| tcp(ends, 40_000, OPEN, flag::SYN));
    let to_open = answers() - before;
    flood(&|ends| tcp(ends, 40_000, CLOSED, flag::SYN));
    let to_closed = answers() - before - to_open;
    flood(&|ends| udp(ends, 40_000, ECHO, b"?"));
    let to_echo = answers() - before - to_open - to_closed;
    sender.assert_nothing_lost();
    println!("the host answered {to_open}, {to_closed} and {to_echo} packets");
    let sent = u64::from(KNOCKING[0] + KNOCKING[1]);
    // More than there is room for. (Not every datagram finds room in the echo's queue.)
    assert!(to_open > sent * 9 / 10 && to_closed > sent * 9 / 10 && to_echo > 1000);

    for server in &asked {
        let answered = asking.iter().filter(|socket| {
            let v4 = |socket: &UdpSocket| socket.local_addr().expect("bound").is_ipv4();
            v4(socket) == v4(server)
        });
        for socket in answered {
            let to = socket.local_addr().expect("bound");
            server.send_to(b"!", to).expect("sent");
            socket.recv_from(&mut [0; 16]).expect("the reply");
        }
    }
    for [host, other] in &mut streams {
        other.write_all(b"!").expect("sent");
        host.read_exact(&mut [0]).expect("the reply");
    }
    settle();
    agent.stop();

    let (sources, ports, coverage) = (home.sources(), home.ports(), home.coverage());
    identity::check(&sources, &ports, &coverage);
    let own = [ATTACKER_V4, ATTACKER_V6].map(|other| other.parse::<IpAddr>().expect("an address"));
    let taken_for_foreign: Vec<_> = sources
        .iter()
        .filter(|row| own.contains(&row.source))
        .collect();
    assert!(taken_for_foreign.is_empty(), "{taken_for_foreign:?}");
    let coverage = only(coverage);
    assert_eq!(coverage.access, 3 * sent as i64);
    assert_eq!((coverage.backscatter, coverage.stray), (0, 0));
    // By UDP a reply each, by TCP the answer to the SYN and the reply, over two families.
    assert_eq!(coverage.solicited, 2 * OWN as i64 * 3);
    assert!(coverage.conversations_forgotten > 0, "{coverage:?}");
}

/// The host begins more than there is room for; a few of them it keeps up.
#[test]
fn one_too_many_replaces_the_oldest_and_is_counted() {
    const BEGUN: u32 = 300_000;
    const KEPT_UP: u32 = 300;
    /// So few others begin meanwhile that four of them never meet in one place.
    const KEPT_UP_EVERY: usize = 1000;
    const HOST_PORT: u16 = 5000;
    const KEPT_PORT: u16 = 5001;
    const PORT: u16 = 9;

    let _alone = alone();
    let lab = Lab::quiet();
    // The lab's host does not have these addresses, so its kernel adds nothing to what the test sends.
    let home = Home::new(&dark().replace("dark\"", "live\""));
    let mut agent = Agent::start(&lab.sensor, &home);
    let sent = |n, port| {
        udp(
            Ends::new("198.51.100.1", &ten(n).to_string()),
            port,
            PORT,
            b"?",
        )
    };
    let frames =
        |count, port| -> Vec<Vec<u8>> { (0..count).map(|n| frame(&sent(n, port))).collect() };
    let (begun, kept_up) = (frames(BEGUN, HOST_PORT), frames(KEPT_UP, KEPT_PORT));
    let host = Sender::at_the_sensor(&lab);
    let kept_up: Vec<&[u8]> = kept_up.iter().map(Vec::as_slice).collect();
    for chunk in begun.chunks(KEPT_UP_EVERY) {
        host.send(&kept_up);
        let chunk: Vec<&[u8]> = chunk.iter().map(Vec::as_slice).collect();
        host.send(&chunk);
    }
    settle();

    let reply = |n, port| {
        let ends = Ends::new(&ten(n).to_string(), "198.51.100.1");
        (frame(&udp(ends, PORT, port, b"!")), 1)
    };
    let mut replies: Vec<_> = (0..BEGUN).map(|n| reply(n, HOST_PORT)).collect();
    replies.extend((0..KEPT_UP).map(|n| reply(n, KEPT_PORT)));
    Sender::open(&lab).send_counted(&replies);
    agent.wait_until("the replies are seen", |metrics| {
        metrics.sum("talot_seen_packets_total", &[]) == Some((BEGUN + KEPT_UP).into())
    });
    let metrics = agent.metrics();
    let told = metrics.sum("talot_conversations_forgotten_total", &[]);
    agent.stop();

    let (sources, ports) = (home.sources(), home.ports());
    let coverage = home.coverage();
    identity::check(&sources, &ports, &coverage);
    let coverage = only(coverage);
    let forgotten = coverage.conversations_forgotten;
    assert_eq!(told, Some(forgotten));
    // There is room for 262,144, in places of four: some are full before the others.
    assert!(
        forgotten > i64::from(BEGUN + KEPT_UP) - 262_144,
        "{coverage:?}"
    );
    assert!(forgotten < i64::from(BEGUN) / 3, "{coverage:?}");
    // To each that was forgotten the reply is an access, and to no other.
    assert_eq!(coverage.access, forgotten);
    assert_eq!(coverage.solicited, i64::from(BEGUN + KEPT_UP) - forgotten);
    let to_kept_up = by_port(&ports)
        .keys()
        .any(|(_, port)| *port == format!("{KEPT_PORT}/udp"));
    assert!(!to_kept_up, "those kept up are not the oldest");
    // The last ones are not the oldest either.
    let last: Vec<IpAddr> = (BEGUN - 1000..BEGUN).map(ten).collect();
    let lost: Vec<_> = sources
        .iter()
        .filter(|row| last.contains(&row.source))
        .collect();
    assert!(lost.is_empty(), "{lost:?}");
}
