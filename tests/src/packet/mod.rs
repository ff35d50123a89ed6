//! Packets built byte by byte, independently of the program under test.

mod ip;
#[cfg(test)]
mod tests;
mod transport;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub use self::{
    ip::{Extension, Ipv4, Ipv6},
    transport::{Tcp, datagram, dccp, dns, echo, icmp, sctp, tcp, udp, udp_lite},
};

/// MAC address of the sensor's interface in a [`Lab`](crate::lab::Lab).
pub const SENSOR_MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
/// MAC address of the attacker's interface in a [`Lab`](crate::lab::Lab).
pub const ATTACKER_MAC: [u8; 6] = [2, 0, 0, 0, 0, 2];

/// TCP flags (RFC 9293, the low six bits).
pub mod flag {
    #![expect(missing_docs, reason = "the names are RFC 9293's")]
    pub const FIN: u8 = 1;
    pub const SYN: u8 = 2;
    pub const RST: u8 = 4;
    pub const PSH: u8 = 8;
    pub const ACK: u8 = 16;
    pub const URG: u8 = 32;
}

/// IANA protocol numbers.
pub mod protocol {
    #![expect(missing_docs, reason = "the names are IANA's")]
    pub const HOP_BY_HOP: u8 = 0;
    pub const ICMP: u8 = 1;
    pub const IGMP: u8 = 2;
    pub const TCP: u8 = 6;
    pub const UDP: u8 = 17;
    pub const DCCP: u8 = 33;
    pub const ROUTING: u8 = 43;
    pub const FRAGMENT: u8 = 44;
    pub const GRE: u8 = 47;
    pub const ESP: u8 = 50;
    pub const AH: u8 = 51;
    pub const ICMPV6: u8 = 58;
    pub const NO_NEXT: u8 = 59;
    pub const DESTINATION_OPTIONS: u8 = 60;
    pub const SCTP: u8 = 132;
    pub const UDP_LITE: u8 = 136;
}

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
/// EtherType of an 802.1Q tag.
pub const DOT1Q: u16 = 0x8100;
/// EtherType of an 802.1ad service tag.
pub const DOT1AD: u16 = 0x88a8;

/// The two addresses of a packet, of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Where it comes from.
    pub source: IpAddr,
    /// Where it goes.
    pub destination: IpAddr,
}

impl Ends {
    /// From their text forms.
    ///
    /// # Panics
    /// When one is no address, or they are of two families.
    pub fn new(source: &str, destination: &str) -> Self {
        let parse = |text: &str| text.parse().unwrap_or_else(|_| panic!("address {text:?}"));
        let ends = Self {
            source: parse(source),
            destination: parse(destination),
        };
        assert_eq!(ends.source.is_ipv4(), ends.destination.is_ipv4());
        ends
    }

    /// The way back.
    pub const fn reversed(self) -> Self {
        Self {
            source: self.destination,
            destination: self.source,
        }
    }

    /// Sum of the pseudo header's words (RFC 9293, RFC 8200).
    fn pseudo_header(self, protocol: u8, length: usize) -> u32 {
        let addresses = match (self.source, self.destination) {
            (IpAddr::V4(from), IpAddr::V4(to)) => sum(&from.octets()) + sum(&to.octets()),
            (IpAddr::V6(from), IpAddr::V6(to)) => sum(&from.octets()) + sum(&to.octets()),
            _ => unreachable!("Ends::new checks the families"),
        };
        addresses + u32::from(protocol) + length as u32
    }
}

/// Sum of big-endian 16-bit words, a last odd byte filled up with 0.
fn sum(bytes: &[u8]) -> u32 {
    bytes
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0)))
        .sum()
}

/// The Internet checksum (RFC 1071) of a sum of words.
fn checksum(mut sum: u32) -> [u8; 2] {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!(sum as u16)).to_be_bytes()
}

fn put(bytes: &mut [u8], at: usize, value: [u8; 2]) {
    bytes[at..at + 2].copy_from_slice(&value);
}

/// Frame of an IP packet from the attacker to the sensor.
pub fn frame(packet: &[u8]) -> Vec<u8> {
    tagged(&[], packet)
}

/// Frame of an IP packet with VLAN tags: (EtherType of the tag, VLAN id), outermost first.
pub fn tagged(tags: &[(u16, u16)], packet: &[u8]) -> Vec<u8> {
    let version = packet.first().map_or(4, |byte| byte >> 4);
    let inner = if version == 6 { IPV6 } else { IPV4 };
    ethernet(tags, inner, packet)
}

/// Any frame from the attacker to the sensor.
pub fn ethernet(tags: &[(u16, u16)], ethertype: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::from(SENSOR_MAC);
    frame.extend(ATTACKER_MAC);
    for (tag, vlan) in tags {
        frame.extend(tag.to_be_bytes());
        frame.extend(vlan.to_be_bytes());
    }
    frame.extend(ethertype.to_be_bytes());
    frame.extend(payload);
    frame
}

/// A plain IP packet of the family of its ends.
pub fn ip(ends: Ends, protocol: u8, payload: &[u8]) -> Vec<u8> {
    match ends.source {
        IpAddr::V4(_) => Ipv4::new(ends, protocol).packet(payload),
        IpAddr::V6(_) => Ipv6::new(ends, protocol).packet(payload),
    }
}

/// The `n`th address of 198.18.0.0/15 (RFC 2544), for many sources.
pub fn many_v4(n: u32) -> Ipv4Addr {
    Ipv4Addr::from(0xc612_0000 + n)
}

/// The `n`th address of 2001:db8:dead::/64, for many sources.
pub fn many_v6(n: u64) -> Ipv6Addr {
    Ipv6Addr::from(0x2001_0db8_dead_0000_0000_0000_0000_0000 + u128::from(n))
}
