//! Where the counts of captures go: first into a journal of their own, so that a run that does not
//! come to its end leaves nothing behind; then, all at once, into that of the data directory.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use jiff::civil::Date;

use crate::{
    calendar, clock,
    config::Config,
    geo::{Databases, Geo},
    journal::{Journal, Section},
    privacy::SourcesForm,
    records::{self, Manner},
};

/// Both journals.
pub(super) struct Store<'a> {
    config: &'a Config,
    databases: Databases,
    sources: SourcesForm,
    journal: Journal,
    scratch: Journal,
    // Behind the journal in it: what is dropped last is removed last.
    _directory: Scratch,
}

/// A directory that goes when it is no longer needed, or when the next run needs it.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.0) {
            log::error!("{error:#}");
        }
    }
}

impl<'a> Store<'a> {
    pub(super) fn open(config: &'a Config) -> Result<Self> {
        let data_dir = &config.data_dir;
        let databases = Geo::open(config)?.databases();
        let sources = SourcesForm::open(&config.privacy)?;
        let manner = Manner {
            enrichment: &databases,
            sources: &sources,
            maintenance: &config.maintenance,
        };
        let mut journal = Journal::open(data_dir).with_context(|| {
            format!(
                "opening the data directory {} (choose another with --data-dir)",
                data_dir.display()
            )
        })?;
        // What an earlier run has left.
        close_days(&mut journal, config, manner)?;
        let directory = Scratch(data_dir.join("reading"));
        remove(&directory.0)?;
        Ok(Self {
            config,
            databases,
            sources,
            journal,
            scratch: Journal::open(&directory.0)?,
            _directory: directory,
        })
    }

    /// Keeps counts that may still be thrown away.
    ///
    /// # Errors
    /// If the data directory has one of the days already, or it cannot be written.
    pub(super) fn put(&mut self, mut sections: Vec<Section>) -> Result<()> {
        for section in &sections {
            self.check(section.day, &section.point)?;
        }
        self.scratch.append(&mut sections)
    }

    /// Makes everything that was put durable at once, and closes the days that are over. Gives the
    /// days that are closed now.
    ///
    /// # Errors
    /// What keeps it from being written. Until it is durable, nothing is.
    pub(super) fn finish(mut self) -> Result<Vec<(Date, String)>> {
        let counted = self.scratch.days();
        self.journal.adopt(self.scratch.drains())?;
        let manner = Manner {
            enrichment: &self.databases,
            sources: &self.sources,
            maintenance: &self.config.maintenance,
        };
        close_days(&mut self.journal, self.config, manner)?;
        let open = self.journal.days();
        Ok(counted.difference(&open).cloned().collect())
    }

    /// Whether the data directory has nothing of a day yet.
    fn check(&self, day: Date, point: &str) -> Result<()> {
        let data_dir = &self.config.data_dir;
        let has = if records::is_closed(data_dir, day, point)? {
            "has a closed record of"
        } else if self.journal.section(day, point).is_some() {
            "has already counted on"
        } else {
            return Ok(());
        };
        bail!(
            "{} {has} {day} at the point {point}, to which nothing can be added: choose another \
             data directory with --data-dir, and read all captures of a day in one go; nothing was \
             written",
            data_dir.display()
        );
    }
}

/// Closes the days that are over, as the sensor does.
fn close_days(journal: &mut Journal, config: &Config, manner: Manner<'_>) -> Result<()> {
    let zone = &config.timezone.zone;
    let today = calendar::date_at(clock::now(), zone);
    for (day, point) in journal.days() {
        if day < today {
            records::close_day(
                &config.data_dir,
                zone,
                journal.drains(),
                day,
                &point,
                clock::now(),
                manner,
            )?;
            journal.forget(day, &point)?;
        }
    }
    Ok(())
}

fn remove(dir: &Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result.with_context(|| format!("removing {}", dir.display())),
    }
}
