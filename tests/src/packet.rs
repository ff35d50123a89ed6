//! Packets built byte by byte, independently of the program under test.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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

/// An IPv4 header (RFC 791).
#[derive(Clone, Debug)]
pub struct Ipv4 {
    /// Source and destination.
    pub ends: Ends,
    /// Protocol number.
    pub protocol: u8,
    /// Identification, which holds fragments together.
    pub identification: u16,
    /// Fragment offset in units of 8 bytes.
    pub fragment_offset: u16,
    /// Whether more fragments follow.
    pub more_fragments: bool,
    /// Time to live.
    pub ttl: u8,
    /// Options, a multiple of 4 bytes.
    pub options: Vec<u8>,
}

impl Ipv4 {
    /// A plain header.
    pub const fn new(ends: Ends, protocol: u8) -> Self {
        Self {
            ends,
            protocol,
            identification: 0x1234,
            fragment_offset: 0,
            more_fragments: false,
            ttl: 64,
            options: Vec::new(),
        }
    }

    /// The packet with this payload.
    ///
    /// # Panics
    /// When the addresses are not IPv4, or the packet is too long.
    pub fn packet(&self, payload: &[u8]) -> Vec<u8> {
        let (IpAddr::V4(from), IpAddr::V4(to)) = (self.ends.source, self.ends.destination) else {
            panic!("{:?} is not IPv4", self.ends);
        };
        let header = 20 + self.options.len();
        let length = u16::try_from(header + payload.len()).expect("an IPv4 packet");
        let fragment = u16::from(self.more_fragments) << 13 | self.fragment_offset;
        let mut packet = vec![0x40 | (header / 4) as u8, 0];
        packet.extend(length.to_be_bytes());
        packet.extend(self.identification.to_be_bytes());
        packet.extend(fragment.to_be_bytes());
        packet.extend([self.ttl, self.protocol, 0, 0]);
        packet.extend(from.octets());
        packet.extend(to.octets());
        packet.extend(&self.options);
        let check = checksum(sum(&packet));
        put(&mut packet, 10, check);
        packet.extend(payload);
        packet
    }
}

/// An IPv6 extension header.
#[derive(Clone, Debug)]
pub enum Extension {
    /// Hop-by-hop options, all padding.
    HopByHop,
    /// A routing header of an experimental type (253) without segments left.
    Routing,
    /// Destination options, all padding.
    DestinationOptions,
    /// An authentication header (RFC 4302) with an ICV of 12 bytes.
    Authentication,
    /// A fragment header: offset in units of 8 bytes, whether more follow, identification.
    Fragment(u16, bool, u32),
}

impl Extension {
    const fn number(&self) -> u8 {
        match self {
            Self::HopByHop => protocol::HOP_BY_HOP,
            Self::Routing => protocol::ROUTING,
            Self::DestinationOptions => protocol::DESTINATION_OPTIONS,
            Self::Authentication => protocol::AH,
            Self::Fragment(..) => protocol::FRAGMENT,
        }
    }

    fn bytes(&self, next: u8) -> Vec<u8> {
        match self {
            // PadN of four bytes of data fills the eight.
            Self::HopByHop | Self::DestinationOptions => vec![next, 0, 1, 4, 0, 0, 0, 0],
            Self::Routing => vec![next, 0, 253, 0, 0, 0, 0, 0],
            Self::Authentication => {
                let mut header = vec![next, 4, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1];
                header.extend([0xaa; 12]);
                header
            }
            Self::Fragment(offset, more, identification) => {
                let mut header = vec![next, 0];
                header.extend((offset << 3 | u16::from(*more)).to_be_bytes());
                header.extend(identification.to_be_bytes());
                header
            }
        }
    }
}

/// An IPv6 header (RFC 8200) with its extension headers.
#[derive(Clone, Debug)]
pub struct Ipv6 {
    /// Source and destination.
    pub ends: Ends,
    /// Number of the protocol behind the extension headers.
    pub protocol: u8,
    /// Hop limit.
    pub hop_limit: u8,
    /// Extension headers in their order.
    pub extensions: Vec<Extension>,
}

impl Ipv6 {
    /// A plain header.
    pub const fn new(ends: Ends, protocol: u8) -> Self {
        Self {
            ends,
            protocol,
            hop_limit: 64,
            extensions: Vec::new(),
        }
    }

