//! The classic format (draft-ietf-opsawg-pcap).

use super::{
    damage::Damage,
    input::{Input, Order},
    link::LinkType,
    reader::{Found, MOST_BYTES},
};

const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;

/// What the header of a file says of its records.
pub(super) struct Pcap {
    order: Order,
    /// Nanoseconds in one unit of the sub-second part of a time.
    unit: i64,
    link: LinkType,
    /// The longest record that can be meant.
    most: u32,
}

/// Byte order and time unit, by the first four bytes.
pub(super) const fn variant(magic: [u8; 4]) -> Option<(Order, i64)> {
    match magic {
        [0xd4, 0xc3, 0xb2, 0xa1] => Some((Order::Little, 1000)),
        [0xa1, 0xb2, 0xc3, 0xd4] => Some((Order::Big, 1000)),
        [0x4d, 0x3c, 0xb2, 0xa1] => Some((Order::Little, 1)),
        [0xa1, 0xb2, 0x3c, 0x4d] => Some((Order::Big, 1)),
        _ => None,
    }
}

impl Pcap {
    /// Reads the header of a file.
    pub(super) fn begin(input: &mut Input, (order, unit): (Order, i64)) -> Result<Self, Damage> {
        let taken = input.take(FILE_HEADER, format_args!("the pcap file header"))?;
        let header = input.bytes(taken);
        let (major, minor) = (order.u16(header, 4), order.u16(header, 6));
        if major != 2 {
            let what = format!("version 2.x of the pcap format is expected, not {major}.{minor}");
            return Err(Damage::new(4, what));
        }
        // libpcap's MAXIMUM_SNAPLEN; some writers give a snap length that they do not keep to.
        const USUAL: u32 = 262_144;
        Ok(Self {
            order,
            unit,
            // The upper half tells of frame check sequences.
            link: LinkType::from_number(order.u32(header, 20) as u16)
                .map_err(|what| Damage::new(20, what))?,
            most: order.u32(header, 16).clamp(USUAL, MOST_BYTES),
        })
    }

    /// The next packet.
    #[inline]
    pub(super) fn next(&self, input: &mut Input, number: u64) -> Result<Option<Found>, Damage> {
        let Some(header) = input.peek::<RECORD_HEADER>("the header of a record")? else {
            return Ok(None);
        };
        let field = |index: usize| self.order.u32(&header, 4 * index);
        let [seconds, fraction, captured, length] = [field(0), field(1), field(2), field(3)];
        if captured > self.most {
            let most = self.most;
            let what =
                format!("packet {number} has {captured} captured bytes, where {most} are the most");
            return Err(Damage::new(input.offset(), what));
        }
        let captured = captured as usize;
        let mut bytes = input.take(RECORD_HEADER + captured, format_args!("packet {number}"))?;
        bytes.start += RECORD_HEADER;
        Ok(Some(Found {
            time: i64::from(seconds) * 1_000_000_000 + i64::from(fraction) * self.unit,
            link: self.link,
            bytes,
            length: captured.max(length as usize),
            leaving: false,
        }))
    }
}
