//! What travels in IP packets.

use std::net::IpAddr;

use super::{Ends, checksum, ip, protocol, put, sum};

/// A TCP segment (RFC 9293).
#[derive(Clone, Debug)]
pub struct Tcp {
    /// Source port.
    pub source: u16,
    /// Destination port.
    pub destination: u16,
    /// Flags, see [`flag`].
    pub flags: u8,
    /// Sequence number.
    pub sequence: u32,
    /// Options, a multiple of 4 bytes.
    pub options: Vec<u8>,
    /// What it carries.
    pub payload: Vec<u8>,
}

impl Tcp {
    /// A segment without options and payload.
    pub const fn new(source: u16, destination: u16, flags: u8) -> Self {
        Self {
            source,
            destination,
            flags,
            sequence: 1,
            options: Vec::new(),
            payload: Vec::new(),
        }
    }

    /// The segment alone.
    pub fn segment(&self, ends: Ends) -> Vec<u8> {
        let offset = (20 + self.options.len()) / 4;
        let mut segment = Vec::from(self.source.to_be_bytes());
        segment.extend(self.destination.to_be_bytes());
        segment.extend(self.sequence.to_be_bytes());
        segment.extend([0, 0, 0, 0]);
        segment.extend([(offset as u8) << 4, self.flags, 0x04, 0, 0, 0, 0, 0]);
        segment.extend(&self.options);
        segment.extend(&self.payload);
        let pseudo = ends.pseudo_header(protocol::TCP, segment.len());
        let check = checksum(pseudo + sum(&segment));
        put(&mut segment, 16, check);
        segment
    }

    /// The segment in a plain IP packet.
    pub fn packet(&self, ends: Ends) -> Vec<u8> {
        ip(ends, protocol::TCP, &self.segment(ends))
    }
}

/// Packet of a TCP segment without options and payload.
pub fn tcp(ends: Ends, source: u16, destination: u16, flags: u8) -> Vec<u8> {
    Tcp::new(source, destination, flags).packet(ends)
}

/// A UDP datagram alone (RFC 768).
pub fn datagram(ends: Ends, source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
    let length = 8 + payload.len() as u16;
    let mut datagram = Vec::from(source.to_be_bytes());
    datagram.extend(destination.to_be_bytes());
    datagram.extend(length.to_be_bytes());
    datagram.extend([0, 0]);
    datagram.extend(payload);
    let pseudo = ends.pseudo_header(protocol::UDP, datagram.len());
    let check = match checksum(pseudo + sum(&datagram)) {
        [0, 0] => [0xff, 0xff],
        check => check,
    };
    put(&mut datagram, 6, check);
    datagram
}

/// Packet of a UDP datagram.
pub fn udp(ends: Ends, source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
    let datagram = datagram(ends, source, destination, payload);
    ip(ends, protocol::UDP, &datagram)
}

/// Packet of an ICMP or ICMPv6 message, by the family of its ends: type, code, the four bytes
/// behind the checksum, and what follows.
pub fn icmp(ends: Ends, kind: u8, code: u8, rest: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut message = vec![kind, code, 0, 0];
    message.extend(rest);
    message.extend(data);
    let (number, pseudo) = match ends.source {
        IpAddr::V4(_) => (protocol::ICMP, 0),
        IpAddr::V6(_) => {
            let pseudo = ends.pseudo_header(protocol::ICMPV6, message.len());
            (protocol::ICMPV6, pseudo)
        }
    };
    let check = checksum(pseudo + sum(&message));
    put(&mut message, 2, check);
    ip(ends, number, &message)
}

/// Packet of an ICMP or ICMPv6 echo message: type, identifier, sequence number.
pub fn echo(ends: Ends, kind: u8, identifier: u16, sequence: u16) -> Vec<u8> {
    let [a, b] = identifier.to_be_bytes();
    let [c, d] = sequence.to_be_bytes();
    icmp(ends, kind, 0, [a, b, c, d], b"talot test")
}

/// Packet of an SCTP INIT (RFC 9260), whose checksum is a CRC32c.
pub fn sctp(ends: Ends, source: u16, destination: u16) -> Vec<u8> {
    let mut message = Vec::from(source.to_be_bytes());
    message.extend(destination.to_be_bytes());
    message.extend([0; 8]);
    message.extend([
        1, 0, 0, 20, 0, 0, 0, 9, 0, 1, 0, 0, 0, 10, 0, 10, 0, 0, 0, 1,
    ]);
    let check = crc32c(&message).to_le_bytes();
    message[8..12].copy_from_slice(&check);
    ip(ends, protocol::SCTP, &message)
}

/// CRC32c (Castagnoli), as RFC 9260 appendix A gives it.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 }
        })
    })
}

/// Packet of a UDP-Lite datagram whose checksum covers all (RFC 3828).
pub fn udp_lite(ends: Ends, source: u16, destination: u16) -> Vec<u8> {
    let mut datagram = Vec::from(source.to_be_bytes());
    datagram.extend(destination.to_be_bytes());
    datagram.extend([0, 0, 0, 0]);
    datagram.extend(b"lite");
    let pseudo = ends.pseudo_header(protocol::UDP_LITE, datagram.len());
    let check = checksum(pseudo + sum(&datagram));
    put(&mut datagram, 6, check);
    ip(ends, protocol::UDP_LITE, &datagram)
}

/// Packet of a DCCP request (RFC 4340) with short checksum coverage.
pub fn dccp(ends: Ends, source: u16, destination: u16) -> Vec<u8> {
    let mut message = Vec::from(source.to_be_bytes());
    message.extend(destination.to_be_bytes());
    message.extend([5, 0, 0, 0, 0x01, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 42]);
    let pseudo = ends.pseudo_header(protocol::DCCP, message.len());
    let check = checksum(pseudo + sum(&message));
    put(&mut message, 6, check);
    ip(ends, protocol::DCCP, &message)
}

/// A DNS message of one question (`example.`, A), as query or as response.
pub fn dns(identification: u16, response: bool) -> Vec<u8> {
    let mut message = Vec::from(identification.to_be_bytes());
    message.extend([if response { 0x81 } else { 0x01 }, 0x00]);
    message.extend([0, 1, 0, 0, 0, 0, 0, 0]);
    message.extend(b"\x07example\x00");
    message.extend([0, 1, 0, 1]);
    message
}
