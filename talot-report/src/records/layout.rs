//! Where the records stand: `<table>/day=YYYY-MM-DD/<point>.parquet`.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use jiff::civil::Date;

use super::{Consequence, Problem, Table};

/// A file where a record is expected.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) date: Date,
    pub(super) point: String,
}

impl Place {
    /// Relative to the folder of the records.
    pub(super) fn file(&self, table: Table) -> PathBuf {
        let Self { date, point } = self;
        Path::new(table.name())
            .join(format!("day={date}"))
            .join(format!("{point}.parquet"))
    }

    /// Where the hash of the coverage file stands.
    pub(super) fn coverage_hash(&self) -> PathBuf {
        self.file(Table::Coverage)
            .with_file_name(format!("_{}.sha256", self.point))
    }
}

/// Whether a point may have this name.
pub fn is_point_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.bytes().next().is_some_and(letter) && name.bytes().all(|byte| letter(byte) || byte == b'-')
}

/// The days and points that have a file of a table, in order; what else lies there becomes a problem. Only
/// of days for which `wanted` is true.
pub(super) fn places(
    records: &Path,
    table: Table,
    wanted: impl Fn(Date) -> bool,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Place>> {
    let mut places = Vec::new();
    let root = Path::new(table.name());
    for name in names(&records.join(root))? {
        let folder = root.join(&name);
        let Some(date) = day(&name) else {
            problems.push(foreign(&folder, None, "not a day of records"));
            continue;
        };
        if !wanted(date) {
            continue;
        }
        if !records.join(&folder).is_dir() {
            problems.push(foreign(
                &folder,
                Some(date),
                "a file in the place of a day's folder",
            ));
            continue;
        }
        for name in names(&records.join(&folder))? {
            let point = name.strip_suffix(".parquet").unwrap_or_default();
            if is_point_name(point) {
                let point = point.to_owned();
                places.push(Place { date, point });
            } else if !(table == Table::Coverage && is_hash(&name)) {
                let what = "not named as a record is";
                problems.push(foreign(&folder.join(&name), Some(date), what));
            }
        }
    }
    places.sort();
    Ok(places)
}

fn day(folder: &str) -> Option<Date> {
    let date = folder.strip_prefix("day=")?;
    let parsed: Date = date.parse().ok()?;
    (parsed.to_string() == date).then_some(parsed)
}

fn is_hash(name: &str) -> bool {
    let point = name
        .strip_prefix('_')
        .and_then(|name| name.strip_suffix(".sha256"));
    point.is_some_and(is_point_name)
}

fn foreign(file: &Path, date: Option<Date>, what: &str) -> Problem {
    Problem {
        date,
        point: None,
        file: file.display().to_string(),
        what: what.to_owned(),
        consequence: Consequence::NotRead,
    }
}

/// Names in a folder, sorted; none if it is not there.
fn names(folder: &Path) -> Result<Vec<String>> {
    let listing = || format!("listing {}", folder.display());
    let entries = match fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        entries => entries.with_context(listing)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.with_context(listing)?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
