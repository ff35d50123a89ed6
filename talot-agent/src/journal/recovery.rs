//! Bringing the journal in order after whatever ended the last run.

use std::{
    fs::{self, File},
    path::Path,
    sync::Arc,
};

use anyhow::{Context as _, Result};

use super::{
    file::{Damage, DrainFile},
    span::{self, Listing, Span},
};
use crate::durable;

/// Removes what an interrupted write left.
pub(super) fn remove_temporaries(tmp_dir: &Path) -> Result<()> {
    let listing = || format!("listing {}", tmp_dir.display());
    for entry in fs::read_dir(tmp_dir).with_context(listing)? {
        let path = entry.with_context(listing)?.path();
        durable::remove(&path)?;
    }
    Ok(())
}

/// What stands in a directory of the journal.
pub(super) struct Found {
    /// In the order of their drains.
    pub(super) files: Vec<Arc<DrainFile>>,
    /// Number of the next drain.
    pub(super) next: u64,
    /// How many files were damaged.
    pub(super) set_aside: usize,
}

/// Opens the files of a directory. What was merged is removed, what is damaged goes to `damaged`.
pub(super) fn open_files(dir: &Path, damaged: &Path) -> Result<Found> {
    let Listing { named, misnamed } = span::list(dir)?;
    let next = named
        .iter()
        .map(|(span, _)| span.last.saturating_add(1))
        .max()
        .unwrap_or(1);
    let mut set_aside_files = misnamed.len();
    for path in misnamed {
        set_aside(&path, damaged, "its name is wrong")?;
    }
    let mut files: Vec<Arc<DrainFile>> = Vec::new();
    for (span, path) in named {
        let Some(file) = check(span, &path, damaged)? else {
            set_aside_files += 1;
            continue;
        };
        match files.last().map(|last| last.span) {
            Some(last) if last.contains(span) => {
                log::info!("removing {}: it is merged already", file.path.display());
                let removed = fs::remove_file(&file.path);
                removed.with_context(|| format!("removing {}", file.path.display()))?;
            }
            Some(last) if span.first <= last.last => {
                set_aside(&file.path, damaged, "it overlaps another")?;
                set_aside_files += 1;
            }
            _ => files.push(Arc::new(file)),
        }
    }
    Ok(Found {
        files,
        next,
        set_aside: set_aside_files,
    })
}

fn check(span: Span, path: &Path, damaged: &Path) -> Result<Option<DrainFile>> {
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    match DrainFile::check(path, span, file)? {
        Ok(file) => Ok(Some(file)),
        Err(Damage(why)) => set_aside(path, damaged, &why).map(|()| None),
    }
}

fn set_aside(path: &Path, damaged: &Path, why: &str) -> Result<()> {
    durable::create_dir_all(damaged)?;
    let name = path.file_name().unwrap_or_default();
    let mut target = damaged.join(name);
    let mut number = 1;
    while target.exists() {
        let mut numbered = name.to_owned();
        numbered.push(format!(".{number}"));
        target = damaged.join(numbered);
        number += 1;
    }
    fs::rename(path, &target)
        .with_context(|| format!("moving {} to {}", path.display(), target.display()))?;
    log::error!(
        "{} is damaged, what it counted is lost: {why}; set aside as {}",
        path.display(),
        target.display()
    );
    Ok(())
}
