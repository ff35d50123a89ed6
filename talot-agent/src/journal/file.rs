//! One file of the journal: magic and version, the rows of every section, an index in JSON with
//! its length, and the SHA-256 of all that. The index comes last because a merge knows how many
//! rows it has only once they are written.

use std::{
    fs::File,
    io::Write as _,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Mark, Observation, Tally, packed, packed::Packed, span::Span};
use crate::{durable, row::Row};

const MAGIC: &[u8; 8] = b"TALOTJNL";
const VERSION: u32 = 2;
/// The version before, whose index had no marks.
const WITHOUT_MARKS: u32 = 1;
/// Magic and version.
const HEAD: u64 = 12;
const HASH: u64 = 32;
/// Length of the index and the hash.
const TAIL: u64 = 4 + HASH;

/// What a file says of itself.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Index {
    /// How far what is durable goes; of each instance the last, in the order of time.
    marks: Vec<Mark>,
    entries: Vec<Entry>,
}

/// What the index says of a section.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    #[serde(with = "day_text")]
    pub(super) day: Date,
    pub(super) point: String,
    pub(super) tally: Tally,
    pub(super) observation: Observation,
    /// Where its rows begin, in bytes from the start of the file.
    pub(super) offset: u64,
    /// How many rows it has, in the order of their keys, each key once.
    pub(super) rows: u64,
}

impl Entry {
    pub(super) fn is_of(&self, day: Date, point: &str) -> bool {
        self.day == day && self.point == point
    }
}

/// A file whose hash is right, open.
#[derive(Debug)]
pub(super) struct DrainFile {
    pub(super) span: Span,
    pub(super) path: PathBuf,
    pub(super) file: File,
    pub(super) marks: Vec<Mark>,
    pub(super) entries: Vec<Entry>,
}

/// Why a file's contents cannot be what was written.
#[derive(Debug)]
pub(super) struct Damage(pub(super) String);

impl DrainFile {
    /// Reads all of an open file once and checks it. The outer error is that of reading, or of a
    /// version that this program does not know.
    pub(super) fn check(path: &Path, span: Span, file: File) -> Result<Result<Self, Damage>> {
        let index = read_index(&file).with_context(|| format!("reading {}", path.display()))?;
        Ok(index.map(|Index { marks, entries }| Self {
            span,
            path: path.to_owned(),
            file,
            marks,
            entries,
        }))
    }

    /// Writes a file durably; `fill` adds the sections.
    pub(super) fn write(
        dir: &Path,
        tmp_dir: &Path,
        span: Span,
        marks: Vec<Mark>,
        fill: impl FnOnce(&mut SectionWriter<'_>) -> Result<()>,
    ) -> Result<Self> {
        let path = dir.join(span.file_name());
        let (Index { marks, entries }, file) = durable::write_and_keep(&path, tmp_dir, |out| {
            out.write_all(MAGIC)?;
            out.write_all(&VERSION.to_be_bytes())?;
            let mut sections = SectionWriter {
                out,
                offset: HEAD,
                entries: Vec::new(),
            };
            fill(&mut sections)?;
            let SectionWriter { out, entries, .. } = sections;
            let index = Index { marks, entries };
            let text = serde_json::to_vec(&index)?;
            out.write_all(&text)?;
            out.write_all(&u32::try_from(text.len())?.to_be_bytes())?;
            let digest = out.digest();
            out.write_all(&digest)?;
            Ok(index)
        })?;
        Ok(Self {
            span,
            path,
            file,
            marks,
            entries,
        })
    }
}

/// Adds sections to a file that is being written.
pub(super) struct SectionWriter<'a> {
    out: &'a mut durable::Writer,
    offset: u64,
    entries: Vec<Entry>,
}

impl SectionWriter<'_> {
    /// Adds a section; its rows come in the order of their keys, each key once.
    pub(super) fn add(
        &mut self,
        day: Date,
        point: String,
        tally: Tally,
        observation: Observation,
        rows: impl Iterator<Item = Result<Row>>,
    ) -> Result<()> {
        let offset = self.offset;
        let mut count = 0;
        for row in rows {
            self.out.write_all(&Packed::new(&row?).0)?;
            count += 1;
        }
        self.offset += count * packed::LEN as u64;
        self.entries.push(Entry {
            day,
            point,
            tally,
            observation,
            offset,
            rows: count,
        });
        Ok(())
    }
}

fn read_index(file: &File) -> Result<Result<Index, Damage>> {
    let damage = |what: &str| Ok(Err(Damage(what.to_owned())));
    let length = file.metadata()?.len();
    if length < HEAD + TAIL {
        return damage("it is cut short");
    }
    if !hash_is_right(file, length - HASH)? {
        return damage("its SHA-256 is wrong");
    }
    // From here on the file is as it was written.
    let mut head = [0; HEAD as usize];
    file.read_exact_at(&mut head, 0)?;
    let (magic, version) = head.split_at(MAGIC.len());
    if magic != MAGIC {
        return damage("it is no file of the journal");
    }
    let has_marks = version == VERSION.to_be_bytes();
    if !has_marks && version != WITHOUT_MARKS.to_be_bytes() {
        bail!(
            "its format is neither version {VERSION} nor {WITHOUT_MARKS}: it was written by another version of Talot; \
             run that one, or move the file away"
        );
    }
    let mut index_length = [0; 4];
    file.read_exact_at(&mut index_length, length - TAIL)?;
    let index_length = u64::from(u32::from_be_bytes(index_length));
    let Some(rows_end) = (length - TAIL)
        .checked_sub(index_length)
        .filter(|end| *end >= HEAD)
    else {
        return damage("its index is longer than the file");
    };
    let mut text = vec![0; usize::try_from(index_length)?];
    file.read_exact_at(&mut text, rows_end)?;
    let index = if has_marks {
        serde_json::from_slice(&text)
    } else {
        serde_json::from_slice(&text).map(|entries| Index {
            marks: Vec::new(),
            entries,
        })
    };
    let index: Index = match index {
        Ok(index) => index,
        Err(error) => return damage(&format!("its index is wrong: {error}")),
    };
    let mut offset = Some(HEAD);
    for entry in &index.entries {
        let length = entry.rows.checked_mul(packed::LEN as u64);
        offset = offset.filter(|offset| *offset == entry.offset);
        offset = offset
            .zip(length)
            .and_then(|(offset, length)| offset.checked_add(length));
    }
    if offset != Some(rows_end) {
        return damage("its index does not fit its rows");
    }
    Ok(Ok(index))
}

/// Whether the hash of the first `length` bytes stands behind them.
fn hash_is_right(file: &File, length: u64) -> Result<bool> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 17];
    let mut offset = 0;
    while offset < length {
        let left = usize::try_from(length - offset).unwrap_or(usize::MAX);
        let chunk = buffer.len().min(left);
        file.read_exact_at(&mut buffer[..chunk], offset)?;
        hash.update(&buffer[..chunk]);
        offset += chunk as u64;
    }
    let mut expected = [0; HASH as usize];
    file.read_exact_at(&mut expected, length)?;
    Ok(hash.finalize()[..] == expected)
}

/// A day as `2026-11-21`.
mod day_text {
    use jiff::civil::Date;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(day: &Date, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(day)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Date, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}
