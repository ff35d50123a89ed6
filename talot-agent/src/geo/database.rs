//! One file in MaxMind's format, in memory.

use std::{
    collections::HashSet,
    fs::{File, Metadata},
    io::Read as _,
    net::IpAddr,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};
use jiff::{Timestamp, tz::TimeZone};
use maxminddb::{Reader, WithinOptions};
use sha2::{Digest as _, Sha256};

use super::record::Record;
use crate::records::{DatabaseName, hex};

/// Which file it is that stands under a name; another, once it was replaced or written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    file: (u64, u64),
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    /// None if there is no file.
    pub(super) fn of(path: &Path) -> Option<Self> {
        path.metadata().ok().map(|about| Self::from(&about))
    }
}

impl From<&Metadata> for Stamp {
    fn from(about: &Metadata) -> Self {
        Self {
            file: (about.dev(), about.ino()),
            size: about.size(),
            modified: (about.mtime(), about.mtime_nsec()),
        }
    }
}

/// What a database is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Country,
    Asn,
}

impl Question {
    pub(super) const ALL: [Self; 2] = [Self::Country, Self::Asn];

    /// As it is spoken of.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::Asn => "ASN",
        }
    }
}

/// A database that was read whole and checked.
#[derive(Debug)]
pub(super) struct Database {
    reader: Reader<Vec<u8>>,
    file: (PathBuf, Option<Stamp>),
    pub(super) name: DatabaseName,
    answers: [bool; 2],
}

impl Database {
    /// Reads a file, and every record in it once, so that no look-up can fail later.
    pub(super) fn read(path: &Path, stamp: Option<Stamp>) -> Result<Self> {
        let mut bytes = Vec::new();
        File::open(path)?.read_to_end(&mut bytes)?;
        Self::of(bytes, path, stamp)
    }

    /// What a file of this name holds, or is to hold.
    pub(super) fn of(bytes: Vec<u8>, path: &Path, stamp: Option<Stamp>) -> Result<Self> {
        let sha256 = hex(&Sha256::digest(&bytes));
        let reader = Reader::from_source(bytes).context("it is no whole MaxMind DB")?;
        let about = reader.metadata();
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let built = i64::try_from(about.build_epoch).ok();
        let built = built.and_then(|second| Timestamp::from_second(second).ok());
        let name = DatabaseName {
            name: format!("{file} ({})", about.database_type),
            date: built.map(|built| TimeZone::UTC.to_datetime(built).date()),
            sha256,
        };
        let answers = check(&reader).context("it is damaged")?;
        Ok(Self {
            reader,
            file: (path.to_owned(), stamp),
            name,
            answers,
        })
    }

    /// Whether it was read from this file, as it was then.
    pub(super) fn is_of(&self, path: &Path, stamp: Option<Stamp>) -> bool {
        self.file.0 == path && self.file.1 == stamp
    }

    /// Whether it can answer at all, which another file than the one that was meant cannot.
    pub(super) fn answers(&self, question: Question) -> Result<()> {
        let type_ = &self.name.name;
        ensure!(
            self.answers[question as usize],
            "{type_} has no {} in any of its records",
            question.name()
        );
        Ok(())
    }

    pub(super) fn lookup(&self, address: IpAddr) -> Option<Record<'_>> {
        // An address of IPv6 in a database of IPv4 is an error here: nothing is known of it.
        self.reader.lookup(address).ok()?.decode().ok()?
    }
}

/// Walks through all of a database; which questions it answers.
fn check(reader: &Reader<Vec<u8>>) -> Result<[bool; 2]> {
    let mut answers = [false; 2];
    let mut seen = HashSet::new();
    // A tree has fewer leaves than this; one that leads back into itself has no end.
    let mut left = u64::from(reader.metadata().node_count).saturating_mul(3);
    for network in reader.networks(WithinOptions::default())? {
        let network = network?;
        left = match left.checked_sub(1) {
            Some(left) => left,
            None => bail!("its search tree leads back into itself"),
        };
        if network.offset().is_none_or(|offset| !seen.insert(offset)) {
            continue;
        }
        if let Some(record) = network.decode::<Record<'_>>()? {
            answers[Question::Country as usize] |= record.country().is_some();
            answers[Question::Asn as usize] |= record.asn().is_some();
        }
    }
    Ok(answers)
}
