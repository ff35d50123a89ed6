//! etherparse's own reading of a whole frame, wherever its rules are the contract's.

use std::net::IpAddr;

use etherparse::{
    IpNumber, Ipv6ExtensionSlice, LaxNetSlice, LaxSlicedPacket, LinkExtSlice, LinkSlice, NetSlice,
    SlicedPacket, TransportSlice,
    err::{Layer, LenError, packet::SliceError},
};

use crate::verdict::{Arrived, Message, Verdict};

/// Where etherparse reads by another rule than the contract, each said once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Departure {
    /// It reads 0x9100 as a VLAN tag, MACsec, ARP and a third tag: all `non_ip` here.
    Link,
    /// It steps over AH in IPv4 too; here that is protocol 51.
    AuthenticationInIpv4,
    /// It refuses an AH that says it has no payload; the contract does not name that.
    EmptyAuthentication,
    /// It refuses hop-by-hop options that do not come first; here any order will do.
    HopByHopNotFirst,
    /// It does not step over mobility headers.
    Mobility,
    /// It has no limit of eight extension headers.
    ManyExtensions,
    /// A payload length of 0 means all that arrived to it; here only in a jumbogram.
    Ipv6LengthZero,
    /// It does not look into first fragments, and goes on reading headers in later ones.
    Fragment,
    /// A UDP length of 0 means all that arrived to it; here it is malformed.
    UdpLengthZero,
    /// It does not read SCTP, UDP-Lite and DCCP.
    Ported,
    /// It reads ICMP in IPv6, ICMPv6 in IPv4 and IGMP in IPv6; here they have no ports.
    OtherFamily,
    /// It asks for more of IGMP, and of ICMP timestamps, than their first bytes.
    MessageLength,
}

impl Departure {
    pub(crate) const COUNT: usize = 12;

    pub(crate) const ALL: [Self; Self::COUNT] = [
        Self::Link,
        Self::AuthenticationInIpv4,
        Self::EmptyAuthentication,
        Self::HopByHopNotFirst,
        Self::Mobility,
        Self::ManyExtensions,
        Self::Ipv6LengthZero,
        Self::Fragment,
        Self::UdpLengthZero,
        Self::Ported,
        Self::OtherFamily,
        Self::MessageLength,
    ];
}

const NON_IP: Verdict = Verdict::passing("non_ip");
const MALFORMED: Verdict = Verdict::passing("malformed");

/// The verdict on a frame as etherparse reads it, or why its rules are not the contract's.
pub(crate) fn verdict(frame: &[u8]) -> Result<Verdict, Departure> {
    match SlicedPacket::from_ethernet(frame) {
        Ok(packet) => understood(&packet),
        Err(error) => refused(frame, &error),
    }
}

fn understood(packet: &SlicedPacket<'_>) -> Result<Verdict, Departure> {
    let Some(LinkSlice::Ethernet2(ethernet)) = &packet.link else {
        return Ok(NON_IP);
    };
    let mut ether_type = ethernet.ether_type().0;
    for (tags, extension) in packet.link_exts.iter().enumerate() {
        let LinkExtSlice::Vlan(tag) = extension else {
            return Err(Departure::Link);
        };
        if !matches!(ether_type, 0x8100 | 0x88a8) || tags == 2 {
            return Err(Departure::Link);
        }
        ether_type = tag.ether_type().0;
    }
    match &packet.net {
        None | Some(NetSlice::Arp(_)) => Ok(NON_IP),
        Some(NetSlice::Ipv4(ip)) => {
            let header = ip.header();
            if header.protocol() == IpNumber::AUTHENTICATION_HEADER {
                return Err(Departure::AuthenticationInIpv4);
            }
            let arrived = Arrived {
                source: IpAddr::V4(header.source_addr()),
                destination: IpAddr::V4(header.destination_addr()),
                hop_limit: header.ttl(),
            };
            let protocol = header.protocol().0;
            if ip.is_payload_fragmented() {
                let first = header.fragments_offset().value() == 0;
                return later_fragment(arrived, protocol, first);
            }
            message(packet, protocol, true).map(|message| arrived.verdict(message))
        }
        Some(NetSlice::Ipv6(ip)) => {
            let header = ip.header();
            if header.payload_length() == 0 {
                return Err(Departure::Ipv6LengthZero);
            }
            let arrived = Arrived {
                source: IpAddr::V6(header.source_addr()),
                destination: IpAddr::V6(header.destination_addr()),
                hop_limit: header.hop_limit(),
            };
            if ip.extensions().clone().into_iter().count() > 8 {
                return Err(Departure::ManyExtensions);
            }
            let protocol = ip.payload().ip_number.0;
            if ip.is_payload_fragmented() {
                let mut extensions = ip.extensions().clone().into_iter();
                let fragment = extensions.find_map(|extension| match extension {
                    Ipv6ExtensionSlice::Fragment(header) => Some(header),
                    _ => None,
                });
                let first = fragment.is_none_or(|header| header.fragment_offset().value() == 0);
                return later_fragment(arrived, protocol, first || extensions.next().is_some());
            }
            message(packet, protocol, false).map(|message| arrived.verdict(message))
        }
    }
}