    /// The packet with this payload.
    ///
    /// # Panics
    /// When the addresses are not IPv6, or the packet is too long.
    pub fn packet(&self, payload: &[u8]) -> Vec<u8> {
        let (IpAddr::V6(from), IpAddr::V6(to)) = (self.ends.source, self.ends.destination) else {
            panic!("{:?} is not IPv6", self.ends);
        };
        let numbers = self.extensions.iter().map(Extension::number);
        let nexts: Vec<u8> = numbers.chain([self.protocol]).collect();
        let extensions: Vec<u8> = self
            .extensions
            .iter()
            .zip(&nexts[1..])
            .flat_map(|(extension, next)| extension.bytes(*next))
            .collect();
        let length = u16::try_from(extensions.len() + payload.len()).expect("an IPv6 packet");
        let mut packet = vec![0x60, 0, 0, 0];
        packet.extend(length.to_be_bytes());
        packet.extend([nexts[0], self.hop_limit]);
        packet.extend(from.octets());
        packet.extend(to.octets());
        packet.extend(extensions);
        packet.extend(payload);
        packet
    }
}

/// A plain IP packet of the family of its ends.
pub fn ip(ends: Ends, protocol: u8, payload: &[u8]) -> Vec<u8> {
    match ends.source {
        IpAddr::V4(_) => Ipv4::new(ends, protocol).packet(payload),
        IpAddr::V6(_) => Ipv6::new(ends, protocol).packet(payload),
    }
}

/// A TCP segment (RFC 9293).
#[derive(Clone, Debug)]
pub struct Tcp {
    /// Source port.
    pub source: u16,
    /// Destination port.
    pub destination: u16,
    /// Flags, see [`flag`].
    pub flags: u8,
    /// Options, a multiple of 4 bytes.
    pub options: Vec<u8>,
    /// What it carries.
    pub payload: Vec<u8>,
}

impl Tcp {
    /// A segment without options and payload.
    pub const fn new(source: u16, destination: u16, flags: u8) -> Self {
        Self {
            source,
            destination,
            flags,
            options: Vec::new(),
            payload: Vec::new(),
        }
    }

    /// The segment alone.
    pub fn segment(&self, ends: Ends) -> Vec<u8> {
        let offset = (20 + self.options.len()) / 4;
        let mut segment = Vec::from(self.source.to_be_bytes());
        segment.extend(self.destination.to_be_bytes());
        segment.extend([0, 0, 0, 1, 0, 0, 0, 0]);
        segment.extend([(offset as u8) << 4, self.flags, 0x04, 0, 0, 0, 0, 0]);
        segment.extend(&self.options);
        segment.extend(&self.payload);
        let pseudo = ends.pseudo_header(protocol::TCP, segment.len());
        let check = checksum(pseudo + sum(&segment));
        put(&mut segment, 16, check);
        segment
    }

    /// The segment in a plain IP packet.
    pub fn packet(&self, ends: Ends) -> Vec<u8> {
        ip(ends, protocol::TCP, &self.segment(ends))
    }
}

/// Packet of a TCP segment without options and payload.
pub fn tcp(ends: Ends, source: u16, destination: u16, flags: u8) -> Vec<u8> {
    Tcp::new(source, destination, flags).packet(ends)
}

/// A UDP datagram alone (RFC 768).
pub fn datagram(ends: Ends, source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
    let length = 8 + payload.len() as u16;
    let mut datagram = Vec::from(source.to_be_bytes());
    datagram.extend(destination.to_be_bytes());
    datagram.extend(length.to_be_bytes());
    datagram.extend([0, 0]);
    datagram.extend(payload);
    let pseudo = ends.pseudo_header(protocol::UDP, datagram.len());
    let check = match checksum(pseudo + sum(&datagram)) {
        [0, 0] => [0xff, 0xff],
        check => check,
    };
    put(&mut datagram, 6, check);
    datagram
}

/// Packet of a UDP datagram.
pub fn udp(ends: Ends, source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
    let datagram = datagram(ends, source, destination, payload);
    ip(ends, protocol::UDP, &datagram)
}

/// Packet of an ICMP or ICMPv6 message, by the family of its ends: type, code, the four bytes
/// behind the checksum, and what follows.
pub fn icmp(ends: Ends, kind: u8, code: u8, rest: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut message = vec![kind, code, 0, 0];
    message.extend(rest);
    message.extend(data);
    let (number, pseudo) = match ends.source {
        IpAddr::V4(_) => (protocol::ICMP, 0),
        IpAddr::V6(_) => {
            let pseudo = ends.pseudo_header(protocol::ICMPV6, message.len());
            (protocol::ICMPV6, pseudo)
        }
    };
    let check = checksum(pseudo + sum(&message));
    put(&mut message, 2, check);
    ip(ends, number, &message)
}

