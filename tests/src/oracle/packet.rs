//! From tshark's fields to a packet, by the contract's reading rules.

use std::net::IpAddr;

use super::fields::Line;
use crate::{packet::protocol, rows::Key};

/// One IP packet.
#[derive(Clone, Debug)]
pub(super) struct Packet {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) hop_limit: u32,
    pub(super) protocol: u8,
    /// Identification, of a fragment alone.
    pub(super) fragment: Option<u32>,
    pub(super) transport: Transport,
}

#[derive(Clone, Debug)]
pub(super) enum Transport {
    Tcp {
        ports: [u16; 2],
        flags: u8,
    },
    Ports {
        ports: [u16; 2],
        dns_response: bool,
    },
    Icmp {
        kind: u8,
        identifier: Option<u16>,
        quoted: Option<Conversation>,
    },
    /// A fragment without its transport header.
    Fragment,
    Other,
}

/// What the host's and the others' packets have in common: as the others' packets carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Conversation {
    pub(super) remote: IpAddr,
    pub(super) local: IpAddr,
    pub(super) protocol: u8,
    /// The remote's port, then the local one; twice the identifier of an ICMP query.
    pub(super) ports: [u16; 2],
}

/// The packet of a line, or the disposition of what is none.
pub(super) fn dissect(line: &Line<'_>) -> Result<Packet, &'static str> {
    let layers = line.first("frame.protocols").unwrap_or("");
    let mut layers = layers.split(':').filter(|layer| *layer != "ethertype");
    let mut layers = layers.by_ref().skip(1).peekable();
    let mut tags = 0;
    while layers
        .next_if(|layer| ["vlan", "ieee8021ad"].contains(layer))
        .is_some()
    {
        tags += 1;
    }
    match (tags, line.first("eth.type"), layers.next()) {
        (0, Some("0x0800"), _) | (1 | 2, Some("0x8100" | "0x88a8"), Some("ip")) => dissect_v4(line),
        (0, Some("0x86dd"), _) | (1 | 2, Some("0x8100" | "0x88a8"), Some("ipv6")) => {
            dissect_v6(line)
        }
        _ => Err("non_ip"),
    }
}

fn dissect_v4(line: &Line<'_>) -> Result<Packet, &'static str> {
    let numbers = ["ip.version", "ip.hdr_len", "ip.len", "frame.len"].map(|name| line.number(name));
    let [Some(4), Some(header), Some(length), Some(frame)] = numbers else {
        return Err("malformed");
    };
    let (Some(source), Some(destination)) = (line.address("ip.src", 0), line.address("ip.dst", 0))
    else {
        return Err("malformed");
    };
    if header < 20 || length < header || length + 14 > frame {
        return Err("malformed");
    }
    let number = line.number("ip.proto").ok_or("malformed")? as u8;
    let later = line.number("ip.frag_offset").unwrap_or(0) > 0;
    let more = line.number("ip.flags.mf").unwrap_or(0) > 0;
    let fragment = (later || more).then(|| line.number("ip.id").unwrap_or(0));
    let room = length - header;
    Ok(Packet {
        source,
        destination,
        hop_limit: 0,
        protocol: number,
        fragment,
        transport: transport(line, number, room, later, fragment.is_some())?,
    })
}

fn dissect_v6(line: &Line<'_>) -> Result<Packet, &'static str> {
    let (Some(source), Some(destination)) =
        (line.address("ipv6.src", 0), line.address("ipv6.dst", 0))
    else {
        return Err("malformed");
    };
    let mut number = line.number("ipv6.nxt").ok_or("malformed")? as u8;
    let mut room = line.number("ipv6.plen").ok_or("malformed")?;
    let (mut later, mut fragment) = (false, None);
    // Each kind's headers so far: tshark lists the fields of each kind in their order.
    let mut headers: Vec<u8> = Vec::new();
    while let Some((next, length)) = extension(number).filter(|_| !later) {
        if number == protocol::FRAGMENT {
            later = line.number("ipv6.fraghdr.offset").unwrap_or(0) > 0;
            let more = line.number("ipv6.fraghdr.more").unwrap_or(0) > 0;
            fragment = (later || more).then(|| line.number("ipv6.fraghdr.ident").unwrap_or(0));
        }
        let before = headers.iter().filter(|header| **header == number).count();
        headers.push(number);
        // In units of eight bytes behind the first eight; AH of four (RFC 8200, RFC 4302).
        let bytes = match number {
            protocol::FRAGMENT => 8,
            protocol::AH => 8 + 4 * line.number(length).ok_or("malformed")?,
            _ => 8 + 8 * line.number_at(length, before).ok_or("malformed")?,
        };
        if headers.len() > 8 || room < bytes {
            return Err("malformed");
        }
        room -= bytes;
        number = line.number_at(next, before).ok_or("malformed")? as u8;
    }
    Ok(Packet {
        source,
        destination,
        hop_limit: line.number("ipv6.hlim").ok_or("malformed")?,
        protocol: number,
        fragment,
        transport: transport(line, number, room, later, fragment.is_some())?,
    })
}

/// Of an IPv6 extension header: tshark's names of its next header and of its length.
const fn extension(number: u8) -> Option<(&'static str, &'static str)> {
    match number {
        protocol::HOP_BY_HOP => Some(("ipv6.hopopts.nxt", "ipv6.hopopts.len")),
        protocol::DESTINATION_OPTIONS => Some(("ipv6.dstopts.nxt", "ipv6.dstopts.len")),
        protocol::ROUTING => Some(("ipv6.routing.nxt", "ipv6.routing.len")),
        protocol::FRAGMENT => Some(("ipv6.fraghdr.nxt", "")),
        protocol::AH => Some(("ah.next_header", "ah.length")),
        _ => None,
    }
}

fn transport(
    line: &Line<'_>,
    number: u8,
    room: u32,
    later: bool,
    fragment: bool,
) -> Result<Transport, &'static str> {
    let header = match number {
        protocol::TCP => 20,
        protocol::UDP | protocol::ICMP | protocol::ICMPV6 => 8,
        protocol::SCTP => 12,
        _ => 0,
    };
    if later || fragment && room < header {
        return Ok(Transport::Fragment);
    }
    let ports = |from: &str, to: &str| -> Result<[u16; 2], &'static str> {
        Ok([
            line.port(from).ok_or("malformed")?,
            line.port(to).ok_or("malformed")?,
        ])
    };
    match number {
        protocol::TCP => {
            let flags = line.number("tcp.flags").ok_or("malformed")?;
            let offset = line.number("tcp.hdr_len").unwrap_or(20);
            if room < header || offset < 20 || !fragment && offset > room {
                return Err("malformed");
            }
            let ports = ports("tcp.srcport", "tcp.dstport")?;
            Ok(Transport::Tcp {
                ports,
                flags: flags as u8,
            })
        }
        protocol::UDP => {
            let length = line.number("udp.length").ok_or("malformed")?;
            if length < 8 || !fragment && length > room {
                return Err("malformed");
            }
            let ports = ports("udp.srcport", "udp.dstport")?;
            // The QR bit is the first of the third byte (RFC 1035).
            let payload = line.first("udp.payload").unwrap_or("").replace(':', "");
            let third = payload
                .get(4..6)
                .and_then(|hex| u8::from_str_radix(hex, 16).ok());
            let dns_response = ports[0] == 53 && third.is_some_and(|byte| byte & 0x80 != 0);
            Ok(Transport::Ports {
                ports,
                dns_response,
            })
        }
        protocol::SCTP | protocol::DCCP | protocol::UDP_LITE => {
            let [from, to] = match number {
                protocol::SCTP => ["sctp.srcport", "sctp.dstport"],
                protocol::DCCP => ["dccp.srcport", "dccp.dstport"],
                // tshark reads UDP-Lite as a kind of UDP.
                _ => ["udp.srcport", "udp.dstport"],
            };
            Ok(Transport::Ports {
                ports: ports(from, to)?,
                dns_response: false,
            })
        }
        protocol::ICMP => Ok(Transport::Icmp {
            kind: line.number("icmp.type").ok_or("malformed")? as u8,
            identifier: line.port("icmp.ident"),
            quoted: quoted(line, "ip.src", "ip.dst", "ip.proto"),
        }),
        protocol::ICMPV6 => Ok(Transport::Icmp {
            kind: line.number("icmpv6.type").ok_or("malformed")? as u8,
            identifier: line.port("icmpv6.echo.identifier"),
            quoted: quoted(line, "ipv6.src", "ipv6.dst", "ipv6.nxt"),
        }),
        _ => Ok(Transport::Other),
    }
}

/// The conversation that an ICMP error quotes: the host's own packet stands in it.
fn quoted(line: &Line<'_>, from: &str, to: &str, number: &str) -> Option<Conversation> {
    let protocol = line.number_at(number, 1)? as u8;
    let ports = match protocol {
        protocol::TCP => [line.port("tcp.dstport")?, line.port("tcp.srcport")?],
        protocol::UDP => [line.port("udp.dstport")?, line.port("udp.srcport")?],
        protocol::SCTP => [line.port("sctp.dstport")?, line.port("sctp.srcport")?],
        protocol::ICMP => [line.port("icmp.ident")?; 2],
        protocol::ICMPV6 => [line.port("icmpv6.echo.identifier")?; 2],
        _ => [0, 0],
    };
    Some(Conversation {
        remote: line.address(to, 1)?,
        local: line.address(from, 1)?,
        protocol,
        ports,
    })
}

impl Packet {
    pub(super) fn is_icmp_error(&self) -> bool {
        let Transport::Icmp { kind, .. } = self.transport else {
            return false;
        };
        match self.source {
            IpAddr::V4(_) => matches!(kind, 3 | 4 | 5 | 11 | 12),
            IpAddr::V6(_) => matches!(kind, 1..=4),
        }
    }

    /// Its conversation, seen from a remote host that sent it.
    pub(super) fn conversation(&self) -> Option<Conversation> {
        let ports = match self.transport {
            Transport::Tcp { ports, .. } | Transport::Ports { ports, .. } => ports,
            Transport::Icmp { quoted, .. } if self.is_icmp_error() => return quoted,
            Transport::Icmp { identifier, .. } => [identifier.unwrap_or(0); 2],
            Transport::Fragment => return None,
            Transport::Other => [0, 0],
        };
        Some(Conversation {
            remote: self.source,
            local: self.destination,
            protocol: self.protocol,
            ports,
        })
    }

    pub(super) fn key(&self, class: &str) -> Key {
        let port = match self.transport {
            Transport::Tcp { ports, .. } | Transport::Ports { ports, .. } => {
                Some(ports[usize::from(class != "backscatter")])
            }
            Transport::Icmp { kind, .. } => Some(u16::from(kind)),
            Transport::Fragment | Transport::Other => None,
        };
        let fragment = matches!(self.transport, Transport::Fragment);
        Key::new(class, self.protocol, port, fragment, self.source)
    }
}
