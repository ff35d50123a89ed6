//! One counted row: what a drain yields, what the journal keeps, what the records are made of.

use std::net::IpAddr;

use talot_common::{port_type::Aim, words::Class};

/// What a row counts. The derived order is that of the records: class, protocol, port with nulls
/// last, source with IPv4 before IPv6, each numerically; packets without a source come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowKey {
    /// What kind of unsolicited packets.
    pub class: Class,
    /// What they were aimed at.
    pub aim: Aim,
    /// Where they came from; none for overflow.
    pub source: Option<IpAddr>,
}

/// Packets of one key in one interval of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// What is counted.
    pub key: RowKey,
    /// How many packets.
    pub packets: u64,
    /// Start of the first interval in which the key was counted, µs since 1970 UTC.
    pub first_seen: i64,
    /// End of the last such interval, µs since 1970 UTC.
    pub last_seen: i64,
    /// Scanners' fingerprints, a bit each.
    pub marks: u8,
}

impl Row {
    /// Adds what another row counted of the same key. A sum that no table holds stays the largest.
    pub fn absorb(&mut self, other: &Self) {
        self.packets = self.packets.saturating_add(other.packets);
        self.first_seen = self.first_seen.min(other.first_seen);
        self.last_seen = self.last_seen.max(other.last_seen);
        self.marks |= other.marks;
    }
}
