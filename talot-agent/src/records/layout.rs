//! Where the records stand.

use std::{
    collections::BTreeSet,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use jiff::{Timestamp, civil::Date};

use super::Table;

const EXTENSION: &str = ".parquet";
const DAY: &str = "day=";

/// A point's file of a day.
pub(super) fn file(data_dir: &Path, table: Table, day: Date, point: &str) -> PathBuf {
    folder(data_dir, table)
        .join(format!("{DAY}{day}"))
        .join(format!("{point}{EXTENSION}"))
}

/// Where the hash of a point's coverage file stands.
pub(super) fn coverage_hash(data_dir: &Path, day: Date, point: &str) -> PathBuf {
    file(data_dir, Table::Coverage, day, point).with_file_name(format!("_{point}.sha256"))
}

/// Whether a point's day is closed: its coverage file is written last.
///
/// # Errors
/// When the folder cannot be looked into.
pub fn is_closed(data_dir: &Path, day: Date, point: &str) -> Result<bool> {
    let path = file(data_dir, Table::Coverage, day, point);
    path.try_exists()
        .with_context(|| format!("looking for {}", path.display()))
}

/// When a point's day was closed.
///
/// # Errors
/// When it is not.
pub fn closed_at(data_dir: &Path, day: Date, point: &str) -> Result<Timestamp> {
    let path = file(data_dir, Table::Coverage, day, point);
    let modified = fs::metadata(&path).and_then(|file| file.modified());
    let modified = modified.with_context(|| format!("looking at {}", path.display()))?;
    Ok(Timestamp::try_from(modified)?)
}

/// The days and points that are closed.
///
/// # Errors
/// When a folder cannot be listed.
pub fn closed_days(data_dir: &Path) -> Result<BTreeSet<(Date, String)>> {
    days(data_dir, Table::Coverage)
}

/// The days and points that have a file of a table.
pub(super) fn days(data_dir: &Path, table: Table) -> Result<BTreeSet<(Date, String)>> {
    let mut days = BTreeSet::new();
    for (name, path) in list(&folder(data_dir, table))? {
        let Some(day) = name.strip_prefix(DAY).and_then(|day| day.parse().ok()) else {
            continue;
        };
        for (name, _) in list(&path)? {
            if let Some(point) = name.strip_suffix(EXTENSION) {
                days.insert((day, point.to_owned()));
            }
        }
    }
    Ok(days)
}

fn folder(data_dir: &Path, table: Table) -> PathBuf {
    data_dir.join("records").join(table.name())
}

/// Names and paths in a folder; none if it is not there.
fn list(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let listing = || format!("listing {}", folder.display());
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(listing)?,
    };
    entries
        .map(|entry| {
            let entry = entry.with_context(listing)?;
            Ok((
                entry.file_name().to_string_lossy().into_owned(),
                entry.path(),
            ))
        })
        .collect()
}
