//! IP headers.

use std::net::IpAddr;

use super::{Ends, checksum, protocol, put, sum};

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
