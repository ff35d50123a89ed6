//! Writes small databases, after the format's specification
//! (<https://maxmind.github.io/MaxMind-DB/>).

use std::net::IpAddr;

/// A value of the data section.
pub(super) enum Value {
    Text(&'static str),
    Short(u16),
    Number(u32),
    Long(u64),
    Double(f64),
    List(Vec<Value>),
    Map(Vec<(&'static str, Value)>),
}

impl Value {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => {
                control(2, text.len(), out);
                out.extend(text.bytes());
            }
            Self::Double(number) => {
                control(3, 8, out);
                out.extend(number.to_be_bytes());
            }
            Self::Number(number) => {
                control(6, 4, out);
                out.extend(number.to_be_bytes());
            }
            Self::Short(number) => {
                control(5, 2, out);
                out.extend(number.to_be_bytes());
            }
            Self::Long(number) => {
                control(9, 8, out);
                out.extend(number.to_be_bytes());
            }
            Self::Map(pairs) => {
                control(7, pairs.len(), out);
                for (key, value) in pairs {
                    Self::Text(key).write(out);
                    value.write(out);
                }
            }
            Self::List(values) => {
                control(11, values.len(), out);
                values.iter().for_each(|value| value.write(out));
            }
        }
    }
}

fn control(kind: u8, size: usize, out: &mut Vec<u8>) {
    let (size, more) = match size {
        0..29 => (size as u8, None),
        _ => (29, Some((size - 29) as u8)),
    };
    if kind < 8 {
        out.push(kind << 5 | size);
    } else {
        out.extend([size, kind - 7]);
    }
    out.extend(more);
}

#[derive(Clone, Copy)]
enum Child {
    Nothing,
    Node(usize),
    Data(usize),
}

/// A database of networks and their records, built at this time (s since 1970).
pub(super) fn database(
    type_: &'static str,
    built: u64,
    version: u16,
    networks: &[(IpAddr, u8, Value)],
) -> Vec<u8> {
    let (mut nodes, mut data) = (vec![[Child::Nothing; 2]], Vec::new());
    let mut by_length: Vec<_> = networks.iter().collect();
    by_length.sort_by_key(|(_, length, _)| *length);
    for (address, length, record) in by_length {
        let offset = data.len();
        record.write(&mut data);
        let bits = match address {
            IpAddr::V4(address) if version == 4 => {
                (u128::from(u32::from(*address)) << 96, u32::from(*length))
            }
            IpAddr::V4(address) => (u32::from(*address).into(), 96 + u32::from(*length)),
            IpAddr::V6(address) => (u128::from(*address), u32::from(*length)),
        };
        let mut node = 0;
        for depth in 0..bits.1 {
            let side = (bits.0 >> (127 - depth) & 1) as usize;
            if depth + 1 == bits.1 {
                nodes[node][side] = Child::Data(offset);
                break;
            }
            let next = match nodes[node][side] {
                Child::Node(next) => next,
                above => {
                    nodes.push([above; 2]);
                    nodes[node][side] = Child::Node(nodes.len() - 1);
                    nodes.len() - 1
                }
            };
            node = next;
        }
    }
    let count = nodes.len();
    let mut bytes = Vec::new();
    for child in nodes.iter().flatten() {
        let value = match child {
            Child::Nothing => count,
            Child::Node(node) => *node,
            Child::Data(offset) => count + 16 + offset,
        };
        bytes.extend(&(value as u32).to_be_bytes()[1..]);
    }
    bytes.extend([0; 16]);
    bytes.extend(data);
    bytes.extend(b"\xab\xcd\xefMaxMind.com");
    Value::Map(vec![
        ("binary_format_major_version", Value::Short(2)),
        ("binary_format_minor_version", Value::Short(0)),
        ("build_epoch", Value::Long(built)),
        ("database_type", Value::Text(type_)),
        ("description", Value::Map(vec![])),
        ("ip_version", Value::Short(version)),
        ("languages", Value::List(vec![])),
        ("node_count", Value::Number(count as u32)),
        ("record_size", Value::Short(24)),
    ])
    .write(&mut bytes);
    bytes
}