fn later_fragment(arrived: Arrived, protocol: u8, read_on: bool) -> Result<Verdict, Departure> {
    if read_on {
        return Err(Departure::Fragment);
    }
    Ok(arrived.verdict(Message::Fragment { protocol }))
}

fn message(packet: &SlicedPacket<'_>, protocol: u8, v4: bool) -> Result<Message, Departure> {
    Ok(match &packet.transport {
        Some(TransportSlice::Tcp(tcp)) => Message::Tcp {
            ports: [tcp.source_port(), tcp.destination_port()],
            syn: tcp.syn(),
            ack: tcp.ack(),
            rst: tcp.rst(),
        },
        Some(TransportSlice::Udp(udp)) if udp.length() == 0 => {
            return Err(Departure::UdpLengthZero);
        }
        Some(TransportSlice::Udp(udp)) => Message::Udp {
            ports: [udp.source_port(), udp.destination_port()],
            third: udp.payload().get(2).copied(),
        },
        Some(TransportSlice::Icmpv4(icmp)) if v4 => Message::Icmp {
            kind: icmp.type_u8(),
        },
        Some(TransportSlice::Icmpv6(icmp)) if !v4 => Message::Icmp {
            kind: icmp.type_u8(),
        },
        Some(TransportSlice::Igmp(_)) if v4 => Message::Portless { protocol },
        Some(_) => return Err(Departure::OtherFamily),
        None => match protocol {
            33 | 132 | 136 => return Err(Departure::Ported),
            135 if !v4 => return Err(Departure::Mobility),
            _ => Message::Portless { protocol },
        },
    })
}

/// What etherparse refuses is malformed, or refused by a rule of its own.
fn refused(frame: &[u8], error: &SliceError) -> Result<Verdict, Departure> {
    let Ok(lax) = LaxSlicedPacket::from_ethernet(frame) else {
        // Not even an Ethernet header.
        return Ok(NON_IP);
    };
    let ether_types = [12, 16, 20].map(|at| frame.get(at..at + 2));
    let is_tag =
        |ether_type: &Option<&[u8]>| matches!(ether_type, Some([0x81, 0x00] | [0x88, 0xa8]));
    let tags = ether_types
        .iter()
        .take_while(|ether_type| is_tag(ether_type))
        .count();
    if lax.link_exts.len() > tags.min(2) {
        return Err(Departure::Link);
    }
    let layer = match error {
        SliceError::Macsec(_) | SliceError::LinuxSll(_) => return Err(Departure::Link),
        SliceError::Ipv4Exts(_) => return Err(Departure::AuthenticationInIpv4),
        SliceError::Len(LenError { layer, .. }) => Some(*layer),
        _ => None,
    };
    match layer {
        Some(Layer::MacsecHeader | Layer::MacsecPacket | Layer::Arp) => Err(Departure::Link),
        Some(Layer::VlanHeader) => Ok(NON_IP),
        _ => match &lax.net {
            Some(LaxNetSlice::Ipv4(ip)) => {
                let protocol = ip.header().protocol();
                if protocol == IpNumber::AUTHENTICATION_HEADER {
                    return Err(Departure::AuthenticationInIpv4);
                }
                in_transport(layer, protocol.0, true)
            }
            Some(LaxNetSlice::Ipv6(ip)) => {
                if ip.header().payload_length() == 0 {
                    return Err(Departure::Ipv6LengthZero);
                }
                if ip.is_payload_fragmented() {
                    return Err(Departure::Fragment);
                }
                if let SliceError::Ipv6Exts(error) = error {
                    use etherparse::err::ipv6_exts::HeaderError::{HopByHopNotAtStart, IpAuth};
                    return Err(match error {
                        HopByHopNotAtStart => Departure::HopByHopNotFirst,
                        IpAuth(_) => Departure::EmptyAuthentication,
                    });
                }
                if layer == Some(Layer::IpAuthHeader) {
                    // Too short for its fixed part: perhaps it also says that it is.
                    return Err(Departure::EmptyAuthentication);
                }
                in_transport(layer, ip.payload().ip_number.0, false)
            }
            Some(LaxNetSlice::Arp(_)) => Err(Departure::Link),
            None => Ok(MALFORMED),
        },
    }
}

fn in_transport(layer: Option<Layer>, protocol: u8, v4: bool) -> Result<Verdict, Departure> {
    match (layer, protocol) {
        (Some(Layer::Icmpv4Timestamp | Layer::Icmpv4TimestampReply), 1) if v4 => {
            Err(Departure::MessageLength)
        }
        (Some(Layer::Igmp), 2) if v4 => Err(Departure::MessageLength),
        (Some(Layer::Icmpv4 | Layer::Icmpv4Timestamp | Layer::Icmpv4TimestampReply), _) if !v4 => {
            Err(Departure::OtherFamily)
        }
        (Some(Layer::Igmp), _) if !v4 => Err(Departure::OtherFamily),
        (Some(Layer::Icmpv6), _) if v4 => Err(Departure::OtherFamily),
        _ => Ok(MALFORMED),
    }
}
