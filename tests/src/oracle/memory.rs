//! The sixth row of the contract's table.

use std::{collections::HashSet, net::IpAddr};

use super::packet::{Conversation, Packet, Transport};
use crate::packet::flag;

/// What the watched host has sent so far. The tests are shorter than every idle time.
#[derive(Debug, Default)]
pub(super) struct Memory {
    conversations: HashSet<Conversation>,
    solicited_fragments: HashSet<(IpAddr, IpAddr, u8, u32)>,
}

impl Memory {
    /// The host has sent this.
    pub(super) fn learn(&mut self, packet: &Packet) {
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
    pub(super) fn solicits(&mut self, packet: &Packet) -> bool {
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
