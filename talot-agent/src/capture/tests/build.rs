//! Writes captures, byte by byte.

use std::io::Write as _;

/// Byte order of what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    pub(super) const BOTH: [Self; 2] = [Self::Little, Self::Big];

    pub(super) fn u16(self, number: u16) -> [u8; 2] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    pub(super) fn u32(self, number: u32) -> [u8; 4] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    fn words(self, numbers: &[u32]) -> Vec<u8> {
        numbers.iter().flat_map(|n| self.u32(*n)).collect()
    }
}

/// The header of a pcap file.
pub(super) fn pcap_header(order: Order, nanoseconds: bool, link: u32) -> Vec<u8> {
    let magic = if nanoseconds {
        0xa1b2_3c4d
    } else {
        0xa1b2_c3d4
    };
    let mut file = order.words(&[magic]);
    file.extend([order.u16(2), order.u16(4)].concat());
    file.extend(order.words(&[0, 0, 65_535, link]));
    file
}

/// A record of a pcap file.
pub(super) fn pcap_record(order: Order, seconds: u32, fraction: u32, bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len() as u32;
    let mut record = order.words(&[seconds, fraction, length, length]);
    record.extend(bytes);
    record
}

/// A block of a pcapng file.
pub(super) fn block(order: Order, kind: u32, body: &[u8]) -> Vec<u8> {
    let mut body = body.to_vec();
    body.resize(body.len().next_multiple_of(4), 0);
    let length = body.len() as u32 + 12;
    let mut block = order.words(&[kind, length]);
    block.extend(body);
    block.extend(order.u32(length));
    block
}

pub(super) fn option(order: Order, code: u16, value: &[u8]) -> Vec<u8> {
    let mut option = [order.u16(code), order.u16(value.len() as u16)].concat();
    option.extend(value);
    option.resize(option.len().next_multiple_of(4), 0);
    option
}

pub(super) fn section(order: Order) -> Vec<u8> {
    let mut body = order.words(&[0x1a2b_3c4d]);
    body.extend([order.u16(1), order.u16(0)].concat());
    body.extend([0xff; 8]);
    body.extend(option(order, 1, b"a comment"));
    body.extend(option(order, 0, &[]));
    block(order, 0x0a0d_0d0a, &body)
}

pub(super) fn interface(order: Order, link: u16, snap: u32, options: &[u8]) -> Vec<u8> {
    let mut body = [order.u16(link), order.u16(0)].concat();
    body.extend(order.u32(snap));
    body.extend(option(order, 2, b"eth0"));
    body.extend(options);
    body.extend(option(order, 0, &[]));
    block(order, 1, &body)
}

pub(super) fn enhanced(
    order: Order,
    interface: u32,
    ticks: u64,
    bytes: &[u8],
    options: &[u8],
) -> Vec<u8> {
    let length = bytes.len() as u32;
    let (high, low) = ((ticks >> 32) as u32, ticks as u32);
    let mut body = order.words(&[interface, high, low, length, length]);
    body.extend(bytes);
    body.resize(body.len().next_multiple_of(4), 0);
    body.extend(options);
    block(order, 6, &body)
}

pub(super) fn simple(order: Order, bytes: &[u8], length: u32) -> Vec<u8> {
    let mut body = order.u32(length).to_vec();
    body.extend(bytes);
    block(order, 3, &body)
}

/// The obsolete Packet Block.
pub(super) fn obsolete(order: Order, interface: u16, ticks: u64, bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len() as u32;
    let mut body = [order.u16(interface), order.u16(0)].concat();
    body.extend(order.words(&[(ticks >> 32) as u32, ticks as u32, length, length]));
    body.extend(bytes);
    block(order, 2, &body)
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// A TCP segment over IPv4.
pub(super) fn tcp(from: ([u8; 4], u16), to: ([u8; 4], u16), flags: u8) -> Vec<u8> {
    let mut packet = vec![0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0];
    packet.extend([from.0, to.0].concat());
    packet.extend([from.1.to_be_bytes(), to.1.to_be_bytes()].concat());
    packet.extend([0, 0, 0, 0, 0, 0, 0, 0, 0x50, flags, 0, 0, 0, 0, 0, 0]);
    packet
}

/// A UDP datagram over IPv6.
pub(super) fn udp6(from: (u16, u16), to: (u16, u16)) -> Vec<u8> {
    let address = |host: u16| {
        let mut address = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        address[14..].copy_from_slice(&host.to_be_bytes());
        address
    };
    let mut packet = vec![0x60, 0, 0, 0, 0, 8, 17, 64];
    packet.extend([address(from.0), address(to.0)].concat());
    packet.extend([from.1.to_be_bytes(), to.1.to_be_bytes()].concat());
    packet.extend([0, 8, 0, 0]);
    packet
}

pub(super) fn ethernet(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![2; 12];
    frame.extend(ether_type.to_be_bytes());
    frame.extend(payload);
    frame
}
