//! Port types as text.

use talot_common::port_type::{Aim, Kind, protocol, protocol_name};
use toml::de::DeValue;

use super::{mistake::Wrong, values::text};

/// What the messages call a port type.
pub(super) const ALLOWED: &str = "a port type as records write it: \"N/tcp\", \"N/udp\", \"N/sctp\", \
    \"N/udplite\", \"N/dccp\" (N from 0 to 65535), \"Ping (ICMP)\", \"Ping (ICMPv6)\", \"ICMP type N\", \
    \"ICMPv6 type N\", \"fragment/tcp\", \"fragment/udp\", \"fragment/N\", \"GRE (47)\" and its like, \
    \"protocol N\" (N from 0 to 255)";

/// Reads a port type.
pub(super) fn aim(value: &DeValue<'_>) -> Result<Aim, Wrong> {
    let written = text(value, ALLOWED)?;
    parse(written).ok_or_else(|| Wrong::new(format!("{written:?} is not a port type"), ALLOWED))
}

fn parse(text: &str) -> Option<Aim> {
    let (kind, number) = if text == "Ping (ICMP)" {
        (Kind::Icmp, 8)
    } else if text == "Ping (ICMPv6)" {
        (Kind::Icmpv6, 128)
    } else if let Some(number) = text.strip_prefix("ICMP type ") {
        (Kind::Icmp, up_to(number, 255)?)
    } else if let Some(number) = text.strip_prefix("ICMPv6 type ") {
        (Kind::Icmpv6, up_to(number, 255)?)
    } else if let Some(number) = text.strip_prefix("protocol ") {
        (Kind::Portless, up_to(number, 255)?)
    } else if let Some(protocol) = text.strip_prefix("fragment/") {
        (Kind::Fragment, fragment(protocol)?)
    } else if let Some((name, number)) = text.strip_suffix(')').and_then(|t| t.split_once(" (")) {
        let number = up_to(number, 255)?;
        let known = protocol_name(number as u8)? == name;
        (Kind::Portless, known.then_some(number)?)
    } else {
        let (number, protocol) = text.split_once('/')?;
        (with_ports(protocol)?, up_to(number, u16::MAX)?)
    };
    Some(Aim { kind, number })
}

fn with_ports(protocol: &str) -> Option<Kind> {
    Some(match protocol {
        "tcp" => Kind::Tcp,
        "udp" => Kind::Udp,
        "sctp" => Kind::Sctp,
        "udplite" => Kind::UdpLite,
        "dccp" => Kind::Dccp,
        _ => return None,
    })
}

fn fragment(protocol: &str) -> Option<u16> {
    match protocol {
        "tcp" => Some(protocol::TCP.into()),
        "udp" => Some(protocol::UDP.into()),
        number => up_to(number, 255),
    }
}

fn up_to(digits: &str, most: u16) -> Option<u16> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = plain.then(|| digits.parse().ok())??;
    (number <= most).then_some(number)
}
