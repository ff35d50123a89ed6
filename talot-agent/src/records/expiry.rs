//! Deleting what is too old.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::Result;
use jiff::{Span, civil::Date};

use super::{Table, layout};
use crate::durable;

/// Deletes every record of the days that are over for more than so many days, but what is in
/// `open`: days and points that are not closed. Returns the days and points of which something was
/// deleted. The days count back from the last one that is closed, but none is in the future: so a
/// clock that is ahead does not delete at once.
///
/// # Errors
/// When a folder cannot be listed or a file not be removed; what is left is deleted next time.
pub fn delete_old(
    data_dir: &Path,
    keep_days: u32,
    today: Date,
    open: &BTreeSet<(Date, String)>,
) -> Result<BTreeSet<(Date, String)>> {
    let closed = layout::closed_days(data_dir)?;
    let last = closed.last().and_then(|(day, _)| day.tomorrow().ok());
    let age = Span::new().try_days(keep_days);
    let first = age.and_then(|age| last.unwrap_or(today).min(today).checked_sub(age));
    // Before the calendar begins there is nothing.
    let Ok(first) = first else {
        return Ok(BTreeSet::new());
    };
    let mut deleted = BTreeSet::new();
    // A day is closed as long as its coverage stands, so that goes first.
    for table in [Table::Coverage, Table::Sources, Table::Ports] {
        for (day, point) in layout::days(data_dir, table)? {
            let key = (day, point);
            if day >= first || open.contains(&key) {
                continue;
            }
            let path = layout::file(data_dir, table, day, &key.1);
            durable::remove(&path)?;
            if table == Table::Coverage {
                durable::remove(&layout::coverage_hash(data_dir, day, &key.1))?;
            }
            // The folder goes with its last file.
            let _ = path.parent().map(fs::remove_dir);
            deleted.insert(key);
        }
    }
    Ok(deleted)
}
