//! What stands before the IP header.

use super::Packet;

/// What an interface's frames begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Link {
    /// An Ethernet header.
    Ethernet = 0,
    /// The IP header itself (PPP, WireGuard, tun).
    Ip = 1,
}

/// Where the IP header begins, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// IPv4 at this offset.
    V4(usize),
    /// IPv6 at this offset.
    V6(usize),
    /// Neither.
    Other,
}

const ETHERNET: usize = 14;
const VLAN_TAG: usize = 4;
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const CUSTOMER_TAG: u16 = 0x8100; // IEEE 802.1Q
const SERVICE_TAG: u16 = 0x88a8; // IEEE 802.1ad

const fn is_tag(ether_type: u16) -> bool {
    matches!(ether_type, CUSTOMER_TAG | SERVICE_TAG)
}

impl Network {
    /// Finds the IP header, under at most two VLAN tags.
    #[inline(always)]
    pub fn find<P: Packet>(packet: &P, link: Link) -> Self {
        const LARGEST_OFFSET: usize = 31;
        let found = match link {
            Link::Ethernet => Self::behind_ethernet(packet).unwrap_or(Self::Other),
            Link::Ip => match packet.load::<u8>(0).map_or(0, |byte| byte >> 4) {
                4 => Self::V4(0),
                6 => Self::V6(0),
                _ => Self::Other,
            },
        };
        match found {
            Self::V4(offset) => Self::V4(packet.forget(offset, LARGEST_OFFSET)),
            Self::V6(offset) => Self::V6(packet.forget(offset, LARGEST_OFFSET)),
            Self::Other => Self::Other,
        }
    }

    #[inline(always)]
    fn behind_ethernet<P: Packet>(packet: &P) -> Option<Self> {
        Self::of_type(packet, packet.load_u16(ETHERNET - 2)?, ETHERNET)
    }

    /// Finds the IP header of what begins at `offset` and is of this EtherType, under at most two
    /// VLAN tags; none if a tag is cut short.
    #[inline(always)]
    pub fn of_type<P: Packet>(packet: &P, mut ether_type: u16, mut offset: usize) -> Option<Self> {
        if is_tag(ether_type) {
            ether_type = packet.load_u16(offset + 2)?;
            offset += VLAN_TAG;
            if is_tag(ether_type) {
                ether_type = packet.load_u16(offset + 2)?;
                offset += VLAN_TAG;
            }
        }
        Some(match ether_type {
            IPV4 => Self::V4(offset),
            IPV6 => Self::V6(offset),
            _ => Self::Other,
        })
    }
}
