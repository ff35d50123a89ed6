//! What is not as it should be: what is before it is read, and what is wrong is said.

use super::{
    build::{
        Order, block, enhanced, gzip, interface, option, pcap_header, pcap_record, section, simple,
    },
    formats::read,
};

fn some_pcap() -> Vec<u8> {
    let order = Order::Big;
    let mut file = pcap_header(order, false, 1);
    for n in 0..3 {
        file.extend(pcap_record(order, n, n, &[n as u8; 21]));
    }
    file
}

fn some_pcapng() -> Vec<u8> {
    let order = Order::Little;
    let flags = option(order, 2, &order.u32(1));
    let mut file = [
        section(order),
        interface(order, 1, 40, &option(order, 9, &[9])),
    ]
    .concat();
    for n in 0..3 {
        file.extend(enhanced(order, 0, n, &[n as u8; 21], &flags));
    }
    file.extend(simple(order, &[9; 21], 21));
    file
}

#[test]
fn cut_at_any_byte_what_is_whole_is_read_and_the_rest_is_an_error() {
    let pcap_ends = [24, 24 + 37, 24 + 2 * 37, 24 + 3 * 37];
    let file = some_pcap();
    for cut in 0..file.len() {
        let (packets, end) = read(&file[..cut]);
        let whole = pcap_ends.iter().filter(|end| **end <= cut).count();
        assert_eq!(packets.len(), whole.saturating_sub(1), "cut at {cut}");
        assert_eq!(end.is_ok(), pcap_ends.contains(&cut), "cut at {cut}");
    }

    let file = some_pcapng();
    let mut ends = vec![0];
    while *ends.last().unwrap() < file.len() {
        let at = ends.last().unwrap();
        let length = u32::from_le_bytes(file[at + 4..at + 8].try_into().unwrap());
        ends.push(at + length as usize);
    }
    for cut in 1..file.len() {
        let (packets, end) = read(&file[..cut]);
        let whole = ends.iter().filter(|end| **end <= cut).count();
        assert_eq!(packets.len(), whole.saturating_sub(3), "cut at {cut}");
        assert_eq!(end.is_ok(), ends.contains(&cut), "cut at {cut}");
    }
}

#[test]
fn a_gzip_file_cut_at_any_byte_is_an_error_and_never_more_than_was_there() {
    let file = some_pcap();
    let packed = gzip(&file);
    let (all, _) = read(&file);
    for cut in 0..packed.len() {
        let (packets, end) = read(&packed[..cut]);
        assert!(end.is_err(), "cut at {cut}");
        assert!(all.starts_with(&packets), "cut at {cut}");
    }
    // Only the check sum is missing: everything is there.
    assert_eq!(read(&packed[..packed.len() - 8]).0, all);
}

#[test]
fn whatever_byte_is_wrong_nothing_panics_and_nothing_is_read_without_end() {
    for file in [some_pcap(), some_pcapng(), gzip(&some_pcap())] {
        for at in 0..file.len() {
            for flip in [0x01, 0x10, 0x80, 0xff] {
                let mut wrong = file.clone();
                wrong[at] ^= flip;
                let (packets, _) = read(&wrong);
                assert!(packets.len() <= 4);
            }
        }
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let order = Order::Little;
    let ng = |blocks: &[Vec<u8>]| [section(order), blocks.concat()].concat();
    let ethernet = interface(order, 1, 0, &[]);
    let long = {
        let mut file = pcap_header(order, false, 1);
        file.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
        file
    };
    let mut two_lengths = ng(&[block(order, 5, &[])]);
    let end = two_lengths.len() - 4;
    two_lengths[end] = 16;
    let mut old = pcap_header(order, false, 1);
    old[4] = 3;
    let cases: [(Vec<u8>, u64, &str); 14] = [
        (vec![], 0, "the file is empty"),
        (b"GET / HTTP/1.0".to_vec(), 0, "pcap and pcapng can be read"),
        (vec![0x28, 0xb5, 0x2f, 0xfd], 0, "zstd: unpack it first"),
        (
            old,
            4,
            "version 2.x of the pcap format is expected, not 3.4",
        ),
        (
            pcap_header(order, false, 105),
            20,
            "link type 105 (IEEE 802.11) cannot be read",
        ),
        (
            some_pcap()[..70].to_vec(),
            61,
            "the header of a record has 16 bytes, of which 9 are there: the file is cut off",
        ),
        (
            some_pcap()[..90].to_vec(),
            61,
            "packet 2 has 37 bytes, of which 29 are there: the file is cut off",
        ),
        (
            long,
            24,
            "packet 1 has 16777216 captured bytes, where 262144 are the most",
        ),
        (
            two_lengths,
            56,
            "a block of 12 bytes ends with another length, 16",
        ),
        (
            ng(&[enhanced(order, 1, 0, b"", &[])]),
            48,
            "packet 1 came by interface 1, of 0 in its section",
        ),
        (
            ng(&[
                interface(order, 220, 0, &[]),
                enhanced(order, 0, 0, b"", &[]),
            ]),
            80,
            "packet 1, interface 0: link type 220 (USB) cannot be read",
        ),
        (
            ng(&[ethernet.clone(), simple(order, b"", 0)]),
            80,
            "packet 1 has no time (a Simple Packet Block)",
        ),
        (
            ng(&[interface(order, 1, 0, &option(order, 9, &[20]))]),
            48,
            "an interface counts time in 10^-20 seconds",
        ),
        (
            ng(&[ethernet, enhanced(order, 0, u64::MAX, b"", &[])]),
            80,
            "the time of packet 1 is too far from 1970",
        ),
    ];
    for (file, at, says) in cases {
        let damage = read(&file).1.unwrap_err();
        assert!(damage.what.contains(says), "{damage}");
        assert_eq!(damage.at, at, "{damage}");
    }
}
