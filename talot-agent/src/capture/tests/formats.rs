//! Every variant of the formats says the same.

use talot_common::packet::Network;

use super::build::{
    Order, block, enhanced, ethernet, gzip, interface, obsolete, option, pcap_header, pcap_record,
    section, simple, tcp, udp6,
};
use crate::capture::{Damage, LinkType, Reader};

/// A packet as it was read: time, link type, bytes, length, direction.
pub(super) type Read = (i64, LinkType, Vec<u8>, usize, bool);

/// Reads to the end, or to what is damaged.
pub(super) fn read(file: &[u8]) -> (Vec<Read>, Result<(), Damage>) {
    let mut packets = Vec::new();
    let mut reader = match Reader::new(std::io::Cursor::new(file.to_vec())) {
        Ok(reader) => reader,
        Err(damage) => return (packets, Err(damage)),
    };
    loop {
        match reader.next() {
            Ok(None) => return (packets, Ok(())),
            Err(damage) => return (packets, Err(damage)),
            Ok(Some(record)) => {
                assert_eq!(record.number, packets.len() as u64 + 1);
                let bytes = record.frame.bytes.to_vec();
                let length = record.frame.length;
                packets.push((record.time, record.link, bytes, length, record.leaving));
            }
        }
    }
}

fn whole(file: &[u8]) -> Vec<Read> {
    let (packets, end) = read(file);
    assert_eq!(end, Ok(()));
    packets
}

const SECONDS: u32 = 1_795_219_200;
const NANOSECONDS: i64 = SECONDS as i64 * 1_000_000_000;

fn plain(time: i64, bytes: &[u8]) -> Read {
    (time, LinkType::Ethernet, bytes.to_vec(), bytes.len(), false)
}

#[test]
fn pcap_in_both_byte_orders_and_units_plain_and_gzip() {
    for order in Order::BOTH {
        for (nanoseconds, unit) in [(false, 1000), (true, 1)] {
            let mut file = pcap_header(order, nanoseconds, 1);
            file.extend(pcap_record(order, SECONDS, 7, b"first"));
            file.extend(pcap_record(order, SECONDS + 1, 0, b""));
            let expected = [
                plain(NANOSECONDS + 7 * unit, b"first"),
                plain(NANOSECONDS + 1_000_000_000, b""),
            ];
            assert_eq!(whole(&file), expected, "{order:?} {nanoseconds}");
            assert_eq!(whole(&gzip(&file)), expected, "{order:?} {nanoseconds}");
            let (head, tail) = file.split_at(30);
            let members = [gzip(head), gzip(tail)].concat();
            assert_eq!(whole(&members), expected, "two gzip members");
        }
    }
}

#[test]
fn a_snap_length_leaves_the_packets_length() {
    let mut file = pcap_header(Order::Little, false, 1);
    let mut record = pcap_record(Order::Little, 1, 0, b"cut");
    record[12..16].copy_from_slice(&1500_u32.to_le_bytes());
    file.extend(record);
    assert_eq!(whole(&file)[0].3, 1500);
}

#[test]
fn pcapng_with_every_block_in_both_byte_orders() {
    for order in Order::BOTH {
        let resolution = |value: u8| option(order, 9, &[value]);
        let hour: [u8; 8] = match order {
            Order::Little => 3600_i64.to_le_bytes(),
            Order::Big => 3600_i64.to_be_bytes(),
        };
        let later = [resolution(0x80 | 10), option(order, 14, &hour)].concat();
        let flags = |direction: u32| {
            let comment = option(order, 1, b"odd");
            [
                comment,
                option(order, 2, &order.u32(direction)),
                option(order, 0, &[]),
            ]
            .concat()
        };
        let ticks = u64::from(SECONDS);
        let file = [
            section(order),
            interface(order, 1, 3, &[]),
            interface(order, 101, 0, &resolution(9)),
            interface(order, 113, 0, &later),
            interface(order, 105, 0, &[]),
            block(order, 5, b"statistics"),
            enhanced(order, 0, ticks * 1_000_000 + 1, b"micro", &[]),
            enhanced(order, 1, ticks * 1_000_000_000 + 1, b"nano", &flags(1)),
            enhanced(order, 2, ticks * 1024 + 512, b"binary", &flags(2)),
            simple(order, b"sna", 70),
            obsolete(order, 1, ticks * 1_000_000_000 + 2, b"old"),
            block(order, 0xbad, b"a block of somebody's own"),
        ];
        let half_past = NANOSECONDS + 3_600_500_000_000;
        let raw = |time, bytes: &[u8]| (time, LinkType::Ip, bytes.to_vec(), bytes.len(), false);
        let expected = [
            plain(NANOSECONDS + 1000, b"micro"),
            raw(NANOSECONDS + 1, b"nano"),
            (half_past, LinkType::Cooked, b"binary".to_vec(), 6, true),
            (half_past, LinkType::Ethernet, b"sna".to_vec(), 70, false),
            raw(NANOSECONDS + 2, b"old"),
        ];
        let file = file.concat();
        assert_eq!(whole(&file), expected, "{order:?}");
        assert_eq!(whole(&gzip(&file)), expected, "{order:?}");
        for other in Order::BOTH {
            let next = [
                section(other),
                interface(other, 1, 0, &[]),
                enhanced(other, 0, 5, b"next", &[]),
            ];
            let both = [file.clone(), next.concat()].concat();
            let packets = whole(&both);
            assert_eq!(packets[5..], [plain(5000, b"next")], "{order:?} {other:?}");
        }
    }
}