/// Packet of an ICMP or ICMPv6 echo message: type, identifier, sequence number.
pub fn echo(ends: Ends, kind: u8, identifier: u16, sequence: u16) -> Vec<u8> {
    let [a, b] = identifier.to_be_bytes();
    let [c, d] = sequence.to_be_bytes();
    icmp(ends, kind, 0, [a, b, c, d], b"talot test")
}

/// Packet of an SCTP INIT (RFC 9260), whose checksum is a CRC32c.
pub fn sctp(ends: Ends, source: u16, destination: u16) -> Vec<u8> {
    let mut message = Vec::from(source.to_be_bytes());
    message.extend(destination.to_be_bytes());
    message.extend([0; 8]);
    message.extend([
        1, 0, 0, 20, 0, 0, 0, 9, 0, 1, 0, 0, 0, 10, 0, 10, 0, 0, 0, 1,
    ]);
    let check = crc32c(&message).to_le_bytes();
    message[8..12].copy_from_slice(&check);
    ip(ends, protocol::SCTP, &message)
}

/// CRC32c (Castagnoli), as RFC 9260 appendix A gives it.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 }
        })
    })
}

/// Packet of a UDP-Lite datagram whose checksum covers all (RFC 3828).
pub fn udp_lite(ends: Ends, source: u16, destination: u16) -> Vec<u8> {
    let mut datagram = Vec::from(source.to_be_bytes());
    datagram.extend(destination.to_be_bytes());
    datagram.extend([0, 0, 0, 0]);
    datagram.extend(b"lite");
    let pseudo = ends.pseudo_header(protocol::UDP_LITE, datagram.len());
    let check = checksum(pseudo + sum(&datagram));
    put(&mut datagram, 6, check);
    ip(ends, protocol::UDP_LITE, &datagram)
}

/// Packet of a DCCP request (RFC 4340) with short checksum coverage.
pub fn dccp(ends: Ends, source: u16, destination: u16) -> Vec<u8> {
    let mut message = Vec::from(source.to_be_bytes());
    message.extend(destination.to_be_bytes());
    message.extend([5, 0, 0, 0, 0x01, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 42]);
    let pseudo = ends.pseudo_header(protocol::DCCP, message.len());
    let check = checksum(pseudo + sum(&message));
    put(&mut message, 6, check);
    ip(ends, protocol::DCCP, &message)
}

/// A DNS message of one question (`example.`, A), as query or as response.
pub fn dns(identification: u16, response: bool) -> Vec<u8> {
    let mut message = Vec::from(identification.to_be_bytes());
    message.extend([if response { 0x81 } else { 0x01 }, 0x00]);
    message.extend([0, 1, 0, 0, 0, 0, 0, 0]);
    message.extend(b"\x07example\x00");
    message.extend([0, 1, 0, 1]);
    message
}

/// The `n`th address of 198.18.0.0/15 (RFC 2544), for many sources.
pub fn many_v4(n: u32) -> Ipv4Addr {
    Ipv4Addr::from(0xc612_0000 + n)
}

