//! The contract's reading rules, walked header by header; etherparse reads each header.

use std::net::IpAddr;

use etherparse::{
    Ethernet2HeaderSlice, IpAuthHeaderSlice, IpNumber, Ipv4HeaderSlice, Ipv6FragmentHeaderSlice,
    Ipv6HeaderSlice, Ipv6RawExtHeaderSlice, SingleVlanHeaderSlice, TcpHeaderSlice, UdpHeaderSlice,
    err::tcp::HeaderSliceError,
};

use crate::verdict::{Arrived, Message, Verdict};

const MALFORMED: Verdict = Verdict::passing("malformed");
const NON_IP: Verdict = Verdict::passing("non_ip");

/// What the contract says of a frame.
pub(crate) fn verdict(frame: &[u8]) -> Verdict {
    let Ok(ethernet) = Ethernet2HeaderSlice::from_slice(frame) else {
        return NON_IP;
    };
    let mut ether_type = ethernet.ether_type().0;
    let mut rest = &frame[14..];
    for _ in 0..2 {
        if matches!(ether_type, 0x8100 | 0x88a8) {
            let Ok(tag) = SingleVlanHeaderSlice::from_slice(rest) else {
                return NON_IP;
            };
            ether_type = tag.ether_type().0;
            rest = &rest[4..];
        }
    }
    let verdict = match ether_type {
        0x0800 => ipv4(rest),
        0x86dd => ipv6(rest),
        _ => return NON_IP,
    };
    verdict.unwrap_or(MALFORMED)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fragment {
    None,
    First,
    Later,
}

impl Fragment {
    const fn new(offset: u16, more: bool) -> Self {
        match (offset, more) {
            (0, false) => Self::None,
            (0, true) => Self::First,
            _ => Self::Later,
        }
    }
}

/// None: malformed.
fn ipv4(packet: &[u8]) -> Option<Verdict> {
    let header = Ipv4HeaderSlice::from_slice(packet).ok()?;
    let length = usize::from(header.total_len());
    let payload = packet.get(header.slice().len()..length)?;
    let arrived = Arrived {
        source: IpAddr::V4(header.source_addr()),
        destination: IpAddr::V4(header.destination_addr()),
        hop_limit: header.ttl(),
    };
    let fragment = Fragment::new(header.fragments_offset().value(), header.more_fragments());
    let transport = Transport {
        v4: true,
        protocol: header.protocol().0,
        fragment,
        jumbogram: false,
        bytes: payload,
    };
    Some(arrived.verdict(transport.message()?))
}

/// None: malformed.
fn ipv6(packet: &[u8]) -> Option<Verdict> {
    let header = Ipv6HeaderSlice::from_slice(packet).ok()?;
    let rest = &packet[40..];
    // RFC 2675: a length of 0, and a jumbo payload option.
    let jumbogram = header.payload_length() == 0
        && header.next_header() == IpNumber::IPV6_HEADER_HOP_BY_HOP
        && has_jumbo_payload(rest);
    let bytes = if jumbogram {
        rest
    } else {
        rest.get(..usize::from(header.payload_length()))?
    };
    let mut transport = Transport {
        v4: false,
        protocol: header.next_header().0,
        fragment: Fragment::None,
        jumbogram,
        bytes,
    };
    transport.step_over_extensions()?;
    let arrived = Arrived {
        source: IpAddr::V6(header.source_addr()),
        destination: IpAddr::V6(header.destination_addr()),
        hop_limit: header.hop_limit(),
    };
    Some(arrived.verdict(transport.message()?))
}

/// Whether a jumbo payload option is among the first eight of a hop-by-hop header that arrived whole.
fn has_jumbo_payload(header: &[u8]) -> bool {
    let Some(units) = header.get(1) else {
        return false;
    };
    let Some(mut options) = header.get(2..8 + 8 * usize::from(*units)) else {
        return false;
    };
    for _ in 0..8 {
        options = match options {
            [0xc2, _, _, _, _, _, ..] => return true,
            [0, rest @ ..] => rest, // Pad1, a single byte
            [_, length, rest @ ..] => rest.get(usize::from(*length)..).unwrap_or(&[]),
            _ => return false,
        };
    }
    false
}

/// What an IP packet carries.
struct Transport<'a> {
    v4: bool,
    protocol: u8,
    fragment: Fragment,
    jumbogram: bool,
    bytes: &'a [u8],
}

