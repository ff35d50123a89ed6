//! What the contract's section 2 says of a capture, as tshark reads it. Written from the contract
//! alone; it shares nothing with the program under test.

mod fields;
mod memory;
mod packet;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use self::{
    fields::{Line, tshark},
    memory::Memory,
    packet::{Packet, Transport, dissect},
};
use crate::{
    capture::Captured,
    lab::mac,
    packet::{SENSOR_MAC, flag, protocol},
    rows::{Dispositions, Rows},
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
