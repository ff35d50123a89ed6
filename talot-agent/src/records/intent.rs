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
use sha2::{Digest as _, Sha256};

use super::{DatabaseName, Manner, close::hex, maintenance::Maintenance};
use crate::{durable, journal};

/// What stands in a day's record as it is noted here, whatever the clock and the configuration say
/// when the closing is repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) closed_at: Timestamp,
    pub(super) maintenance: Maintenance,
}

/// Everything beside the drains that the bytes of a closed day depend on.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Intent {
    closed_at: Timestamp,
    country_database: Option<DatabaseName>,
    asn_database: Option<DatabaseName>,
    sources_form: String,
    maintenance: Maintenance,
}

impl Intent {
    fn of(terms: &Terms, manner: Manner<'_>) -> Self {
        Self {
            closed_at: terms.closed_at,
            maintenance: terms.maintenance.clone(),
            country_database: manner.enrichment.country_database().cloned(),
            asn_database: manner.enrichment.asn_database().cloned(),
            sources_form: manner.sources.name(),
        }
    }
}

/// Notes durably that a day is about to be closed on these terms. Returns those that it is closed
/// on: those of an earlier attempt, if it can be repeated as it was. Otherwise it begins anew, and
/// whatever that attempt wrote is written over.
pub(super) fn begin(
    data_dir: &Path,
    day: Date,
    point: &str,
    terms: Terms,
    manner: Manner<'_>,
) -> Result<Terms> {
    let path = path(data_dir, day, point);
    if let Some(earlier) = read(&path)? {
        let noted = Terms {
            closed_at: earlier.closed_at,
            maintenance: earlier.maintenance.clone(),
        };
        if earlier == Intent::of(&noted, manner) {
            return Ok(noted);
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
        let json = serde_json::to_vec(&Intent::of(&terms, manner))?;
        writeln!(out, "{}", hex(&Sha256::digest(&json)))?;
        Ok(out.write_all(&json)?)
    })?;
    Ok(terms)
}

/// Forgets it, once the day is closed.
pub(super) fn end(data_dir: &Path, day: Date, point: &str) -> Result<()> {
    durable::remove(&path(data_dir, day, point))
}

/// None if there is none, or it is damaged or of another version: then the closing begins anew.
fn read(path: &Path) -> Result<Option<Intent>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
    };
    let intent = parse(&bytes);
    if intent.is_none() {
        log::warn!(
            "{} is damaged or another version's: the closing begins anew",
            path.display()
        );
    }
    Ok(intent)
}

/// A line with the SHA-256 of the rest, and the rest in JSON.
fn parse(bytes: &[u8]) -> Option<Intent> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (hash, json) = (&bytes[..end], &bytes[end + 1..]);
    if hash != hex(&Sha256::digest(json)).as_bytes() {
        return None;
    }
    serde_json::from_slice(json).ok()
}

fn path(data_dir: &Path, day: Date, point: &str) -> PathBuf {
    data_dir.join("closing").join(format!("{day}.{point}.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_damage_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let (day, closed_at) = ("2026-11-21".parse().unwrap(), Timestamp::UNIX_EPOCH);
        let terms = Terms {
            closed_at,
            maintenance: Maintenance::default(),
        };
        begin(dir.path(), day, "a", terms, Manner::PLAIN).unwrap();
        let whole = fs::read(path(dir.path(), day, "a")).unwrap();
        assert_eq!(parse(&whole).unwrap().closed_at, closed_at);
        for length in 0..whole.len() {
            assert_eq!(parse(&whole[..length]), None, "cut at {length}");
        }
        for index in 0..whole.len() {
            for bit in 0..8 {
                let mut damaged = whole.clone();
                damaged[index] ^= 1 << bit;
                assert_eq!(parse(&damaged), None, "bit {bit} of byte {index}");
            }
        }
        assert_eq!(parse(&[whole, vec![0]].concat()), None, "longer");
    }
}
