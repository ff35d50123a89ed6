//! Counted rows, and comparing them so that a difference can be read.

use std::{collections::BTreeMap, fmt::Debug, net::IpAddr};

use crate::packet::protocol;

/// What unsolicited packets are counted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// `access`, `backscatter` or `stray`.
    pub class: String,
    /// IANA protocol number.
    pub protocol: i32,
    /// Port or ICMP type.
    pub port: Option<i32>,
    /// Port type in words.
    pub port_type: String,
    /// Source address.
    pub source: IpAddr,
}

impl Key {
    /// The key of packets of a class; `fragment`: that do not show their port.
    pub fn new(
        class: &str,
        protocol: u8,
        port: Option<u16>,
        fragment: bool,
        source: IpAddr,
    ) -> Self {
        Self {
            class: class.to_owned(),
            protocol: protocol.into(),
            port: port.map(i32::from),
            port_type: port_type(protocol, port, fragment),
            source,
        }
    }
}

/// The contract's words for what packets were aimed at.
///
/// # Panics
/// For a protocol that the tests do not use.
pub fn port_type(protocol: u8, port: Option<u16>, fragment: bool) -> String {
    match (protocol, port, fragment) {
        (protocol::TCP, None, true) => "fragment/tcp".into(),
        (protocol::UDP, None, true) => "fragment/udp".into(),
        (other, None, true) => format!("fragment/{other}"),
        (protocol::TCP, Some(port), _) => format!("{port}/tcp"),
        (protocol::UDP, Some(port), _) => format!("{port}/udp"),
        (protocol::SCTP, Some(port), _) => format!("{port}/sctp"),
        (protocol::UDP_LITE, Some(port), _) => format!("{port}/udplite"),
        (protocol::DCCP, Some(port), _) => format!("{port}/dccp"),
        (protocol::ICMP, Some(8), _) => "Ping (ICMP)".into(),
        (protocol::ICMP, Some(kind), _) => format!("ICMP type {kind}"),
        (protocol::ICMPV6, Some(128), _) => "Ping (ICMPv6)".into(),
        (protocol::ICMPV6, Some(kind), _) => format!("ICMPv6 type {kind}"),
        // Names as IANA's registry of Assigned Internet Protocol Numbers has them.
        (2, None, _) => "IGMP (2)".into(),
        (4, None, _) => "IPv4 (4)".into(),
        (41, None, _) => "IPv6 (41)".into(),
        (protocol::GRE, None, _) => "GRE (47)".into(),
        (protocol::ESP, None, _) => "ESP (50)".into(),
        (protocol::AH, None, _) => "AH (51)".into(),
        (protocol::NO_NEXT, None, _) => "IPv6-NoNxt (59)".into(),
        (89, None, _) => "OSPFIGP (89)".into(),
        (253 | 254, None, _) => format!("protocol {protocol}"),
        other => panic!("no words for {other:?}"),
    }
}

/// Packets by key.
pub type Rows = BTreeMap<Key, i64>;

/// Packets by disposition; those without packets may be missing.
pub type Dispositions = BTreeMap<String, i64>;

/// Every disposition of the contract, in its order.
pub const DISPOSITIONS: [&str; 9] = [
    "non_ip",
    "malformed",
    "link_control",
    "elsewhere",
    "excluded",
    "solicited",
    "backscatter",
    "stray",
    "access",
];

/// Compares counts.
///
/// # Panics
/// When they differ: with every difference, named.
pub fn assert_same<K: Ord + Debug>(
    what: &str,
    expected: &BTreeMap<K, i64>,
    counted: &BTreeMap<K, i64>,
) {
    let mut differences: Vec<String> = Vec::new();
    let keys: std::collections::BTreeSet<&K> = expected.keys().chain(counted.keys()).collect();
    for key in keys {
        let right = expected.get(key).copied().unwrap_or(0);
        let found = counted.get(key).copied().unwrap_or(0);
        if right != found {
            differences.push(format!("  {key:?}: {found}, expected {right}"));
        }
    }
    let count = differences.len();
    differences.truncate(40);
    let differences = differences.join("\n");
    assert!(count == 0, "{what}: {count} of them differ:\n{differences}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_row_is_a_row_of_none() {
        let one = BTreeMap::from([("a", 1), ("b", 0)]);
        assert_same("rows", &one, &BTreeMap::from([("a", 1)]));
        let other = BTreeMap::from([("a", 2)]);
        assert!(std::panic::catch_unwind(|| assert_same("rows", &one, &other)).is_err());
    }
}
