//! A row in 48 bytes. The first 23 are its key, and order as the keys do; all numbers are
//! big-endian.

use std::net::IpAddr;

use bytes::{Buf as _, BufMut as _};
use talot_common::{
    port_type::{Aim, Kind},
    words::Class,
};

use crate::row::{Row, RowKey};

/// Bytes of a packed row.
pub(super) const LEN: usize = 48;
const KEY_LEN: usize = 23;

/// A packed row. Comparing two compares their keys first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Packed(pub(super) [u8; LEN]);

impl Packed {
    pub(super) fn new(row: &Row) -> Self {
        let Row {
            key,
            packets,
            first_seen,
            last_seen,
            marks,
        } = row;
        let mut bytes = [0; LEN];
        bytes[..KEY_LEN].copy_from_slice(&pack_key(key));
        let mut out = &mut bytes[KEY_LEN..];
        out.put_u64(*packets);
        out.put_i64(*first_seen);
        out.put_i64(*last_seen);
        out.put_u8(*marks);
        Self(bytes)
    }

    pub(super) fn has_key_of(&self, other: &Self) -> bool {
        self.0[..KEY_LEN] == other.0[..KEY_LEN]
    }

    /// The row; none where the bytes are none.
    pub(super) fn unpack(&self) -> Option<Row> {
        let (key, mut rest) = self.0.split_at(KEY_LEN);
        Some(Row {
            key: unpack_key(key)?,
            packets: rest.get_u64(),
            first_seen: rest.get_i64(),
            last_seen: rest.get_i64(),
            marks: rest.get_u8(),
        })
    }
}

fn pack_key(key: &RowKey) -> [u8; KEY_LEN] {
    let RowKey { class, aim, source } = key;
    let mut bytes = [0; KEY_LEN];
    let mut out = &mut bytes[..];
    out.put_u8(*class as u8);
    out.put_u8(aim.protocol());
    out.put_u8(u8::from(aim.port().is_none()));
    out.put_u16(aim.number);
    out.put_u8(aim.kind as u8);
    match source {
        None => {}
        Some(IpAddr::V4(source)) => {
            out.put_u8(4);
            out.put_slice(&source.octets());
        }
        Some(IpAddr::V6(source)) => {
            out.put_u8(6);
            out.put_slice(&source.octets());
        }
    }
    bytes
}

fn unpack_key(mut bytes: &[u8]) -> Option<RowKey> {
    let packed = bytes;
    let class = Class::from_number(bytes.get_u8())?;
    bytes.advance(2);
    let number = bytes.get_u16();
    let kind = Kind::from_number(bytes.get_u8())?;
    let source = match bytes.get_u8() {
        0 => None,
        4 => Some(IpAddr::from(bytes.get_u32().to_be_bytes())),
        6 => Some(IpAddr::from(bytes.get_u128().to_be_bytes())),
        _ => return None,
    };
    let key = RowKey {
        class,
        aim: Aim { kind, number },
        source,
    };
    (pack_key(&key) == packed).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::model::{Random, random_row};

    #[test]
    fn packed_rows_give_back_the_rows_and_order_as_their_keys() {
        let mut random = Random(1);
        let rows: Vec<Row> = (0..2000).map(|_| random_row(&mut random)).collect();
        for pair in rows.windows(2) {
            let [a, b] = [Packed::new(&pair[0]), Packed::new(&pair[1])];
            assert_eq!(a.unpack(), Some(pair[0]));
            assert_eq!(
                a.0[..KEY_LEN].cmp(&b.0[..KEY_LEN]),
                pair[0].key.cmp(&pair[1].key)
            );
            assert_eq!(a.has_key_of(&b), pair[0].key == pair[1].key);
        }
    }

    #[test]
    fn bytes_that_are_no_row_are_refused() {
        let mut random = Random(2);
        let packed = Packed::new(&random_row(&mut random));
        for (index, wrong) in [(0, 3), (1, 255), (2, 2), (5, 0), (5, 10), (6, 5)] {
            let mut damaged = packed;
            damaged.0[index] = wrong;
            assert_eq!(damaged.unpack(), None, "byte {index} = {wrong}");
        }
    }
}
