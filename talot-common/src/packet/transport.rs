//! The transport header: what it is aimed at, which class of unsolicited packet it would be, and
//! which conversation it belongs to.

use super::{Address, Datagram, Fragment, Malformed, Packet, Plain, ip::is_extension};
use crate::{
    marks::Syn,
    port_type::{Aim, Kind, protocol},
    words::Class,
};

/// What tells the conversations of two addresses apart: the protocol and, as a packet has them,
/// its two ports (TCP, UDP, SCTP) or twice the identifier of an ICMP query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thread {
    /// IANA protocol number.
    pub protocol: u8,
    /// Source port, or identifier.
    pub from: u16,
    /// Destination port, or identifier.
    pub to: u16,
}

impl Thread {
    /// The same conversation as its other side sends it.
    #[inline(always)]
    pub const fn reversed(self) -> Self {
        Self {
            protocol: self.protocol,
            from: self.to,
            to: self.from,
        }
    }

    /// What an ICMP error quotes of a transport header: eight bytes at least, by RFC 792. None
    /// where that is too little, or itself an error, which begins no conversation.
    #[inline(always)]
    pub(super) fn quoted<A: Address, P: Packet>(
        packet: &P,
        number: u8,
        offset: usize,
    ) -> Option<Self> {
        let (mut from, mut to) = (0, 0);
        match number {
            protocol::TCP | protocol::UDP | protocol::SCTP => {
                from = packet.load_u16(offset)?;
                to = packet.load_u16(offset + 2)?;
            }
            _ if A::is_icmp(number) => {
                let icmp = Icmp::of::<A>(packet.load::<u8>(offset)?);
                if icmp.is_error {
                    return None;
                }
                if icmp.is_query {
                    from = packet.load_u16(offset + 4)?;
                    to = from;
                }
            }
            _ => {}
        }
        Some(Self {
            protocol: number,
            from,
            to,
        })
    }
}

/// What an ICMP error quotes: the conversation of a packet that the watched host has sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoted<A> {
    /// Who sent the quoted packet.
    pub source: A,
    /// To whom.
    pub destination: A,
    /// In which conversation, as it was sent.
    pub thread: Thread,
}

/// Stands for the port of a packet that has none.
pub const NO_PORT: u32 = 1 << 16;

/// What a transport header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transport {
    /// Port type; for backscatter that of the victim.
    pub aim: Aim,
    /// The class of the packet if it is unsolicited (rows 7 to 9 of the decision table).
    pub class: Class,
    /// Its conversation.
    pub thread: Thread,
    /// Destination port, or [`NO_PORT`]. Not an `Option`, whose unset half the compiler fills with
    /// whatever a register holds, and the verifier minds.
    pub destination_port: u32,
    /// Row 3: neighbour discovery and its like.
    pub link_control: bool,
    /// Belongs to no conversation: link control, and ICMP that is neither query nor error.
    pub solitary: bool,
    /// TCP with SYN and without ACK: begins a conversation, is never part of one.
    pub opens: bool,
    /// TCP with RST, or an ICMP error: sent by the host, it begins no conversation.
    pub refuses: bool,
    /// Where an ICMP error quotes; 0 in every other packet.
    pub quote: usize,
    /// Scanners' fingerprints of an access, a bit each ([`crate::marks`]).
    pub marks: u8,
}

/// How an ICMP type is to be treated.
#[derive(Clone, Copy)]
struct Icmp {
    kind: Kind,
    is_backscatter: bool,
    is_error: bool,
    is_query: bool,
}

impl Icmp {
    #[inline(always)]
    fn of<A: Address>(icmp_type: u8) -> Self {
        if A::is_icmp(protocol::ICMP) {
            Self {
                kind: Kind::Icmp,
                is_backscatter: matches!(icmp_type, 0 | 3 | 4 | 5 | 11 | 12 | 14 | 16 | 18 | 43),
                is_error: matches!(icmp_type, 3 | 4 | 5 | 11 | 12),
                // Echo, timestamp, information, address mask, extended echo (RFC 792, 950, 8335).
                is_query: matches!(icmp_type, 0 | 8 | 13..=18 | 42 | 43),
            }
        } else {
            Self {
                kind: Kind::Icmpv6,
                is_backscatter: matches!(icmp_type, 1..=4 | 129 | 161),
                is_error: matches!(icmp_type, 1..=4),
                // Echo and extended echo (RFC 4443, 8335).
                is_query: matches!(icmp_type, 128 | 129 | 160 | 161),
            }
        }
    }

