//! Reads the plain values: words, numbers, durations, sizes, paths, addresses.

use std::{
    net::SocketAddr,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::civil;
use toml::de::DeValue;

use super::{mistake::Wrong, section::wrong_type};

const DAY: Duration = Duration::from_secs(86_400);
/// Of the durations without narrower bounds: their nanoseconds can be added to any time of day.
pub(super) const ANY_DURATION: RangeInclusive<Duration> =
    Duration::from_millis(1)..=Duration::from_secs(365 * 86_400);

/// The units of durations, and how many milliseconds each has; the last that divides is printed.
const DURATION_UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", DAY.as_millis() as u64),
];

/// The units of sizes, in bytes.
const SIZE_UNITS: [(&str, u64); 3] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// A string.
pub(super) fn text<'v>(value: &'v DeValue<'_>, allowed: &str) -> Result<&'v str, Wrong> {
    value
        .as_str()
        .ok_or_else(|| wrong_type(value, "string", allowed))
}

/// Yes or no.
pub(super) fn boolean(value: &DeValue<'_>) -> Result<bool, Wrong> {
    let is_so = value.as_bool();
    is_so.ok_or_else(|| wrong_type(value, "boolean", "true or false"))
}

/// One of the named choices.
pub(super) fn choice<T: Copy>(
    value: &DeValue<'_>,
    choices: &[T],
    name: fn(T) -> &'static str,
) -> Result<T, Wrong> {
    let names: Vec<_> = choices
        .iter()
        .map(|choice| format!("{:?}", name(*choice)))
        .collect();
    let allowed = names.join(", ");
    let word = text(value, &allowed)?;
    let chosen = choices.iter().copied().find(|choice| name(*choice) == word);
    chosen.ok_or_else(|| Wrong::new(format!("{word:?} is none of the choices"), allowed))
}

/// An integer within bounds.
pub(super) fn integer<T>(value: &DeValue<'_>, range: RangeInclusive<T>) -> Result<T, Wrong>
where
    T: Copy + TryFrom<i128> + Into<i128>,
{
    let (least, most) = ((*range.start()).into(), (*range.end()).into());
    let allowed = format!("an integer from {least} to {most}");
    let integer = value
        .as_integer()
        .ok_or_else(|| wrong_type(value, "integer", &allowed))?;
    i128::from_str_radix(integer.as_str(), integer.radix())
        .ok()
        .filter(|number| (least..=most).contains(number))
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| Wrong::new(format!("{integer} is out of range"), allowed))
}

/// A duration within bounds: an integer and its unit.
pub(super) fn duration(
    value: &DeValue<'_>,
    range: RangeInclusive<Duration>,
) -> Result<Duration, Wrong> {
    let allowed = format!(
        "a duration from {} to {}, written as \"500ms\", \"10s\", \"5m\", \"2h\" or \"1d\"",
        duration_text(*range.start()),
        duration_text(*range.end()),
    );
    let written = text(value, &allowed)?;
    let Some((number, unit)) = number_and_unit(written, &DURATION_UNITS) else {
        return Err(Wrong::new(
            format!("{written:?} is not a duration"),
            allowed,
        ));
    };
    number
        .and_then(|number| number.checked_mul(unit))
        .map(Duration::from_millis)
        .filter(|duration| range.contains(duration))
        .ok_or_else(|| Wrong::new(format!("{written:?} is out of range"), allowed))
}

fn duration_text(duration: Duration) -> String {
    let milliseconds = duration.as_millis() as u64;
    let divides = |(_, unit): &&(&str, u64)| milliseconds.is_multiple_of(*unit);
    let (name, unit) = DURATION_UNITS
        .iter()
        .rfind(divides)
        .unwrap_or(&DURATION_UNITS[0]);
    format!("{}{name}", milliseconds / unit)
}

