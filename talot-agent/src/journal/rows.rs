//! Sections' rows as one stream.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, binary_heap::PeekMut},
    os::unix::fs::FileExt as _,
    sync::Arc,
};

use anyhow::{Context as _, Result, bail};

use super::{
    file::{DrainFile, Entry},
    packed::{self, Packed},
};
use crate::row::Row;

/// Rows that a section's buffer holds: 48 KiB.
const BUFFERED: u64 = 1024;

/// Where the rows of one section stand.
#[derive(Clone, Debug)]
pub(super) struct Part {
    file: Arc<DrainFile>,
    offset: u64,
    rows: u64,
}

impl Part {
    pub(super) fn new(file: &Arc<DrainFile>, entry: &Entry) -> Self {
        Self::at(file, entry.offset, entry.rows)
    }

    /// So many rows from this byte of the file on.
    pub(super) fn at(file: &Arc<DrainFile>, offset: u64, rows: u64) -> Self {
        Self {
            file: Arc::clone(file),
            offset,
            rows,
        }
    }
}

/// The rows of several sections in the order of their keys; those of the same key are one.
/// Holds a buffer for each section, however many rows there are.
pub struct Rows {
    cursors: Vec<Cursor>,
    /// The next row of each cursor that has one.
    heads: BinaryHeap<Reverse<(Packed, usize)>>,
}

impl Rows {
    pub(super) fn new(parts: &[Part]) -> Result<Self> {
        let mut cursors: Vec<Cursor> = parts.iter().cloned().map(Cursor::new).collect();
        let mut heads = BinaryHeap::with_capacity(cursors.len());
        for (index, cursor) in cursors.iter_mut().enumerate() {
            heads.extend(cursor.next()?.map(|head| Reverse((head, index))));
        }
        Ok(Self { cursors, heads })
    }

    /// Takes the smallest head, if it has the key of `of` or no key is asked for.
    fn take(&mut self, of: Option<&Packed>) -> Result<Option<(Packed, Row)>> {
        let Some(mut top) = self.heads.peek_mut() else {
            return Ok(None);
        };
        let Reverse((head, index)) = *top;
        if of.is_some_and(|of| !of.has_key_of(&head)) {
            return Ok(None);
        }
        let cursor = &mut self.cursors[index];
        match cursor.next()? {
            Some(next) => *top = Reverse((next, index)),
            None => drop(PeekMut::pop(top)),
        }
        match head.unpack() {
            Some(row) => Ok(Some((head, row))),
            None => bail!(
                "{} holds a row that is none",
                cursor.part.file.path.display()
            ),
        }
    }

    fn merge_next(&mut self) -> Result<Option<Row>> {
        let Some((head, mut row)) = self.take(None)? else {
            return Ok(None);
        };
        while let Some((_, same)) = self.take(Some(&head))? {
            row.absorb(&same);
        }
        Ok(Some(row))
    }
}

impl Iterator for Rows {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        self.merge_next().transpose()
    }
}

/// Reads one section's rows.
struct Cursor {
    /// What is not in the buffer yet.
    part: Part,
    buffer: Vec<u8>,
    position: usize,
}

impl Cursor {
    const fn new(part: Part) -> Self {
        Self {
            part,
            buffer: Vec::new(),
            position: 0,
        }
    }

    fn next(&mut self) -> Result<Option<Packed>> {
        if self.position == self.buffer.len() {
            self.fill()?;
        }
        let Some((packed, _)) = self.buffer[self.position..].split_first_chunk() else {
            return Ok(None);
        };
        self.position += packed::LEN;
        Ok(Some(Packed(*packed)))
    }

    fn fill(&mut self) -> Result<()> {
        let Part { file, offset, rows } = &mut self.part;
        let count = BUFFERED.min(*rows);
        let length = count * packed::LEN as u64;
        self.buffer.resize(length as usize, 0);
        self.position = 0;
        let read = file.file.read_exact_at(&mut self.buffer, *offset);
        read.with_context(|| format!("reading {}", file.path.display()))?;
        *offset += length;
        *rows -= count;
        Ok(())
    }
}
