//! What has been drained and is not closed yet, durably.
//!
//! Each drain of the kernel becomes one file, so it is durable as a whole or not at all. Files of
//! neighbouring drains are merged from time to time, so there are never many.

mod drains;
mod file;
mod mark;
#[cfg(test)]
pub(crate) mod model;
mod packed;
mod recovery;
mod rows;
mod section;
mod sorted;
mod span;
mod tally;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    fs::{File, TryLockError},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result, anyhow, bail};
use jiff::civil::Date;

pub use self::{
    drains::{Drains, Merged},
    mark::{InterfaceMark, Mark},
    rows::Rows,
    section::{Gap, History, Observation, Section, Watched},
    sorted::sorted,
    tally::Tally,
};
use self::{file::DrainFile, recovery::Found, span::Span};
use crate::durable;

const DIRECTORY: &str = "journal";
/// How many neighbouring files of about the same number of drains become one.
const FAN_IN: usize = 16;
/// How many files a merge reads at most.
const MOST_INPUTS: usize = 4 * FAN_IN;

/// The journal of a data directory, for the one agent that writes it.
pub struct Journal {
    dir: PathBuf,
    tmp_dir: PathBuf,
    /// Number of the next drain.
    next: u64,
    drains: Drains,
    set_aside: usize,
    /// Held as long as the journal is open.
    _lock: File,
}

impl Journal {
    /// Opens the journal, creating what is missing, and puts in order what a crash left.
    ///
    /// # Errors
    /// When another process has it open, or the data directory cannot be written.
    pub fn open(data_dir: &Path) -> Result<Self> {
        let dir = data_dir.join(DIRECTORY);
        let tmp_dir = tmp_dir(data_dir);
        durable::create_dir_all(&dir)?;
        durable::create_dir_all(&tmp_dir)?;
        let lock = lock(&dir.join("lock"), data_dir)?;
        recovery::remove_temporaries(&tmp_dir)?;
        let Found {
            files,
            next,
            set_aside,
        } = recovery::open_files(&dir, &data_dir.join("damaged"))?;
        // What was found is believed to be durable from now on.
        durable::sync_dir(&dir)?;
        let drains = Drains {
            files,
            forgotten: BTreeSet::new(),
        };
        Ok(Self {
            dir,
            tmp_dir,
            next,
            drains,
            set_aside,
            _lock: lock,
        })
    }

    /// The journal of a data directory in which an agent may be at work, for reading.
    ///
    /// # Errors
    /// See [`Drains::read_only`].
    pub fn read_only(data_dir: &Path) -> Result<Drains> {
        Drains::read_only(data_dir)
    }

    /// Makes one drain durable, and merges what has become numerous.
    ///
    /// # Errors
    /// As [`Journal::add`].
    pub fn append(&mut self, sections: &mut [Section]) -> Result<()> {
        self.add(sections, None)?;
        // The drain is durable, and stays so without the merge.
        while let Some(merge) = self.due_merge() {
            if let Err(error) = merge.run().and_then(|merged| self.install(merged)) {
                log::error!("merging files of the journal failed, will be tried again: {error:#}");
                break;
            }
        }
        Ok(())
    }

    /// Makes one drain durable, with a mark of what was drained: all of it, or on error nothing; then
    /// the same can be added again. Brings the sections' rows into order. Nothing to say, no file.
    ///
    /// # Errors
    /// When it cannot be written, or a section's day is closed.
    pub fn add(&mut self, sections: &mut [Section], mark: Option<&Mark>) -> Result<()> {
        if sections.is_empty() && mark.is_none() {
            return Ok(());
        }
        let span = Span::one(self.next);
        let forgotten = &self.drains.forgotten;
        let marks = mark.cloned().into_iter().collect();
        let file = DrainFile::write(&self.dir, &self.tmp_dir, span, marks, |out| {
            for section in sections {
                if forgotten.contains(&(section.day, section.point.clone())) {
                    bail!("{} of the point `{}` is closed", section.day, section.point);
                }
                section.order_rows();
                let Section {
                    day,
                    point,
                    tally,
                    observation,
                    rows,
                } = &*section;
                let rows = rows.iter().copied().map(Ok);
                out.add(
                    *day,
                    point.clone(),
                    tally.clone(),
                    observation.clone(),
                    rows,
                )?;
            }
            Ok(())
        })?;
        self.next += 1;
        self.drains.files.push(Arc::new(file));
        Ok(())
    }

    /// The last mark of all.
    pub fn last_mark(&self) -> Option<&Mark> {
        self.marks().next_back()
    }

    /// The last mark of an instance of kernel maps.
    pub fn mark_of(&self, instance: &str) -> Option<&Mark> {
        self.marks().rfind(|mark| mark.instance == instance)
    }

    fn marks(&self) -> impl DoubleEndedIterator<Item = &Mark> {
        self.drains.files.iter().flat_map(|file| &file.marks)
    }

    /// How many files were found damaged when it was opened: what they counted is lost.
    pub const fn set_aside(&self) -> usize {
        self.set_aside
    }

    /// The days and points that are not closed.
    pub fn days(&self) -> BTreeSet<(Date, String)> {
        self.drains.days()
    }

    /// Everything of a day and point; none if there is nothing.
    pub fn section(&self, day: Date, point: &str) -> Option<Merged> {
        self.drains.section(day, point)
    }

    /// What the journal holds now. The view may go to another thread, and is not disturbed by
    /// what is appended or forgotten later.
    pub const fn drains(&self) -> &Drains {
        &self.drains
    }