    /// ICMPv6 of the link itself: multicast listener (RFC 2710, 3810) and neighbour discovery,
    /// which is genuine only with hop limit 255 (RFC 4861).
    #[inline(always)]
    const fn is_link_control(&self, icmp_type: u8, hop_limit: u8) -> bool {
        matches!(self.kind, Kind::Icmpv6)
            && match icmp_type {
                130..=132 | 143 => true,
                133..=137 => hop_limit == 255,
                _ => false,
            }
    }
}

/// The beginning of a TCP header (RFC 9293), as it stands in the packet.
#[derive(Clone, Copy)]
#[repr(C)]
struct TcpHeader {
    ports: [u16; 2],
    sequence: u32,
    acknowledgment: u32,
    offset: u8,
    flags: u8,
    window: u16,
}

// SAFETY: repr(C) of integers, 16 bytes without padding.
unsafe impl Plain for TcpHeader {}
const _: () = assert!(size_of::<TcpHeader>() == 16);

mod tcp {
    pub(super) const HEADER: usize = 20;
    pub(super) const SYN: u8 = 0x02;
    pub(super) const RST: u8 = 0x04;
    pub(super) const ACK: u8 = 0x10;
}

const UDP_HEADER: usize = 8;
const ICMP_HEADER: usize = 8;

impl Transport {
    /// Reads the transport header of a datagram.
    #[inline(always)]
    pub fn read<A: Address, P: Packet>(packet: &P, ip: &Datagram<A>) -> Result<Self, Malformed> {
        if matches!(ip.fragment, Fragment::Later) {
            return Ok(Self::without_header(ip.protocol, Kind::Fragment));
        }
        let read = match ip.protocol {
            protocol::TCP => Self::tcp(packet, ip)?,
            protocol::UDP => Self::udp(packet, ip)?,
            protocol::SCTP => Self::ported(packet, ip, Kind::Sctp, 12),
            protocol::DCCP => Self::ported(packet, ip, Kind::Dccp, 12),
            protocol::UDP_LITE => Self::ported(packet, ip, Kind::UdpLite, 8),
            protocol::IGMP if A::is_icmp(protocol::ICMP) => Some(Self {
                link_control: true,
                solitary: true,
                ..Self::without_header(ip.protocol, Kind::Portless)
            }),
            number if A::is_icmp(number) => Self::icmp::<A, P>(packet, ip),
            // The chain of extension headers goes on in a later fragment.
            number if !A::is_icmp(protocol::ICMP) && is_extension(number) => None,
            number => Some(Self::without_header(number, Kind::Portless)),
        };
        match read {
            Some(mut transport) => {
                if matches!(transport.class, Class::Access) {
                    transport.marks |= A::marks_of_access(ip);
                }
                Ok(transport)
            }
            // A first fragment too short for its transport header has no port (nmap -f).
            None if matches!(ip.fragment, Fragment::First) => {
                Ok(Self::without_header(ip.protocol, Kind::Fragment))
            }
            None => Err(Malformed),
        }
    }

    #[inline(always)]
    const fn without_header(number: u8, kind: Kind) -> Self {
        Self {
            aim: Aim {
                kind,
                number: number as u16,
            },
            class: Class::Access,
            thread: Thread {
                protocol: number,
                from: 0,
                to: 0,
            },
            destination_port: NO_PORT,
            link_control: false,
            solitary: false,
            opens: false,
            refuses: false,
            quote: 0,
            marks: 0,
        }
    }

    /// A header that begins with two ports.
    #[inline(always)]
    const fn with_ports(kind: Kind, number: u8, class: Class, ports: [u16; 2]) -> Self {
        let [from, to] = [u16::from_be(ports[0]), u16::from_be(ports[1])];
        let aimed_at = match class {
            Class::Backscatter => from,
            Class::Access | Class::Stray => to,
        };
        Self {
            aim: Aim {
                kind,
                number: aimed_at,
            },
            class,
            thread: Thread {
                protocol: number,
                from,
                to,
            },
            destination_port: to as u32,
            link_control: false,
            solitary: false,
            opens: false,
            refuses: false,
            quote: 0,
            marks: 0,
        }
    }

