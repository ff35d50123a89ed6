//! IPv4 (RFC 791) and IPv6 with its extension headers (RFC 8200).

use super::{Address, Malformed, Packet, Plain, Quoted, Thread, V4, V6};
use crate::{
    marks::{self, Syn},
    port_type::protocol,
};

/// What an IP header says, down to where the transport header begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram<A> {
    /// Source address.
    pub source: A,
    /// Destination address.
    pub destination: A,
    /// IANA number of the transport protocol.
    pub protocol: u8,
    /// Time to live, or hop limit.
    pub hop_limit: u8,
    /// Whether this is a fragment.
    pub fragment: Fragment,
    /// Identification of the fragmented packet.
    pub identification: u32,
    /// Where the transport header begins.
    pub transport: usize,
    /// Where the packet ends; bytes behind are padding.
    pub end: usize,
    /// Whether the length stands in a jumbo payload option (RFC 2675).
    pub jumbogram: bool,
}

/// Whether a packet is a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fragment {
    /// Not a fragment, or an atomic one (RFC 6946).
    None,
    /// The first of several.
    First,
    /// Any other.
    Later,
}

impl Fragment {
    /// From the field that IPv4 and IPv6 have in common.
    #[inline(always)]
    const fn new(offset: u16, more: bool) -> Self {
        if offset != 0 {
            Self::Later
        } else if more {
            Self::First
        } else {
            Self::None
        }
    }
}

#[derive(Clone, Copy)]
#[repr(C)]
struct Ipv4Header {
    version_ihl: u8,
    tos: u8,
    total_length: u16,
    identification: u16,
    fragment: u16,
    ttl: u8,
    protocol: u8,
    checksum: u16,
    source: V4,
    destination: V4,
}

#[derive(Clone, Copy)]
#[repr(C)]
struct Ipv6Header {
    version_class_flow: [u8; 4],
    payload_length: u16,
    next_header: u8,
    hop_limit: u8,
    source: V6,
    destination: V6,
}

// SAFETY: repr(C) of integers, 20 and 40 bytes without padding.
unsafe impl Plain for Ipv4Header {}
// SAFETY: as above.
unsafe impl Plain for Ipv6Header {}
const _: () = assert!(size_of::<Ipv4Header>() == 20 && size_of::<Ipv6Header>() == 40);

impl Ipv4Header {
    #[inline(always)]
    const fn length(&self) -> usize {
        (self.version_ihl & 15) as usize * 4
    }

    #[inline(always)]
    const fn fragment(&self) -> Fragment {
        let field = u16::from_be(self.fragment);
        Fragment::new(field & 0x1fff, field & 0x2000 != 0)
    }
}

impl Address for V4 {
    #[inline(always)]
    fn read<P: Packet>(packet: &P, offset: usize) -> Result<Datagram<Self>, Malformed> {
        let header: Ipv4Header = packet.load(offset).ok_or(Malformed)?;
        let header_length = header.length();
        let total_length = usize::from(u16::from_be(header.total_length));
        if header.version_ihl >> 4 != 4
            || header_length < size_of::<Ipv4Header>()
            || total_length < header_length
            || !packet.reaches(offset + total_length)
        {
            return Err(Malformed);
        }
        Ok(Datagram {
            source: header.source,
            destination: header.destination,
            protocol: header.protocol,
            hop_limit: header.ttl,
            fragment: header.fragment(),
            identification: u32::from(header.identification),
            transport: offset + header_length,
            end: offset + total_length,
            jumbogram: false,
        })
    }

    #[inline(always)]
    fn read_quoted<P: Packet>(packet: &P, offset: usize) -> Option<Quoted<Self>> {
        let header: Ipv4Header = packet.load(offset)?;
        if header.version_ihl >> 4 != 4 || matches!(header.fragment(), Fragment::Later) {
            return None;
        }
        let transport = offset + header.length();
        Some(Quoted {
            source: header.source,
            destination: header.destination,
            thread: Thread::quoted::<Self, P>(packet, header.protocol, transport)?,
        })
    }

    #[inline(always)]
    fn is_icmp(number: u8) -> bool {
        number == protocol::ICMP
    }

    #[inline(always)]
    fn marks_of_access(ip: &Datagram<Self>) -> u8 {
        marks::of_access(ip)
    }

    #[inline(always)]
    fn marks_of_syn(ip: &Datagram<Self>, syn: Syn) -> u8 {
        marks::of_syn(ip, syn)
    }

    #[inline(always)]
    fn words(self) -> [u64; 2] {
        [u64::from(self.0), 0]
    }
}

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const DESTINATION_OPTIONS: u8 = 60;
const MOBILITY: u8 = 135;

/// How many extension headers a packet may have.
const MOST_EXTENSIONS: usize = 8;

/// All bits of the largest offset that they can lead to: 2,048 bytes each, and what is before them.
const LARGEST_OFFSET: usize = 0x7fff;

#[inline(always)]
pub(super) const fn is_extension(next_header: u8) -> bool {
    matches!(
        next_header,
        HOP_BY_HOP | ROUTING | FRAGMENT | DESTINATION_OPTIONS | MOBILITY
    ) || next_header == protocol::AH
}

/// Where the chain of extension headers leads.
struct Chain {
    protocol: u8,
    transport: usize,
    fragment: Fragment,
    identification: u32,
}

/// Why a chain could not be followed to its end.
enum Broken {
    /// A header goes behind `end`, in a first fragment: what could be read so far.
    InFirstFragment(Chain),
    /// A header goes behind `end`, or there are too many.
    Anywhere,
}