const fn is_extension(protocol: u8) -> bool {
    // Hop-by-hop, routing, fragment, AH, destination options, mobility.
    matches!(protocol, 0 | 43 | 44 | 51 | 60 | 135)
}

impl Transport<'_> {
    /// None: malformed. A first fragment may end within the chain.
    fn step_over_extensions(&mut self) -> Option<()> {
        let mut read = 0;
        while is_extension(self.protocol) && self.fragment != Fragment::Later {
            if read == 8 {
                return None;
            }
            read += 1;
            match self.extension() {
                Some((next, length)) => {
                    self.protocol = next;
                    self.bytes = &self.bytes[length..];
                }
                None if self.fragment == Fragment::First => return Some(()),
                None => return None,
            }
        }
        Some(())
    }

    /// Next header and length of an extension header; none if it is cut short.
    fn extension(&mut self) -> Option<(u8, usize)> {
        match self.protocol {
            44 => {
                let header = Ipv6FragmentHeaderSlice::from_slice(self.bytes).ok()?;
                let offset = header.fragment_offset().value();
                let fragment = Fragment::new(offset, header.more_fragments());
                if fragment != Fragment::None {
                    self.fragment = fragment;
                }
                Some((header.next_header().0, header.slice().len()))
            }
            // RFC 4302 counts 4-byte words beyond two, and has three at least. That there are two
            // is no contradiction that the contract names.
            51 if self.bytes.len() >= 8 && self.bytes[1] == 0 => Some((self.bytes[0], 8)),
            51 => {
                let header = IpAuthHeaderSlice::from_slice(self.bytes).ok()?;
                Some((header.next_header().0, header.slice().len()))
            }
            _ => {
                let header = Ipv6RawExtHeaderSlice::from_slice(self.bytes).ok()?;
                Some((header.next_header().0, header.slice().len()))
            }
        }
    }

    /// None: malformed. A first fragment may be too short for its transport header.
    fn message(&self) -> Option<Message> {
        let Self {
            protocol, bytes, ..
        } = *self;
        let fragment = Message::Fragment { protocol };
        if self.fragment == Fragment::Later {
            return Some(fragment);
        }
        let cut_short = (self.fragment == Fragment::First).then_some(fragment);
        match protocol {
            6 => match TcpHeaderSlice::from_slice(bytes) {
                Ok(header) => Some(Message::Tcp {
                    ports: [header.source_port(), header.destination_port()],
                    syn: header.syn(),
                    ack: header.ack(),
                    rst: header.rst(),
                }),
                Err(HeaderSliceError::Len(_)) => cut_short,
                Err(HeaderSliceError::Content(_)) => None,
            },
            17 => match UdpHeaderSlice::from_slice(bytes) {
                Ok(header) => self.udp(&header),
                Err(_) => cut_short,
            },
            33 | 132 => self.ported(12).or(cut_short),
            136 => self.ported(8).or(cut_short),
            1 | 58 if (protocol == 1) == self.v4 => match bytes {
                [kind, _, _, _, _, _, _, _, ..] => Some(Message::Icmp { kind: *kind }),
                _ => cut_short,
            },
            // Where the chain of extension headers ended before its end.
            _ if !self.v4 && is_extension(protocol) => cut_short,
            _ => Some(Message::Portless { protocol }),
        }
    }

    fn udp(&self, header: &UdpHeaderSlice<'_>) -> Option<Message> {
        let length = usize::from(header.length());
        let whole = self.fragment == Fragment::None;
        if length < 8 && !(length == 0 && self.jumbogram) || whole && length > self.bytes.len() {
            return None;
        }
        // Of a fragment, and of a jumbogram, the length says nothing about this packet.
        let end = if whole && length != 0 {
            length
        } else {
            self.bytes.len()
        };
        let data = &self.bytes[..end];
        Some(Message::Udp {
            ports: [header.source_port(), header.destination_port()],
            third: data.get(10).copied(),
        })
    }

    /// Protocols that etherparse does not read: their headers begin with two ports.
    fn ported(&self, header: usize) -> Option<Message> {
        let bytes = self.bytes.get(..header)?;
        Some(Message::Ported {
            protocol: self.protocol,
            destination: u16::from_be_bytes([bytes[2], bytes[3]]),
        })
    }
}