    #[inline(always)]
    fn tcp<A: Address, P: Packet>(packet: &P, ip: &Datagram<A>) -> Result<Option<Self>, Malformed> {
        let at = ip.transport;
        if at + tcp::HEADER > ip.end {
            return Ok(None);
        }
        let Some(TcpHeader {
            ports,
            sequence,
            acknowledgment: _,
            offset,
            flags,
            window,
        }) = packet.load(at)
        else {
            return Ok(None);
        };
        let header = usize::from(offset >> 4) * 4;
        if header < tcp::HEADER {
            return Err(Malformed);
        }
        if at + header > ip.end {
            return Ok(None);
        }
        let syn = flags & tcp::SYN != 0;
        let ack = flags & tcp::ACK != 0;
        let rst = flags & tcp::RST != 0;
        let class = if rst || (syn && ack) {
            Class::Backscatter
        } else if ack {
            Class::Stray
        } else {
            Class::Access
        };
        let opens = syn && !ack;
        let marks = if opens && !rst {
            A::marks_of_syn(
                ip,
                Syn {
                    destination_port: ports[1],
                    sequence,
                    window,
                    has_options: header > tcp::HEADER,
                },
            )
        } else {
            0
        };
        Ok(Some(Self {
            opens,
            refuses: rst,
            marks,
            ..Self::with_ports(Kind::Tcp, protocol::TCP, class, ports)
        }))
    }

    #[inline(always)]
    fn udp<A: Address, P: Packet>(packet: &P, ip: &Datagram<A>) -> Result<Option<Self>, Malformed> {
        const DNS: u16 = 53;
        let at = ip.transport;
        if at + UDP_HEADER > ip.end {
            return Ok(None);
        }
        let Some([from, to, length]) = packet.load::<[u16; 3]>(at) else {
            return Ok(None);
        };
        let length = usize::from(u16::from_be(length));
        // The length of a fragmented packet is that of the whole.
        let too_long = at + length > ip.end && matches!(ip.fragment, Fragment::None);
        if (length < UDP_HEADER && !(length == 0 && ip.jumbogram)) || too_long {
            return Err(Malformed);
        }
        // Of a fragment, and of a jumbogram, the length says nothing about this packet.
        let data_end = if matches!(ip.fragment, Fragment::None) && length != 0 {
            at + length
        } else {
            ip.end
        };
        // RFC 1035: QR is the first bit of the third byte.
        let is_dns_answer = u16::from_be(from) == DNS
            && at + UDP_HEADER + 3 <= data_end
            && packet
                .load::<u8>(at + UDP_HEADER + 2)
                .is_some_and(|byte| byte & 0x80 != 0);
        let class = if is_dns_answer {
            Class::Backscatter
        } else {
            Class::Access
        };
        let udp = Self::with_ports(Kind::Udp, protocol::UDP, class, [from, to]);
        // DHCP from server to client (RFC 2131, 8415).
        let dhcp = if A::is_icmp(protocol::ICMP) {
            [67, 68]
        } else {
            [547, 546]
        };
        let is_dhcp = [udp.thread.from, udp.thread.to] == dhcp;
        Ok(Some(Self {
            link_control: is_dhcp,
            solitary: is_dhcp,
            ..udp
        }))
    }

    #[inline(always)]
    fn ported<A: Address, P: Packet>(
        packet: &P,
        ip: &Datagram<A>,
        kind: Kind,
        header: usize,
    ) -> Option<Self> {
        if ip.transport + header > ip.end {
            return None;
        }
        let ports = packet.load::<[u16; 2]>(ip.transport)?;
        let mut read = Self::with_ports(kind, ip.protocol, Class::Access, ports);
        if !matches!(kind, Kind::Sctp) {
            // The conversations of these are told apart by addresses and protocol alone.
            read.thread.from = 0;
            read.thread.to = 0;
        }
        Some(read)
    }

    #[inline(always)]
    fn icmp<A: Address, P: Packet>(packet: &P, ip: &Datagram<A>) -> Option<Self> {
        let at = ip.transport;
        if at + ICMP_HEADER > ip.end {
            return None;
        }
        let icmp_type = packet.load::<u8>(at)?;
        let icmp = Icmp::of::<A>(icmp_type);
        let identifier = if icmp.is_query {
            packet.load_u16(at + 4)?
        } else {
            0
        };
        Some(Self {
            aim: Aim {
                kind: icmp.kind,
                number: u16::from(icmp_type),
            },
            class: if icmp.is_backscatter {
                Class::Backscatter
            } else {
                Class::Access
            },
            thread: Thread {
                protocol: ip.protocol,
                from: identifier,
                to: identifier,
            },
            destination_port: NO_PORT,
            link_control: icmp.is_link_control(icmp_type, ip.hop_limit),
            solitary: !icmp.is_query && !icmp.is_error,
            opens: false,
            refuses: icmp.is_error,
            quote: if icmp.is_error { at + ICMP_HEADER } else { 0 },
            marks: 0,
        })
    }
}