impl Chain {
    /// Follows the extension headers from `offset`, none of which may go behind `end`.
    #[inline(always)]
    fn follow<P: Packet>(packet: &P, first: u8, offset: usize, end: usize) -> Result<Self, Broken> {
        let mut chain = Self {
            protocol: first,
            transport: offset,
            fragment: Fragment::None,
            identification: 0,
        };
        let mut read = 0;
        while is_extension(chain.protocol) {
            if read == MOST_EXTENSIONS {
                return Err(Broken::Anywhere);
            }
            read += 1;
            let at = packet.forget(chain.transport, LARGEST_OFFSET);
            let header = if at + 8 <= end {
                packet.load::<[u8; 8]>(at)
            } else {
                None
            };
            let Some(header) = header else {
                return Err(chain.broken());
            };
            // Lengths count 8 bytes beyond the first 8; for AH (RFC 4302) 4 bytes beyond 8.
            let units = usize::from(header[1]);
            let length = if chain.protocol == FRAGMENT {
                8
            } else if chain.protocol == protocol::AH {
                units * 4 + 8
            } else {
                units * 8 + 8
            };
            if at + length > end {
                return Err(chain.broken());
            }
            if chain.protocol == FRAGMENT {
                let field = u16::from_be_bytes([header[2], header[3]]);
                let fragment = Fragment::new(field >> 3, field & 1 != 0);
                if !matches!(fragment, Fragment::None) {
                    chain.fragment = fragment;
                    chain.identification =
                        u32::from_ne_bytes([header[4], header[5], header[6], header[7]]);
                }
                if matches!(fragment, Fragment::Later) {
                    chain.protocol = header[0];
                    chain.transport = at + length;
                    return Ok(chain);
                }
            }
            chain.protocol = header[0];
            chain.transport = at + length;
        }
        chain.transport = packet.forget(chain.transport, LARGEST_OFFSET);
        chain.protocol = packet.forget(usize::from(chain.protocol), 0xff) as u8;
        Ok(chain)
    }

    #[inline(always)]
    fn broken(self) -> Broken {
        if matches!(self.fragment, Fragment::First) {
            Broken::InFirstFragment(self)
        } else {
            Broken::Anywhere
        }
    }
}

/// How many options of a hop-by-hop header are looked at; RFC 8504 lets a node take no more.
const MOST_OPTIONS: usize = 8;

/// Whether the header is a hop-by-hop header with a jumbo payload option (RFC 2675), wherever in it
/// that stands.
#[inline(always)]
fn is_jumbogram<P: Packet>(packet: &P, next_header: u8, offset: usize) -> bool {
    const PAD1: u8 = 0;
    const JUMBO_PAYLOAD: u8 = 0xc2;
    const JUMBO_PAYLOAD_OPTION: usize = 6;
    if next_header != HOP_BY_HOP {
        return false;
    }
    let Some(units) = packet.load::<u8>(offset + 1) else {
        return false;
    };
    let end = offset + 8 + usize::from(units) * 8;
    let mut option = offset + 2;
    let mut read = 0;
    while read < MOST_OPTIONS && option + JUMBO_PAYLOAD_OPTION <= end {
        let Some([kind, length]) = packet.load::<[u8; 2]>(option) else {
            return false;
        };
        if kind == JUMBO_PAYLOAD {
            return true;
        }
        let length = if kind == PAD1 {
            1
        } else {
            usize::from(length) + 2
        };
        option = packet.forget(option + length, LARGEST_OFFSET);
        read += 1;
    }
    false
}

impl Address for V6 {
    #[inline(always)]
    fn read<P: Packet>(packet: &P, offset: usize) -> Result<Datagram<Self>, Malformed> {
        let header: Ipv6Header = packet.load(offset).ok_or(Malformed)?;
        if header.version_class_flow[0] >> 4 != 6 {
            return Err(Malformed);
        }
        let start = offset + size_of::<Ipv6Header>();
        let payload = usize::from(u16::from_be(header.payload_length));
        let jumbogram = payload == 0 && is_jumbogram(packet, header.next_header, start);
        let end = if jumbogram {
            packet.length()
        } else {
            start + payload
        };
        if !packet.reaches(end) {
            return Err(Malformed);
        }
        let chain = match Chain::follow(packet, header.next_header, start, end) {
            Ok(chain) => chain,
            // It ends with an extension header, so it has no port.
            Err(Broken::InFirstFragment(chain)) => chain,
            Err(Broken::Anywhere) => return Err(Malformed),
        };
        Ok(Datagram {
            source: header.source,
            destination: header.destination,
            protocol: chain.protocol,
            hop_limit: header.hop_limit,
            fragment: chain.fragment,
            identification: chain.identification,
            transport: chain.transport,
            end,
            jumbogram,
        })
    }

    #[inline(always)]
    fn read_quoted<P: Packet>(packet: &P, offset: usize) -> Option<Quoted<Self>> {
        let header: Ipv6Header = packet.load(offset)?;
        let start = offset + size_of::<Ipv6Header>();
        let Ok(chain) = Chain::follow(packet, header.next_header, start, packet.length()) else {
            return None;
        };
        if header.version_class_flow[0] >> 4 != 6 || matches!(chain.fragment, Fragment::Later) {
            return None;
        }
        Some(Quoted {
            source: header.source,
            destination: header.destination,
            thread: Thread::quoted::<Self, P>(packet, chain.protocol, chain.transport)?,
        })
    }

    #[inline(always)]
    fn is_icmp(number: u8) -> bool {
        number == protocol::ICMPV6
    }

    #[inline(always)]
    fn words(self) -> [u64; 2] {
        let [a, b, c, d] = self.0;
        [
            u64::from(a) << 32 | u64::from(b),
            u64::from(c) << 32 | u64::from(d),
        ]
    }
}
