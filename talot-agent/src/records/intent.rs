//! What a day is closed with, kept until it is closed: so that a closing that a crash interrupted
//! is repeated with the same, and gives the same bytes.

use std::{
    fs,
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{DatabaseName, Manner};
use crate::{durable, journal};

/// Everything beside the drains that the bytes of a closed day depend on.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Intent {
    closed_at: Timestamp,
    country_database: Option<DatabaseName>,
    asn_database: Option<DatabaseName>,
    sources_form: String,
}

impl Intent {
    fn of(closed_at: Timestamp, manner: Manner<'_>) -> Self {
        Self {
            closed_at,
            country_database: manner.enrichment.country_database().cloned(),
            asn_database: manner.enrichment.asn_database().cloned(),
            sources_form: manner.sources.name(),
        }
    }
}

/// Notes durably that a day is about to be closed at this moment. Returns the moment that stands
/// in its record: that of an earlier attempt, if it can be repeated as it was. Otherwise it begins
/// anew, and whatever that attempt wrote is written over.
pub(super) fn begin(
    data_dir: &Path,
    day: Date,
    point: &str,
    closed_at: Timestamp,
    manner: Manner<'_>,
) -> Result<Timestamp> {
    let path = path(data_dir, day, point);
    if let Some(earlier) = read(&path)? {
        if earlier == Intent::of(earlier.closed_at, manner) {
            return Ok(earlier.closed_at);
        }
        log::warn!(
            "closing {day} of {point} was interrupted, and its databases or the form of its sources \
             are others now: it is closed with those"
        );
    }
    let tmp_dir = journal::tmp_dir(data_dir);
    for dir in [path.parent().unwrap_or(data_dir), &tmp_dir] {
        durable::create_dir_all(dir)?;
    }
    durable::write(&path, &tmp_dir, |out| {
        let intent = Intent::of(closed_at, manner);
        Ok(out.write_all(&serde_json::to_vec(&intent)?)?)
    })?;
    Ok(closed_at)
}

/// Forgets it, once the day is closed.
pub(super) fn end(data_dir: &Path, day: Date, point: &str) -> Result<()> {
    durable::remove(&path(data_dir, day, point))
}

/// None if there is none, or it is of another version, and so is what it would lead to.
fn read(path: &Path) -> Result<Option<Intent>> {
    match fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}

fn path(data_dir: &Path, day: Date, point: &str) -> PathBuf {
    data_dir.join("closing").join(format!("{day}.{point}.json"))
}
