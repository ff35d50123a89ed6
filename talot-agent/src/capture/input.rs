//! The bytes of a capture, unpacked if they are gzip, some of them at hand.

use std::{
    fmt,
    io::{self, BufReader, ErrorKind, Read},
    ops::Range,
};

use flate2::bufread::MultiGzDecoder;

use super::damage::Damage;

/// How much is read at a time.
const CHUNK: usize = 1 << 18;
/// How much of a gzip file is unpacked at a time: what is lost where it is corrupt.
const PACKED_CHUNK: usize = 1 << 13;

const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A stream of which the next bytes lie in one piece.
pub(super) struct Input {
    source: Box<dyn Read>,
    /// Empty bytes behind `end`.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// How many bytes were before `start`.
    offset: u64,
    /// Why nothing more comes; none while more may come, or at the proper end.
    trouble: Option<io::Error>,
    is_over: bool,
}

impl Input {
    pub(super) fn new(mut source: Box<dyn Read>) -> Self {
        let mut head = Vec::new();
        let trouble = source.by_ref().take(2).read_to_end(&mut head).err();
        let is_gzip = head == GZIP;
        let whole = io::Cursor::new(head).chain(source);
        let source: Box<dyn Read> = if is_gzip {
            let packed = BufReader::with_capacity(PACKED_CHUNK, whole);
            Box::new(MultiGzDecoder::new(packed))
        } else {
            Box::new(whole)
        };
        Self {
            source,
            buffer: vec![0; CHUNK],
            start: 0,
            end: 0,
            offset: 0,
            is_over: trouble.is_some(),
            trouble,
        }
    }

    /// How many bytes have been taken.
    pub(super) const fn offset(&self) -> u64 {
        self.offset
    }

    /// The next `N` bytes, which stay; none at the end.
    pub(super) fn peek<const N: usize>(&mut self, what: &str) -> Result<Option<[u8; N]>, Damage> {
        if !self.has(N) && self.start == self.end && self.trouble.is_none() {
            return Ok(None);
        }
        self.need(N, format_args!("{what}"))?;
        let bytes = self.buffer[self.start..self.end].first_chunk();
        Ok(bytes.copied())
    }

    /// Takes the next bytes: where they stand until the next call that needs more.
    #[inline]
    pub(super) fn take(
        &mut self,
        count: usize,
        what: fmt::Arguments<'_>,
    ) -> Result<Range<usize>, Damage> {
        self.need(count, what)?;
        let start = self.start;
        self.start += count;
        self.offset += count as u64;
        Ok(start..self.start)
    }

    /// Bytes that were taken.
    pub(super) fn bytes(&self, taken: Range<usize>) -> &[u8] {
        &self.buffer[taken]
    }

    fn need(&mut self, count: usize, what: fmt::Arguments<'_>) -> Result<(), Damage> {
        if self.has(count) {
            return Ok(());
        }
        let there = self.end - self.start;
        let why = match &self.trouble {
            None => "the file is cut off".to_owned(),
            Some(error) if error.kind() == ErrorKind::UnexpectedEof => {
                "the gzip file is cut off".to_owned()
            }
            Some(error) => format!("it cannot be read on: {error}"),
        };
        let what = format!("{what} has {count} bytes, of which {there} are there: {why}");
        Err(Damage::new(self.offset, what))
    }

    #[inline]
    fn has(&mut self, count: usize) -> bool {
        self.end - self.start >= count || self.read_until(count)
    }

    #[cold]
    fn read_until(&mut self, count: usize) -> bool {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.buffer.len() < count {
            self.buffer.resize(count.next_multiple_of(CHUNK), 0);
        }
        while self.end < count && !self.is_over {
            match self.source.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.is_over = true,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.is_over = true;
                    self.trouble = Some(error);
                }
            }
        }
        self.end >= count
    }
}

/// The order of the bytes in a capture's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    /// The number whose bytes begin at an offset that is known to be within.
    #[inline]
    pub(super) fn u32(self, bytes: &[u8], at: usize) -> u32 {
        let bytes = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    /// As [`Order::u32`].
    #[inline]
    pub(super) fn u16(self, bytes: &[u8], at: usize) -> u16 {
        let bytes = [bytes[at], bytes[at + 1]];
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }
}