/// The `n`th address of 2001:db8:dead::/64, for many sources.
pub fn many_v6(n: u64) -> Ipv6Addr {
    Ipv6Addr::from(0x2001_0db8_dead_0000_0000_0000_0000_0000 + u128::from(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4() -> Ends {
        Ends::new("192.0.2.2", "198.51.100.7")
    }

    fn v6() -> Ends {
        Ends::new("2001:db8:1::2", "2001:db8:51::7")
    }

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: String = hex.split_whitespace().collect();
        (0..digits.len() / 2)
            .map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap())
            .collect()
    }

    // The literal bytes are Scapy's.

    #[test]
    fn tcp_segments() {
        let over_v4 = "4500002812340000 40067c5fc0000202c6336407
            9c40001700000001000000005002040 0234d0000";
        assert_eq!(tcp(v4(), 40000, 23, flag::SYN), bytes(over_v4));
        let over_v6 = "6000000000140640 20010db8000100000000000000000002
            20010db8005100000000000000000007 9c400017000000010000000050020400b3bd0000";
        assert_eq!(tcp(v6(), 40000, 23, flag::SYN), bytes(over_v6));
        let mut segment = Tcp::new(40000, 23, flag::SYN);
        segment.options = vec![2, 4, 0x05, 0xb4];
        segment.payload = b"abc".to_vec();
        let with_options = "4500002f1234000040067c58c0000202c6336407
            9c400017000000010000000060020400472b0000 020405b4 616263";
        assert_eq!(segment.packet(v4()), bytes(with_options));
    }

    #[test]
    fn udp_datagrams() {
        let over_v4 = "4500001f1234000040117c5dc0000202c6336407 9c400035000bb2c2616263";
        assert_eq!(udp(v4(), 40000, 53, b"abc"), bytes(over_v4));
        let over_v6 = "60000000000b1140 20010db8000100000000000000000002
            20010db8005100000000000000000007 9c400035000b4333616263";
        assert_eq!(udp(v6(), 40000, 53, b"abc"), bytes(over_v6));
    }

    #[test]
    fn echo_messages() {
        let over_v4 = "450000261234000040017c66c0000202c6336407
            0800bb2400070009 74616c6f742074657374";
        assert_eq!(echo(v4(), 8, 7, 9), bytes(over_v4));
        let over_v6 = "6000000000123a40 20010db8000100000000000000000002
            20010db8005100000000000000000007 8000e70a00070009 74616c6f742074657374";
        assert_eq!(echo(v6(), 128, 7, 9), bytes(over_v6));
    }

    #[test]
    fn other_transports() {
        let init = "450000341234000040847bd5c0000202c6336407 9c4013c40000000067f08f2e
            010000140000000900010000000a000a00000001";
        assert_eq!(sctp(v4(), 40000, 5060), bytes(init));
        let lite = "450000201234000040887be5c0000202c6336407 9c400035000095e96c697465";
        assert_eq!(udp_lite(v4(), 40000, 53), bytes(lite));
        let request = "450000281234000040217c44c0000202c6336407
            9c400050050070d101000000000000010000002a";
        assert_eq!(dccp(v4(), 40000, 80), bytes(request));
    }

    #[test]
    fn ipv4_options_and_fragments() {
        let mut header = Ipv4::new(v4(), protocol::GRE);
        header.identification = 0x77;
        header.ttl = 9;
        header.fragment_offset = 185;
        header.more_fragments = true;
        header.options = vec![0x94, 4, 0, 0];
        let expected = "4600001b007720b9092f0f43c0000202c6336407 94040000 78797a";
        assert_eq!(header.packet(b"xyz"), bytes(expected));
    }

    #[test]
    fn ipv6_extension_headers() {
        let mut header = Ipv6::new(v6(), protocol::UDP);
        header.hop_limit = 9;
        header.extensions = vec![
            Extension::HopByHop,
            Extension::Routing,
            Extension::DestinationOptions,
            Extension::Fragment(3, true, 0x0102_0304),
        ];
        let expected = "6000000000230009 20010db8000100000000000000000002
            20010db8005100000000000000000007 2b00010400000000 3c00fd0000000000
            2c00010400000000 1100001901020304 78797a";
        assert_eq!(header.packet(b"xyz"), bytes(expected));
        let mut header = Ipv6::new(v6(), protocol::NO_NEXT);
        header.extensions = vec![Extension::Authentication];
        let expected = "6000000000183340 20010db8000100000000000000000002
            20010db8005100000000000000000007 3b0400000000000700000001 aaaaaaaaaaaaaaaaaaaaaaaa";
        assert_eq!(header.packet(&[]), bytes(expected));
    }

    #[test]
    fn frames_with_two_tags() {
        let expected = "020000000001020000000002 88a80005 81000006 0800
            450000141234000040 2f7c4ac0000202c6336407";
        let packet = ip(v4(), protocol::GRE, &[]);
        assert_eq!(tagged(&[(DOT1AD, 5), (DOT1Q, 6)], &packet), bytes(expected));
        assert_eq!(frame(&packet)[12..14], [0x08, 0x00]);
        assert_eq!(frame(&ip(v6(), protocol::GRE, &[]))[12..14], [0x86, 0xdd]);
    }

    #[test]
    fn dns_messages() {
        let response = "000581000001000000000000076578616d706c650000010001";
        assert_eq!(dns(5, true), bytes(response));
        assert_eq!(dns(5, false)[2], 0x01);
    }

    #[test]
    fn many_sources() {
        assert_eq!(many_v4(257).to_string(), "198.18.1.1");
        assert_eq!(many_v6(257).to_string(), "2001:db8:dead::101");
    }
}