#[test]
fn every_link_type_leads_to_the_ip_header() {
    let v4 = tcp(([203, 0, 113, 9], 40_000), ([198, 51, 100, 7], 23), 2);
    let v6 = udp6((9, 40_000), (7, 53));
    let cooked = |kind: u16, protocol: u16, payload: &[u8]| {
        let mut frame = [kind.to_be_bytes(), [0, 1], [0, 6]].concat();
        frame.extend([0; 8]);
        frame.extend(protocol.to_be_bytes());
        frame.extend(payload);
        frame
    };
    let cooked2 = |kind: u8, protocol: u16, payload: &[u8]| {
        let mut frame = protocol.to_be_bytes().to_vec();
        frame.extend([0, 0, 0, 0, 0, 2, 0, 1, kind, 6, 0, 0, 0, 0, 0, 0, 0, 0]);
        frame.extend(payload);
        frame
    };
    let tagged = [&[0, 5, 0x81, 0, 0, 6, 0x08, 0], &v4[..]].concat();
    let cases = [
        (1, ethernet(0x0800, &v4), Network::V4(14), false),
        (1, ethernet(0x88a8, &tagged), Network::V4(22), false),
        (1, ethernet(0x0806, &v4), Network::Other, false),
        (101, v4.clone(), Network::V4(0), false),
        (101, v6.clone(), Network::V6(0), false),
        (101, vec![0x50; 40], Network::Other, false),
        (101, vec![], Network::Other, false),
        (228, v4.clone(), Network::V4(0), false),
        (229, v6.clone(), Network::V6(0), false),
        (113, cooked(0, 0x0800, &v4), Network::V4(16), false),
        (113, cooked(4, 0x86dd, &v6), Network::V6(16), true),
        (113, cooked(0, 0x88a8, &tagged), Network::V4(24), false),
        (113, cooked(0, 0x0004, &v4), Network::Other, false),
        (113, vec![0; 15], Network::Other, false),
        (276, cooked2(0, 0x0800, &v4), Network::V4(20), false),
        (276, cooked2(4, 0x86dd, &v6), Network::V6(20), true),
        (
            276,
            cooked2(0, 0x8100, &tagged[4..]),
            Network::V4(24),
            false,
        ),
        (276, vec![8, 0], Network::Other, false),
        (0, [&[2, 0, 0, 0], &v4[..]].concat(), Network::V4(4), false),
        (0, [&[0, 0, 0, 30], &v6[..]].concat(), Network::V6(4), false),
        (
            108,
            [&[0, 0, 0, 2], &v4[..]].concat(),
            Network::V4(4),
            false,
        ),
        (108, vec![0, 0, 2], Network::Other, false),
    ];
    for (number, frame, network, leaving) in cases {
        let mut file = pcap_header(Order::Big, false, number);
        file.extend(pcap_record(Order::Big, 1, 0, &frame));
        let mut reader = Reader::new(std::io::Cursor::new(file)).unwrap();
        let record = reader.next().unwrap().unwrap();
        let found = (record.link.network(&record.frame), record.leaving);
        assert_eq!(
            found,
            (network, leaving),
            "link type {number}: {frame:02x?}"
        );
    }
}
