//! What the contract's section 2 says of a capture, as tshark reads it. Written from the contract
//! alone; it shares nothing with the program under test.

use std::{collections::HashSet, net::IpAddr, process::Command};

use crate::{
    capture::Captured,
    lab::mac,
    packet::{SENSOR_MAC, flag, protocol},
    rows::{Dispositions, Key, Rows},
    shell::{run, text},
};

/// A point as the oracle needs to know it.
#[derive(Clone, Copy, Debug)]
pub struct Watched<'a> {
    /// Its addresses, as `address/length` or `address`.
    pub addresses: &'a [&'a str],
    /// Whether the host lives there.
    pub live: bool,
}

/// What a capture holds.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Inbound packets by disposition.
    pub dispositions: Dispositions,
    /// Unsolicited packets by key.
    pub rows: Rows,
}

impl Reading {
    /// Packets of a disposition.
    pub fn count(&self, disposition: &str) -> i64 {
        self.dispositions.get(disposition).copied().unwrap_or(0)
    }
}

/// Reads a capture of the sensor's interface.
///
/// # Panics
/// When tshark fails, or writes what cannot be read.
pub fn read(captured: &Captured, watched: Watched<'_>) -> Reading {
    let mut memory = Memory::default();
    let mut reading = Reading::default();
    for line in tshark(captured).lines() {
        let line = Line::new(line);
        let seen = dissect(&line);
        if line.first("eth.src") == Some(mac(SENSOR_MAC).as_str()) {
            if let Ok(packet) = seen {
                memory.learn(&packet);
            }
            continue;
        }
        let disposition = match &seen {
            Err(disposition) => disposition,
            Ok(packet) => judge(packet, watched, &mut memory),
        };
        *reading
            .dispositions
            .entry(disposition.to_owned())
            .or_insert(0) += 1;
        if let (Ok(packet), "access" | "backscatter" | "stray") = (&seen, disposition) {
            *reading.rows.entry(packet.key(disposition)).or_insert(0) += 1;
        }
    }
    reading
}

const FIELDS: [&str; 46] = [
    "frame.len",
    "frame.protocols",
    "eth.src",
    "eth.type",
    "ip.version",
    "ip.hdr_len",
    "ip.len",
    "ip.proto",
    "ip.src",
    "ip.dst",
    "ip.id",
    "ip.flags.mf",
    "ip.frag_offset",
    "ipv6.plen",
    "ipv6.nxt",
    "ipv6.hlim",
    "ipv6.src",
    "ipv6.dst",
    "ipv6.hopopts.nxt",
    "ipv6.hopopts.len",
    "ipv6.dstopts.nxt",
    "ipv6.dstopts.len",
    "ipv6.routing.nxt",
    "ipv6.routing.len",
    "ipv6.fraghdr.nxt",
    "ipv6.fraghdr.offset",
    "ipv6.fraghdr.more",
    "ipv6.fraghdr.ident",
    "ah.next_header",
    "ah.length",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.flags",
    "tcp.hdr_len",
    "udp.srcport",
    "udp.dstport",
    "udp.length",
    "udp.payload",
    "sctp.srcport",
    "sctp.dstport",
    "dccp.srcport",
    "dccp.dstport",
    "icmp.type",
    "icmp.ident",
    "icmpv6.type",
    "icmpv6.echo.identifier",
];

fn tshark(captured: &Captured) -> String {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(captured.path()).arg("-n");
    for off in [
        "ip.defragment",
        "ipv6.defragment",
        "sctp.reassembly",
        "tcp.desegment_tcp_streams",
        "tcp.analyze_sequence_numbers",
    ] {
        command.args(["-o", &format!("{off}:FALSE")]);
    }
    command.args(["-T", "fields", "-E", "separator=/t", "-E", "occurrence=a"]);
    command.args(["-E", "aggregator=;"]);
    for field in FIELDS {
        command.args(["-e", field]);
    }
    text(&run(&mut command).stdout)
}

/// One packet's fields.
struct Line<'a>(Vec<&'a str>);

impl<'a> Line<'a> {
    fn new(line: &'a str) -> Self {
        let fields: Vec<&str> = line.split('\t').collect();
        assert_eq!(fields.len(), FIELDS.len(), "tshark wrote {line:?}");
        Self(fields)
    }

    /// The `n`th occurrence: 0 is the packet's own, 1 that of a packet quoted in it.
    fn nth(&self, name: &str, n: usize) -> Option<&'a str> {
        let at = FIELDS.iter().position(|field| *field == name);
        let field = self.0[at.unwrap_or_else(|| panic!("{name} is not asked for"))];
        field.split(';').nth(n).filter(|value| !value.is_empty())
    }

    fn first(&self, name: &str) -> Option<&'a str> {
        self.nth(name, 0)
    }

    fn number_at(&self, name: &str, n: usize) -> Option<u32> {
        let value = self.nth(name, n)?;
        let number = match value.strip_prefix("0x") {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None if value == "True" => Some(1),
            None if value == "False" => Some(0),
            None => value.parse().ok(),
        };
        Some(number.unwrap_or_else(|| panic!("{name} is {value:?}")))
    }

    fn number(&self, name: &str) -> Option<u32> {
        self.number_at(name, 0)
    }

    fn port(&self, name: &str) -> Option<u16> {
        self.number(name).map(|number| number as u16)
    }

    fn address(&self, name: &str, n: usize) -> Option<IpAddr> {
        self.nth(name, n).map(|value| {
            value
                .parse()
                .unwrap_or_else(|_| panic!("{name} is {value:?}"))
        })
    }
}

