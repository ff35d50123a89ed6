//! What the frames of a capture begin with: the link types of the registry at
//! <https://www.tcpdump.org/linktypes.html> that Talot reads.

use talot_common::packet::{Frame, Link, Network, Packet as _, V4};

/// A link type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkType {
    /// An Ethernet header.
    Ethernet,
    /// The IP header itself, of either version.
    Ip,
    /// An IPv4 header.
    Ipv4,
    /// An IPv6 header.
    Ipv6,
    /// Four bytes that say which, in either byte order (BSD loopback).
    Loopback,
    /// Linux cooked capture, version 1.
    Cooked,
    /// Linux cooked capture, version 2.
    Cooked2,
}

/// Names of link types that are met and not read.
const OTHERS: [(u16, &str); 9] = [
    (6, "Token Ring"),
    (9, "PPP"),
    (50, "PPP in HDLC-like framing"),
    (51, "PPPoE"),
    (105, "IEEE 802.11"),
    (127, "IEEE 802.11 with radiotap header"),
    (189, "USB"),
    (220, "USB"),
    (239, "NFLOG"),
];

const COOKED_HEADER: usize = 16;
const COOKED2_HEADER: usize = 20;
const ARP: u16 = 0x0806;

impl LinkType {
    /// The link type of a number of the registry; else what is to be said of it.
    pub(super) fn from_number(number: u16) -> Result<Self, String> {
        match number {
            0 | 108 => Ok(Self::Loopback),
            1 => Ok(Self::Ethernet),
            101 => Ok(Self::Ip),
            113 => Ok(Self::Cooked),
            228 => Ok(Self::Ipv4),
            229 => Ok(Self::Ipv6),
            276 => Ok(Self::Cooked2),
            _ => {
                let name = OTHERS.iter().find(|(other, _)| *other == number);
                let name = name.map_or(String::new(), |(_, name)| format!(" ({name})"));
                Err(format!(
                    "link type {number}{name} cannot be read, only Ethernet (1), raw IP (101, 228, \
                     229), Linux cooked (113, 276) and BSD loopback (0, 108)"
                ))
            }
        }
    }

    /// Where the IP header of a frame begins.
    pub fn network(self, frame: &Frame<'_>) -> Network {
        match self {
            Self::Ethernet => Network::find(frame, Link::Ethernet),
            Self::Ip => Network::find(frame, Link::Ip),
            Self::Ipv4 => Network::V4(0),
            Self::Ipv6 => Network::V6(0),
            Self::Loopback => loopback(frame),
            Self::Cooked | Self::Cooked2 => self
                .payload(frame)
                .and_then(|(ether_type, offset)| Network::of_type(frame, ether_type, offset))
                .unwrap_or(Network::Other),
        }
    }

    /// Whether the frame says that the capturing host sends it.
    pub fn is_leaving(self, frame: &Frame<'_>) -> bool {
        const OUTGOING: u16 = 4;
        match self {
            Self::Cooked => frame.load_u16(0) == Some(OUTGOING),
            Self::Cooked2 => frame.load::<u8>(10).map(u16::from) == Some(OUTGOING),
            _ => false,
        }
    }

    /// Who sends an ARP packet for IPv4 (RFC 826).
    pub fn arp_sender(self, frame: &Frame<'_>) -> Option<V4> {
        let (ether_type, offset) = self.payload(frame)?;
        let [_, _, 0x08, 0x00, hardware, 4] = frame.load::<[u8; 6]>(offset)? else {
            return None;
        };
        (ether_type == ARP)
            .then(|| frame.load(offset + 8 + usize::from(hardware)))
            .flatten()
    }

    /// The EtherType that a whole header gives, and where the header ends.
    fn payload(self, frame: &Frame<'_>) -> Option<(u16, usize)> {
        let (at, end) = match self {
            Self::Ethernet => (12, 14),
            Self::Cooked => (COOKED_HEADER - 2, COOKED_HEADER),
            Self::Cooked2 => (0, COOKED2_HEADER),
            Self::Ip | Self::Ipv4 | Self::Ipv6 | Self::Loopback => return None,
        };
        let is_whole = frame.bytes.len() >= end;
        is_whole.then_some((frame.load_u16(at)?, end))
    }
}

/// Behind an address family as the capturing system numbers it.
fn loopback(frame: &Frame<'_>) -> Network {
    const HEADER: usize = 4;
    let Some(bytes) = frame.load::<[u8; HEADER]>(0) else {
        return Network::Other;
    };
    match u32::from_le_bytes(bytes).min(u32::from_be_bytes(bytes)) {
        2 => Network::V4(HEADER),
        // Linux; NetBSD and OpenBSD; FreeBSD; macOS.
        10 | 24 | 28 | 30 => Network::V6(HEADER),
        _ => Network::Other,
    }
}
