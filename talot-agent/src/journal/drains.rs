//! What the journal's files hold together, per day and point.

use std::{
    collections::BTreeSet,
    fs::File,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result, bail};
use jiff::civil::Date;

use super::{
    DIRECTORY, Observation, Rows, Tally,
    file::{Damage, DrainFile},
    rows::Part,
    span::{self, Span},
};

/// A view of the journal. It keeps its files open, so it stays whole whatever becomes of them;
/// a clone costs little.
#[derive(Clone, Debug, Default)]
pub struct Drains {
    /// In the order of their drains.
    pub(super) files: Vec<Arc<DrainFile>>,
    /// Days and points that are closed: their sections are waste.
    pub(super) forgotten: BTreeSet<(Date, String)>,
}

impl Drains {
    /// The journal of a data directory in which an agent may be at work: takes no lock, changes
    /// nothing. What is damaged is left out and logged.
    ///
    /// # Errors
    /// When the data directory is not there or a file cannot be read.
    pub fn read_only(data_dir: &Path) -> Result<Self> {
        Self::read_what_is_whole(data_dir).map(|(drains, _)| drains)
    }

    /// The same; says of every file that is left out why.
    ///
    /// # Errors
    /// As [`Drains::read_only`].
    pub fn read_what_is_whole(data_dir: &Path) -> Result<(Self, Vec<String>)> {
        data_dir.read_dir().with_context(|| {
            format!(
                "reading the data directory {}: is it the right one?",
                data_dir.display()
            )
        })?;
        let mut left_out = Vec::new();
        let mut leave_out = |path: &Path, why: &str| {
            let what = format!("{} is left out: {why}", path.display());
            log::error!("{what}");
            left_out.push(what);
        };
        let mut files: Vec<Arc<DrainFile>> = Vec::new();
        for (span, path, file) in open_all(&data_dir.join(DIRECTORY))? {
            let file = match DrainFile::check(&path, span, file)? {
                Ok(file) => file,
                Err(Damage(why)) => {
                    leave_out(&path, &format!("it is damaged, {why}"));
                    continue;
                }
            };
            match files.last().map(|last| last.span) {
                Some(last) if last.contains(span) => {}
                Some(last) if span.first <= last.last => {
                    leave_out(&path, "it overlaps another");
                }
                _ => files.push(Arc::new(file)),
            }
        }
        let drains = Self {
            files,
            forgotten: BTreeSet::new(),
        };
        Ok((drains, left_out))
    }

    /// The days and points of which there is anything.
    pub fn days(&self) -> BTreeSet<(Date, String)> {
        let entries = self.files.iter().flat_map(|file| &file.entries);
        let days = entries.map(|entry| (entry.day, entry.point.clone()));
        days.filter(|day| !self.forgotten.contains(day)).collect()
    }

    /// Everything of a day and point; none if there is nothing.
    pub fn section(&self, day: Date, point: &str) -> Option<Merged> {
        if self.forgotten.contains(&(day, point.to_owned())) {
            return None;
        }
        let mut merged = Merged::default();
        for file in &self.files {
            for entry in file.entries.iter().filter(|entry| entry.is_of(day, point)) {
                merged.tally.add(&entry.tally);
                merged.observation.merge(&entry.observation);
                merged.parts.push(Part::new(file, entry));
            }
        }
        (!merged.parts.is_empty()).then_some(merged)
    }
}

/// The sections of one day and point, merged.
#[derive(Clone, Debug, Default)]
pub struct Merged {
    /// The sum of their tallies.
    pub tally: Tally,
    /// Their observations, one after the other.
    pub observation: Observation,
    parts: Vec<Part>,
}

impl Merged {
    /// Their rows in the order of the keys, each key once. Needs little memory, and may be called
    /// again for another pass.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn rows(&self) -> Result<Rows> {
        Rows::new(&self.parts)
    }
}

/// Opens every file of the journal while another process may be adding and merging. A listing
/// that changes underway can miss both a merged file and what went into it; so the same is to be
/// listed before and after.
fn open_all(dir: &Path) -> Result<Vec<(Span, PathBuf, File)>> {
    const ATTEMPTS: u32 = 1000;
    for _ in 0..ATTEMPTS {
        let listed = span::list(dir)?.named;
        let opened: Result<Vec<_>, _> = listed
            .iter()
            .map(|(span, path)| match File::open(path) {
                Ok(file) => Ok((*span, path.clone(), file)),
                Err(error) => Err((error, path)),
            })
            .collect();
        match opened {
            Ok(opened) if span::list(dir)?.named == listed => return Ok(opened),
            Ok(_) => {}
            Err((error, _)) if error.kind() == ErrorKind::NotFound => {}
            Err((error, path)) => {
                return Err(error).with_context(|| format!("opening {}", path.display()));
            }
        }
    }
    bail!(
        "listing {}: it changed {ATTEMPTS} times underway; try again",
        dir.display()
    );
}
