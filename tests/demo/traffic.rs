//! What reaches an unused prefix on an ordinary day, in half a minute: many sources, few ports
//! that most of them want, and suddenly one more.

use std::net::{IpAddr, Ipv4Addr};

use talot_tests::{
    packet::{Ends, Ipv4, Tcp, echo, flag, frame, protocol, tcp, udp},
    random::Random,
};

/// By rank: the one of rank r is asked for with probability proportional to 1/r.
const PORTS: [(u16, u8); 24] = [
    (23, protocol::TCP),
    (22, protocol::TCP),
    (445, protocol::TCP),
    (80, protocol::TCP),
    (8080, protocol::TCP),
    (443, protocol::TCP),
    (3389, protocol::TCP),
    (5060, protocol::UDP),
    (6379, protocol::TCP),
    (123, protocol::UDP),
    (1433, protocol::TCP),
    (53, protocol::UDP),
    (161, protocol::UDP),
    (2323, protocol::TCP),
    (3306, protocol::TCP),
    (5555, protocol::TCP),
    (81, protocol::TCP),
    (1900, protocol::UDP),
    (5900, protocol::TCP),
    (7547, protocol::TCP),
    (9200, protocol::TCP),
    (25, protocol::TCP),
    (11211, protocol::UDP),
    (8728, protocol::TCP),
];
/// The port that everybody suddenly wants.
pub(crate) const SURGE: u16 = 37_215;
/// How many sources come again and again.
const REGULARS: u64 = 4000;

/// Frames of the next moment; `surging`: half of them are for one port.
pub(crate) fn moment(random: &mut Random, frames: usize, surging: bool) -> Vec<Vec<u8>> {
    (0..frames)
        .map(|_| frame(&packet(random, surging)))
        .collect()
}

fn packet(random: &mut Random, surging: bool) -> Vec<u8> {
    let destination = Ipv4Addr::new(198, 51, 100, random.below(256) as u8);
    let ends = Ends {
        source: source(random),
        destination: destination.into(),
    };
    if surging && random.below(2) == 0 {
        return mirai(ends, SURGE, destination);
    }
    match random.below(100) {
        // Answers of victims whose attackers forge our addresses.
        0..6 => tcp(
            ends,
            443,
            1024 + random.below(60_000) as u16,
            flag::SYN | flag::ACK,
        ),
        6..9 => echo(ends, 8, 1, 1),
        // Somebody who scans everything.
        9..15 => syn(ends, random.below(65_536) as u16, 54_321),
        _ => {
            let (port, protocol) = PORTS[rank(random)];
            match protocol {
                protocol::UDP => udp(ends, 40_000, port, b"\0\0\0\0"),
                _ if port == 23 || port == 2323 => mirai(ends, port, destination),
                _ => syn(ends, port, random.below(65_536) as u16),
            }
        }
    }
}

/// A SYN with the sequence number by which Mirai's bots are known.
fn mirai(ends: Ends, port: u16, destination: Ipv4Addr) -> Vec<u8> {
    let segment = Tcp {
        sequence: destination.to_bits(),
        ..Tcp::new(40_000, port, flag::SYN)
    };
    segment.packet(ends)
}

fn syn(ends: Ends, port: u16, identification: u16) -> Vec<u8> {
    let header = Ipv4 {
        identification,
        ..Ipv4::new(ends, protocol::TCP)
    };
    header.packet(&Tcp::new(40_000, port, flag::SYN).segment(ends))
}

/// A public address: of a regular, or of somebody who comes once.
fn source(random: &mut Random) -> IpAddr {
    let mut number = if random.below(4) > 0 {
        Random::seeded(random.below(REGULARS)).bits()
    } else {
        random.bits()
    };
    loop {
        let address = Ipv4Addr::from_bits(number as u32);
        let [first, second, ..] = address.octets();
        let is_public = (1..224).contains(&first)
            && !matches!(
                (first, second),
                (10 | 127, _) | (172, 16..32) | (192, 168 | 0)
            );
        if is_public {
            return address.into();
        }
        number = Random::seeded(number).bits();
    }
}

/// Of a port, by Zipf's law.
fn rank(random: &mut Random) -> usize {
    let weights = (1..=PORTS.len()).map(|rank| 1.0 / rank as f64);
    let total: f64 = weights.clone().sum();
    let mut at = random.below(1 << 32) as f64 / (1_u64 << 32) as f64 * total;
    for (rank, weight) in weights.enumerate() {
        at -= weight;
        if at <= 0.0 {
            return rank;
        }
    }
    PORTS.len() - 1
}
