//! Captures, of whatever bytes: what is readable is read, and what is not is named.
//!
//! The first byte of an input chooses what is done with the rest, a capture: bit 0: it comes in
//! small pieces; bit 1: in gzip; bit 2: it is cut off, where the second byte says; bit 3: records
//! are made of it.
#![no_main]

mod scratch;

use std::{
    fs,
    io::{self, Cursor, Read, Write as _},
};

use flate2::{Compression, write::GzEncoder};
use libfuzzer_sys::fuzz_target;
use scratch::Scratch;
use talot_agent::{
    capture::{Arguments, LinkType, ModeFlag, Reader, read},
    config::Prefix,
};
use talot_common::packet::{Address as _, Network, V4, V6};

fuzz_target!(|data: &[u8]| {
    let [options, cut, capture @ ..] = data else {
        return;
    };
    let is_gzip = capture.starts_with(&[0x1f, 0x8b]);
    let (records, readable) = contents(Cursor::new(capture.to_vec()));
    if options & 1 != 0 {
        let (in_pieces, readable_in_pieces) = contents(Pieces(Cursor::new(capture.to_vec())));
        // Where a gzip file is corrupt, what was unpacked together with it is lost.
        assert!(in_pieces.starts_with(&records));
        assert!(is_gzip || in_pieces.len() == records.len());
        assert_eq!(readable_in_pieces, readable);
    }
    if options & 2 != 0 && !is_gzip && !capture.is_empty() {
        let packed = Cursor::new(gzip(capture));
        assert!(contents(packed) == (records.clone(), readable));
    }
    if options & 4 != 0 && !is_gzip {
        let end = capture.len() * usize::from(*cut) / 256;
        let (before, _) = contents(Cursor::new(capture[..end].to_vec()));
        assert!(records.starts_with(&before), "cut at {end}");
    }
    if options & 8 != 0 {
        records_of(capture);
    }
});

/// A packet, as far as a reader tells: time, link type, bytes, length, direction.
type Packet = (i64, LinkType, Vec<u8>, usize, bool);

/// Every packet, and whether the end was reached without damage.
fn contents(source: impl Read + 'static) -> (Vec<Packet>, bool) {
    let mut packets = Vec::new();
    let mut reader = match Reader::new(source) {
        Ok(reader) => reader,
        Err(damage) => {
            assert!(!damage.what.is_empty());
            return (packets, false);
        }
    };
    loop {
        match reader.next() {
            Ok(Some(record)) => {
                let frame = record.frame;
                assert_eq!(record.number, packets.len() as u64 + 1);
                assert!(frame.bytes.len() <= frame.length);
                match record.link.network(&frame) {
                    Network::V4(offset) => drop(V4::read(&frame, offset)),
                    Network::V6(offset) => drop(V6::read(&frame, offset)),
                    Network::Other => drop(record.link.arp_sender(&frame)),
                }
                let bytes = frame.bytes.to_vec();
                packets.push((
                    record.time,
                    record.link,
                    bytes,
                    frame.length,
                    record.leaving,
                ));
            }
            Ok(None) => return (packets, true),
            Err(damage) => {
                assert!(!damage.what.is_empty());
                assert_eq!(damage.to_string().lines().count(), 1);
                return (packets, false);
            }
        }
    }
}

/// Gives out few bytes at a time.
struct Pieces(Cursor<Vec<u8>>);

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = 1 + (self.0.position() % 7) as usize;
        let length = most.min(buffer.len());
        self.0.read(&mut buffer[..length])
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// The whole of `talot-agent read`.
fn records_of(capture: &[u8]) {
    let scratch = Scratch::new();
    let file = scratch.path().join("capture");
    fs::write(&file, capture).unwrap();
    let prefix = |address: [u8; 4], length| Prefix {
        address: address.into(),
        length,
    };
    let arguments = Arguments {
        captures: vec![file],
        config: None,
        addresses: vec![prefix([203, 0, 113, 0], 24), prefix([128, 0, 0, 0], 1)],
        mode: ModeFlag::Live,
        point: None,
        data_dir: Some(scratch.path().join("data")),
        kernel: false,
    };
    // Damage is an error, and so is what no calendar holds; both say what it is.
    if let Err(error) = read(&arguments) {
        assert!(!error.to_string().is_empty());
    }
}
