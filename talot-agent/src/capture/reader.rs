//! Reading a capture file packet by packet, in whichever format it is.

use std::{io::Read, ops::Range};

use talot_common::packet::Frame;

use super::{
    damage::Damage,
    input::Input,
    link::LinkType,
    pcap::{self, Pcap},
    pcapng::{self, Pcapng},
};

/// The longest packet or block that can be meant, bytes.
pub(super) const MOST_BYTES: u32 = 1 << 24;

/// A packet of a capture.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Its number in the file, from 1 on.
    pub number: u64,
    /// When it was captured, ns since 1970 UTC.
    pub time: i64,
    /// What it begins with.
    pub link: LinkType,
    /// What was captured of it, and how long it was.
    pub frame: Frame<'a>,
    /// Whether the capture says that the capturing host sent it.
    pub leaving: bool,
}

/// A packet whose bytes stand in the input.
pub(super) struct Found {
    pub(super) time: i64,
    pub(super) link: LinkType,
    pub(super) bytes: Range<usize>,
    pub(super) length: usize,
    pub(super) leaving: bool,
}

enum Format {
    Pcap(Pcap),
    Pcapng(Pcapng),
}

/// A capture file under way.
pub struct Reader {
    input: Input,
    format: Format,
    /// How many packets have been read.
    packets: u64,
}

/// What other files begin with that people may take for captures.
const OTHERS: [(&[u8], &str); 4] = [
    (&[0x28, 0xb5, 0x2f, 0xfd], "zstd: unpack it first"),
    (&[0xfd, b'7', b'z', b'X'], "xz: unpack it first"),
    (b"BZh", "bzip2: unpack it first"),
    (
        &[0xa1, 0xb2, 0xcd, 0x34],
        "the modified pcap format of 1999",
    ),
];

impl Reader {
    /// Begins to read pcap or pcapng, plain or gzip.
    ///
    /// # Errors
    /// If the source holds neither, or no link type that can be read.
    pub fn new(source: impl Read + 'static) -> Result<Self, Damage> {
        let mut input = Input::new(Box::new(source));
        let magic: [u8; 4] = input
            .peek("the first word")?
            .ok_or_else(|| Damage::new(0, "the file is empty"))?;
        let format = if magic == pcapng::SECTION {
            Format::Pcapng(Pcapng::begin())
        } else if let Some(variant) = pcap::variant(magic) {
            Format::Pcap(Pcap::begin(&mut input, variant)?)
        } else {
            let other = OTHERS.iter().find(|(start, _)| magic.starts_with(start));
            let other = other.map_or(String::new(), |(_, name)| format!(", which is {name}"));
            let what = format!(
                "it begins with {magic:02x?}{other}; pcap and pcapng can be read, plain or gzip"
            );
            return Err(Damage::new(0, what));
        };
        Ok(Self {
            input,
            format,
            packets: 0,
        })
    }

    /// The next packet; none at the end. After an error there is nothing more to be read.
    ///
    /// # Errors
    /// If the file is cut off or contradicts itself.
    #[expect(
        clippy::should_implement_trait,
        reason = "a record borrows from the reader, which Iterator does not allow"
    )]
    #[inline]
    pub fn next(&mut self) -> Result<Option<Record<'_>>, Damage> {
        let number = self.packets + 1;
        let found = match &mut self.format {
            Format::Pcap(format) => format.next(&mut self.input, number)?,
            Format::Pcapng(format) => format.next(&mut self.input, number)?,
        };
        let Some(found) = found else { return Ok(None) };
        self.packets = number;
        let frame = Frame {
            bytes: self.input.bytes(found.bytes),
            length: found.length,
        };
        Ok(Some(Record {
            number,
            time: found.time,
            link: found.link,
            leaving: found.leaving || found.link.is_leaving(&frame),
            frame,
        }))
    }
}
