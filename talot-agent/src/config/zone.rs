//! The time zone in which days begin and end.

use std::{fs, path::Path};

use jiff::tz::TimeZone;
use toml::de::DeValue;

use super::{mistake::Wrong, values::text};

const ALLOWED: &str = "an IANA name such as \"Asia/Tokyo\", or the path of a TZif file";

/// A time zone and its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// As records write it: the IANA name, or the path as it is configured.
    pub name: String,
    /// Its rules.
    pub zone: TimeZone,
}

impl Zone {
    /// Coordinated Universal Time.
    pub fn utc() -> Self {
        Self {
            name: "UTC".to_owned(),
            zone: TimeZone::UTC,
        }
    }
}

/// Reads a time zone: an IANA name, else a file.
pub(super) fn zone(value: &DeValue<'_>, directory: &Path) -> Result<Zone, Wrong> {
    let written = text(value, ALLOWED)?;
    if let Ok(zone) = TimeZone::get(written)
        && let Some(name) = zone.iana_name()
    {
        let name = name.to_owned();
        return Ok(Zone { name, zone });
    }
    let file = directory.join(written);
    if !file.is_file() {
        let hint = if jiff::tz::db().is_definitively_empty() {
            " (this machine has no time zone database: install tzdata)"
        } else {
            ""
        };
        let what = format!("{written:?} is neither a time zone nor a file{hint}");
        return Err(Wrong::new(what, ALLOWED));
    }
    let bytes = fs::read(&file)
        .map_err(|error| Wrong::new(format!("cannot read {written:?}: {error}"), ALLOWED))?;
    let zone = TimeZone::tzif(written, &bytes)
        .map_err(|error| Wrong::new(format!("{written:?} is not a TZif file: {error}"), ALLOWED))?;
    let name = written.to_owned();
    Ok(Zone { name, zone })
}