    /// Drops a day and point once it is closed: files with nothing else go at once, the others
    /// when they are merged. A journal opened anew remembers what its files still hold.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn forget(&mut self, day: Date, point: &str) -> Result<()> {
        self.drains.forgotten.insert((day, point.to_owned()));
        self.remove_waste()
    }

    /// Removes files that hold nothing but closed days, save the last with a mark.
    fn remove_waste(&mut self) -> Result<()> {
        let Drains { files, forgotten } = &mut self.drains;
        let last_mark = files.iter().rfind(|file| !file.marks.is_empty()).cloned();
        let is_last_mark = |file: &Arc<DrainFile>| {
            last_mark
                .as_ref()
                .is_some_and(|last| Arc::ptr_eq(last, file))
        };
        let mut result = Ok(());
        files.retain(|file| {
            let is_waste =
                |entry: &file::Entry| forgotten.contains(&(entry.day, entry.point.clone()));
            if result.is_err() || is_last_mark(file) || !file.entries.iter().all(is_waste) {
                return true;
            }
            result = durable::remove(&file.path);
            result.is_err()
        });
        result
    }

    /// Makes all that another journal holds durable as one drain of this one: all of it, or on
    /// error nothing.
    ///
    /// # Errors
    /// When it cannot be written, or one of its days is closed here.
    pub fn adopt(&mut self, other: &Drains) -> Result<()> {
        if let Some((day, point)) = other.days().intersection(&self.drains.forgotten).next() {
            bail!("{day} of the point `{point}` is closed");
        }
        let file = write(&self.dir, &self.tmp_dir, Span::one(self.next), other)?;
        self.next += 1;
        self.drains.files.push(Arc::new(file));
        Ok(())
    }

    /// A merge of files that have become numerous, if one is due: the one that makes most of them
    /// one. It may run on another thread while drains are added and days forgotten.
    pub fn due_merge(&self) -> Option<Merge> {
        const HIGHEST_TIER: u32 = 16;
        let run = (0..HIGHEST_TIER)
            .rev()
            .find_map(|tier| self.numerous(tier))?;
        let files = self.drains.files[run].to_vec();
        let [first, .., last] = &files[..] else {
            return None;
        };
        Some(Merge {
            dir: self.dir.clone(),
            tmp_dir: self.tmp_dir.clone(),
            span: Span {
                first: first.span.first,
                last: last.span.last,
            },
            inputs: Drains {
                forgotten: self.drains.forgotten.clone(),
                files,
            },
        })
    }

    /// Neighbouring files, none above this tier, that are to be merged now. A merge that fails (a
    /// full disk) is so tried again only when as many files more have come.
    fn numerous(&self, tier: u32) -> Option<Range<usize>> {
        let files = &self.drains.files;
        let is_above = |file: &Arc<DrainFile>| file.span.tier(FAN_IN as u64) > tier;
        let start = files
            .iter()
            .rposition(is_above)
            .map_or(0, |above| above + 1);
        let length = files.len() - start;
        (length > 0 && length.is_multiple_of(FAN_IN))
            .then(|| start..start + length.min(MOST_INPUTS))
    }

    /// Puts a merged file in the place of those that went into it.
    ///
    /// # Errors
    /// When one of those cannot be removed.
    pub fn install(&mut self, merged: MergedFile) -> Result<()> {
        let MergedFile { file, inputs } = merged;
        let files = &mut self.drains.files;
        files.retain(|file| !inputs.files.iter().any(|input| Arc::ptr_eq(input, file)));
        let place = files.partition_point(|other| other.span.first < file.span.first);
        files.insert(place, Arc::new(file));
        inputs
            .files
            .iter()
            .try_for_each(|file| durable::remove(&file.path))?;
        self.remove_waste()
    }
}

/// Neighbouring files that are to become one.
pub struct Merge {
    dir: PathBuf,
    tmp_dir: PathBuf,
    span: Span,
    inputs: Drains,
}

impl Merge {
    /// Writes the one beside them.
    ///
    /// # Errors
    /// When a file cannot be read, or the one cannot be written.
    pub fn run(self) -> Result<MergedFile> {
        let file = write(&self.dir, &self.tmp_dir, self.span, &self.inputs)?;
        Ok(MergedFile {
            file,
            inputs: self.inputs,
        })
    }
}

/// What a [`Merge`] has written.
pub struct MergedFile {
    file: DrainFile,
    inputs: Drains,
}

/// Writes everything of these drains into one file.
fn write(dir: &Path, tmp_dir: &Path, span: Span, inputs: &Drains) -> Result<DrainFile> {
    let marks = mark::last_of_each(inputs.files.iter().flat_map(|file| &file.marks));
    DrainFile::write(dir, tmp_dir, span, marks, |out| {
        for (day, point) in inputs.days() {
            let Some(merged) = inputs.section(day, &point) else {
                continue;
            };
            let rows = merged.rows()?;
            out.add(day, point, merged.tally, merged.observation, rows)?;
        }
        Ok(())
    })
}

/// Where a data directory's unfinished files stand.
pub(crate) fn tmp_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("tmp")
}

fn lock(path: &Path, data_dir: &Path) -> Result<File> {
    let mut options = File::options();
    let file = options.create(true).truncate(false).write(true).open(path);
    let file = file.with_context(|| format!("opening {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(anyhow!(
            "the data directory {} is in use by another talot-agent: stop that one, or give this \
             one a data_dir of its own",
            data_dir.display()
        )),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("locking {}", path.display()))
        }
    }
}
