//! Addresses as they stand in a packet: words in network byte order, compared and masked without
//! being turned.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::marks::Syn;

use super::{Datagram, Malformed, Packet, Plain, Quoted};

/// An IPv4 address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct V4(pub u32);

/// An IPv6 address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct V6(pub [u32; 4]);

// SAFETY: transparent over an integer and an array of integers.
unsafe impl Plain for V4 {}
// SAFETY: as above.
unsafe impl Plain for V6 {}

/// One of the two families, and what depends on it.
pub trait Address: Plain + Eq {
    /// Reads the header, and for IPv6 its extension headers, of the packet that begins at `offset`.
    fn read<P: Packet>(packet: &P, offset: usize) -> Result<Datagram<Self>, Malformed>;

    /// Reads what an ICMP error quotes at `offset`; nothing in it is an error of the packet.
    fn read_quoted<P: Packet>(packet: &P, offset: usize) -> Option<Quoted<Self>>;

    /// Whether the protocol is this family's own ICMP.
    fn is_icmp(protocol: u8) -> bool;

    /// The scanners' fingerprints of an access.
    #[inline(always)]
    fn marks_of_access(_ip: &Datagram<Self>) -> u8 {
        0
    }

    /// Those that a SYN has besides.
    #[inline(always)]
    fn marks_of_syn(_ip: &Datagram<Self>, _syn: Syn) -> u8 {
        0
    }

    /// Two words that tell addresses apart, for fingerprints.
    fn words(self) -> [u64; 2];
}

impl From<V4> for IpAddr {
    fn from(address: V4) -> Self {
        Self::V4(Ipv4Addr::from(address.0.to_ne_bytes()))
    }
}

impl From<V6> for IpAddr {
    fn from(address: V6) -> Self {
        let mut bytes = [0; 16];
        for (to, word) in bytes.chunks_exact_mut(4).zip(address.0) {
            to.copy_from_slice(&word.to_ne_bytes());
        }
        Self::V6(Ipv6Addr::from(bytes))
    }
}

impl From<Ipv4Addr> for V4 {
    fn from(address: Ipv4Addr) -> Self {
        Self(u32::from_ne_bytes(address.octets()))
    }
}

impl From<Ipv6Addr> for V6 {
    fn from(address: Ipv6Addr) -> Self {
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(address.octets().chunks_exact(4)) {
            *word = u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        Self(words)
    }
}