/// One IP packet.
#[derive(Clone, Debug)]
struct Packet {
    source: IpAddr,
    destination: IpAddr,
    hop_limit: u32,
    protocol: u8,
    /// Identification, of a fragment alone.
    fragment: Option<u32>,
    transport: Transport,
}

#[derive(Clone, Debug)]
enum Transport {
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
struct Conversation {
    remote: IpAddr,
    local: IpAddr,
    protocol: u8,
    /// The remote's port, then the local one; twice the identifier of an ICMP query.
    ports: [u16; 2],
}

/// The packet of a line, or the disposition of what is none.
fn dissect(line: &Line<'_>) -> Result<Packet, &'static str> {
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
        (0, Some("0x0800"), _) | (1 | 2, _, Some("ip")) => dissect_v4(line),
        (0, Some("0x86dd"), _) | (1 | 2, _, Some("ipv6")) => dissect_v6(line),
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
    fn is_icmp_error(&self) -> bool {
        let Transport::Icmp { kind, .. } = self.transport else {
            return false;
        };
        match self.source {
            IpAddr::V4(_) => matches!(kind, 3 | 4 | 5 | 11 | 12),
            IpAddr::V6(_) => matches!(kind, 1..=4),
        }
    }

    /// Its conversation, seen from a remote host that sent it.
    fn conversation(&self) -> Option<Conversation> {
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

    fn key(&self, class: &str) -> Key {
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

/// What the watched host has sent so far. The tests are shorter than every idle time.
#[derive(Debug, Default)]
struct Memory {
    conversations: HashSet<Conversation>,
    solicited_fragments: HashSet<(IpAddr, IpAddr, u8, u32)>,
}

impl Memory {
    /// The host has sent this.
    fn learn(&mut self, packet: &Packet) {
        let refuses = match packet.transport {
            Transport::Tcp { flags, .. } => flags & flag::RST != 0,
            _ => packet.is_icmp_error(),
        };
        if let (false, Some(sent)) = (refuses, packet.conversation()) {
            self.conversations.insert(Conversation {
                remote: sent.local,
                local: sent.remote,
                ports: [sent.ports[1], sent.ports[0]],
                ..sent
            });
        }
    }

    /// Whether an inbound packet belongs to a conversation in which the host has sent something.
    fn solicits(&mut self, packet: &Packet) -> bool {
        let Packet {
            source,
            destination,
            protocol,
            fragment,
            ..
        } = *packet;
        let whole = fragment.map(|id| (source, destination, protocol, id));
        if let Transport::Tcp { flags, .. } = packet.transport
            && flags & flag::SYN != 0
            && flags & flag::ACK == 0
        {
            return false;
        }
        let Some(conversation) = packet.conversation() else {
            return whole.is_some_and(|whole| self.solicited_fragments.contains(&whole));
        };
        let solicited = self.conversations.contains(&conversation);
        if solicited {
            self.solicited_fragments.extend(whole);
        }
        solicited
    }
}

/// The contract's table of dispositions, from its third row on.
fn judge(packet: &Packet, watched: Watched<'_>, memory: &mut Memory) -> &'static str {
    if is_link_control(packet) {
        return "link_control";
    }
    let within = |prefix: &&str| contains(prefix, packet.destination);
    if !watched.addresses.iter().any(within) {
        return "elsewhere";
    }
    if watched.live && memory.solicits(packet) {
        return "solicited";
    }
    let set = |flags: u8, bits: u8| flags & bits == bits;
    match packet.transport {
        Transport::Tcp { flags, .. } if set(flags, flag::RST) => "backscatter",
        Transport::Tcp { flags, .. } if set(flags, flag::SYN | flag::ACK) => "backscatter",
        Transport::Tcp { flags, .. } if set(flags, flag::ACK) => "stray",
        Transport::Ports {
            dns_response: true, ..
        } => "backscatter",
        Transport::Icmp { kind, .. } => match (packet.source, kind) {
            (IpAddr::V4(_), 0 | 3 | 4 | 5 | 11 | 12 | 14 | 16 | 18 | 43) => "backscatter",
            (IpAddr::V6(_), 1..=4 | 129 | 161) => "backscatter",
            _ => "access",
        },
        _ => "access",
    }
}

fn is_link_control(packet: &Packet) -> bool {
    match packet.transport {
        Transport::Icmp { kind, .. } if packet.source.is_ipv6() => match kind {
            133..=137 => packet.hop_limit == 255,
            130..=132 | 143 => true,
            _ => false,
        },
        Transport::Ports { ports, .. } if packet.protocol == protocol::UDP => {
            ports
                == if packet.source.is_ipv4() {
                    [67, 68]
                } else {
                    [547, 546]
                }
        }
        _ => packet.source.is_ipv4() && packet.protocol == protocol::IGMP,
    }
}

/// Whether an address lies in a prefix.
fn contains(prefix: &str, address: IpAddr) -> bool {
    let bits = |address| match address {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)), 32),
        IpAddr::V6(v6) => (u128::from(v6), 128),
    };
    let (network, length) = prefix.split_once('/').unwrap_or((prefix, ""));
    let network: IpAddr = network.parse().expect("a network");
    let ((network, width), (address, its_width)) = (bits(network), bits(address));
    let length: u32 = length.parse().unwrap_or(width);
    let host_bits = width - length;
    width == its_width && network.checked_shr(host_bits) == address.checked_shr(host_bits)
}

#[cfg(test)]
mod tests {
    use std::net::{TcpStream, UdpSocket};

    use super::*;
    use crate::{
        capture::Capture,
        cases,
        lab::{ATTACKER_V4, ATTACKER_V6, DARK_V4, DARK_V6, Lab, SENSOR_V4, SENSOR_V6},
        ping::Ping,
        send::{Sender, settle},
    };

    const DARK: Watched<'_> = Watched {
        addresses: &[DARK_V4, DARK_V6],
        live: false,
    };

    /// What tshark reads of frames that crossed the cable, inbound ones alone.
    fn cross<'a>(frames: impl Iterator<Item = &'a Vec<u8>>) -> String {
        let lab = Lab::quiet();
        let capture = Capture::start(&lab.sensor);
        let frames: Vec<(Vec<u8>, u32)> = frames.map(|frame| (frame.clone(), 1)).collect();
        Sender::open(&lab).send_counted(&frames);
        let lines = tshark(&capture.stop());
        let outbound = mac(SENSOR_MAC);
        let inbound = |line: &&str| Line::new(line).first("eth.src") != Some(&outbound);
        lines.lines().filter(inbound).collect::<Vec<_>>().join("\n")
    }

    /// Two readings of the contract meet: the described packets', and this oracle's of their
    /// capture.
    #[test]
    fn agrees_with_the_described_packets() {
        let cases = cases::all();
        let lines = cross(cases.iter().map(|case| &case.frame));
        assert_eq!(lines.lines().count(), cases.len());
        let mut differences = Vec::new();
        for (case, line) in cases.iter().zip(lines.lines()) {
            let packet = dissect(&Line::new(line));
            let disposition = match &packet {
                Err(disposition) => disposition,
                Ok(packet) => judge(packet, DARK, &mut Memory::default()),
            };
            let unsolicited = matches!(disposition, "access" | "backscatter" | "stray");
            let key = packet.ok().filter(|_| unsolicited);
            let key = key.map(|packet| packet.key(disposition));
            if disposition != case.disposition || key != case.key {
                differences.push(format!(
                    "{} {:?}: {disposition} {key:?}",
                    case.name, case.key
                ));
            }
        }
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    }

    /// A host that asks, answers and refuses: only what it did not begin is counted.
    #[test]
    fn tells_a_hosts_own_conversations_from_others() {
        let lab = Lab::new();
        let capture = Capture::start(&lab.sensor);
        Ping::open(&lab.sensor, ATTACKER_V4).ping();
        let mut unsolicited = Ping::open(&lab.attacker, SENSOR_V6);
        unsolicited.ping();
        unsolicited.ping();
        let bind = |address| UdpSocket::bind((address, 0)).expect("a socket");
        let asks = lab.sensor.inside(|| bind(SENSOR_V4));
        let answers = lab.attacker.inside(|| bind(ATTACKER_V4));
        let refused = lab
            .attacker
            .inside(|| bind(ATTACKER_V4).local_addr().expect("bound"));
        for to in [answers.local_addr().expect("bound"), refused] {
            asks.send_to(b"?", to).expect("sent");
        }
        answers
            .send_to(b"!", asks.local_addr().expect("bound"))
            .expect("sent");
        lab.attacker
            .inside(|| TcpStream::connect((SENSOR_V4, 9)).expect_err("refused"));
        settle();
        let watched = Watched {
            addresses: &[SENSOR_V4, SENSOR_V6],
            live: true,
        };
        let reading = read(&capture.stop(), watched);
        // The ping's answer, the datagram's answer, the refusal, the second ping.
        assert_eq!(reading.count("solicited"), 4, "{reading:?}");
        let key = |number, port, source: &str| {
            Key::new(
                "access",
                number,
                Some(port),
                false,
                source.parse().expect("an address"),
            )
        };
        let expected = Rows::from([
            (key(protocol::TCP, 9, ATTACKER_V4), 1),
            (key(protocol::ICMPV6, 128, ATTACKER_V6), 1),
        ]);
        assert_eq!(reading.rows, expected);
    }
}