/// A size in bytes: an integer, or a string of an integer and its unit.
pub(super) fn size(value: &DeValue<'_>) -> Result<u64, Wrong> {
    const MOST: u64 = i64::MAX as u64;
    const ALLOWED: &str =
        "a size written as \"64KiB\", \"512MiB\" or \"1GiB\", or an integer of bytes; at least 1";
    if value.is_integer() {
        return integer(value, 1..=MOST).map_err(|wrong| Wrong::new(wrong.what, ALLOWED));
    }
    let written = text(value, ALLOWED)?;
    let Some((number, unit)) = number_and_unit(written, &SIZE_UNITS) else {
        return Err(Wrong::new(format!("{written:?} is not a size"), ALLOWED));
    };
    number
        .and_then(|number| number.checked_mul(unit))
        .filter(|size| (1..=MOST).contains(size))
        .ok_or_else(|| Wrong::new(format!("{written:?} is out of range"), ALLOWED))
}

/// Digits and one of the units; the number is none if it is too large.
fn number_and_unit(text: &str, units: &[(&str, u64)]) -> Option<(Option<u64>, u64)> {
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let (_, unit) = units.iter().find(|(name, _)| *name == unit)?;
    (!digits.is_empty()).then(|| (digits.parse().ok(), *unit))
}

/// A path; a relative one begins at the directory of the configuration file.
pub(super) fn path(value: &DeValue<'_>, directory: &Path) -> Result<PathBuf, Wrong> {
    const ALLOWED: &str = "a path, absolute or relative to the configuration file";
    let written = text(value, ALLOWED)?;
    if written.is_empty() || written.contains('\0') {
        return Err(Wrong::new(format!("{written:?} is not a path"), ALLOWED));
    }
    Ok(directory.join(written))
}

/// An absolute path.
fn absolute_path(value: &DeValue<'_>) -> Result<PathBuf, Wrong> {
    const ALLOWED: &str = "an absolute path";
    let written = text(value, ALLOWED)?;
    if !written.starts_with('/') || written.contains('\0') {
        return Err(Wrong::new(
            format!("{written:?} is not an absolute path"),
            ALLOWED,
        ));
    }
    Ok(PathBuf::from(written))
}

/// A folder in the BPF file system, which knows no dots in names.
pub(super) fn pin_dir(value: &DeValue<'_>) -> Result<PathBuf, Wrong> {
    const ALLOWED: &str =
        "a folder in the BPF file system, without dots, as in \"/sys/fs/bpf/talot\"";
    let path = absolute_path(value)?;
    let is_mount_point = ["/", "/sys", "/sys/fs", "/sys/fs/bpf"]
        .iter()
        .any(|mount| path == Path::new(mount));
    if is_mount_point || path.to_string_lossy().contains('.') {
        return Err(Wrong::new(
            format!("{path:?} cannot be a folder of Talot's own"),
            ALLOWED,
        ));
    }
    Ok(path)
}

/// An address and port to listen on.
pub(super) fn socket_address(value: &DeValue<'_>) -> Result<SocketAddr, Wrong> {
    const ALLOWED: &str = "address and port, as in \"127.0.0.1:9464\" or \"[::1]:9464\"";
    let written = text(value, ALLOWED)?;
    let not = |_| Wrong::new(format!("{written:?} is not an address and port"), ALLOWED);
    written.parse().map_err(not)
}

/// A time of the configured time zone.
pub(super) fn local_time(value: &DeValue<'_>) -> Result<civil::DateTime, Wrong> {
    const ALLOWED: &str = "a local time as a string, as in \"2011-07-02T00:00\"";
    let written = text(value, ALLOWED)?;
    let not = |_| Wrong::new(format!("{written:?} is not a local time"), ALLOWED);
    civil::DateTime::strptime("%Y-%m-%dT%H:%M", written)
        .or_else(|_| civil::DateTime::strptime("%Y-%m-%dT%H:%M:%S", written))
        .map_err(not)
}
