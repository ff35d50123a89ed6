//! Scanners' fingerprints in a packet. Only accesses over IPv4 carry any, and their absence proves
//! nothing: a scanner can be changed.

use crate::packet::{Datagram, V4};

/// masscan's: a SYN without TCP options and with window 1024, whose IP identification is the low 16
/// bits of destination ^ destination port ^ sequence number (masscan 1.3.2, `templ-tcp.c` and
/// `templ-pkt.c`).
pub const MASSCAN: u8 = 1;
/// Mirai's: a SYN whose sequence number is its destination address (the published source,
/// `mirai/bot/scanner.c`; Antonakakis et al., Understanding the Mirai Botnet, USENIX Security 2017).
pub const MIRAI: u8 = 2;
/// ZMap's: IP identification 54321 (Durumeric et al., ZMap, USENIX Security 2013). Since 2024 ZMap
/// may choose it at random.
pub const ZMAP: u8 = 4;

const ZMAP_IDENTIFICATION: u16 = 54321;
const MASSCAN_WINDOW: u16 = 1024;

/// What a TCP SYN shows, as it stands in the packet.
#[derive(Clone, Copy)]
pub struct Syn {
    /// Its destination port.
    pub destination_port: u16,
    /// Its sequence number.
    pub sequence: u32,
    /// Its window.
    pub window: u16,
    /// Whether its header has options.
    pub has_options: bool,
}

/// The marks of an access over IPv4.
#[inline(always)]
pub(crate) const fn of_access(ip: &Datagram<V4>) -> u8 {
    if ip.identification as u16 == ZMAP_IDENTIFICATION.to_be() {
        ZMAP
    } else {
        0
    }
}

/// The marks that a SYN over IPv4 has besides.
#[inline(always)]
pub(crate) const fn of_syn(ip: &Datagram<V4>, syn: Syn) -> u8 {
    let Syn {
        destination_port,
        sequence,
        window,
        has_options,
    } = syn;
    let mut marks = 0;
    if sequence == ip.destination.0 {
        marks |= MIRAI;
    }
    if !has_options && window == MASSCAN_WINDOW.to_be() {
        let word = u32::from_be(ip.destination.0 ^ sequence) as u16;
        if word ^ u16::from_be(destination_port) == u16::from_be(ip.identification as u16) {
            marks |= MASSCAN;
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use super::*;
    use crate::packet::{Address as _, Frame, Transport};

    /// A SYN to port 23 of 198.51.100.7.
    fn syn(identification: u16, sequence: u32, window: u16) -> Vec<u8> {
        let mut packet = Vec::from([0x45, 0, 0, 40]);
        packet.extend(identification.to_be_bytes());
        packet.extend([0, 0, 64, 6, 0, 0, 203, 0, 113, 9, 198, 51, 100, 7]);
        packet.extend([0x9c, 0x40, 0, 23]);
        packet.extend(sequence.to_be_bytes());
        packet.extend([0, 0, 0, 0, 0x50, 0x02]);
        packet.extend(window.to_be_bytes());
        packet.extend([0, 0, 0, 0]);
        packet
    }

    fn marks(packet: &[u8]) -> u8 {
        let frame = Frame::whole(packet);
        let ip = V4::read(&frame, 0).unwrap();
        Transport::read(&frame, &ip).unwrap().marks
    }

    #[test]
    fn fingerprints_are_those_that_were_published() {
        // 0x6407 (the address's end) ^ 0x5678 (the sequence number's) ^ 23 = 0x3268.
        let masscan = syn(0x3268, 0x1234_5678, 1024);
        assert_eq!(marks(&masscan), MASSCAN);
        assert_eq!(marks(&syn(0x3269, 0x1234_5678, 1024)), 0);
        assert_eq!(marks(&syn(0x3268, 0x1234_5678, 1025)), 0);
        let mut with_options = masscan.clone();
        with_options[3] += 4;
        with_options[32] = 0x60;
        with_options.extend([1, 1, 1, 0]);
        assert_eq!(marks(&with_options), 0);
        assert_eq!(marks(&syn(1, 0xc633_6407, 14600)), MIRAI);
        assert_eq!(marks(&syn(54321, 5, 65535)), ZMAP);
        assert_eq!(marks(&syn(54321, 0xc633_6407, 1)), MIRAI | ZMAP);
    }

    #[test]
    fn only_accesses_carry_marks() {
        let mut answer = syn(54321, 0xc633_6407, 1);
        for flags in [0x12, 0x10, 0x04, 0x14] {
            answer[33] = flags;
            assert_eq!(marks(&answer), 0, "flags {flags:#x}");
        }
        // A scan without SYN is an access, but none of Mirai's.
        answer[33] = 0;
        assert_eq!(marks(&answer), ZMAP);
    }
}
