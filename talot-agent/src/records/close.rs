//! Closing a day: from then on its records stand.

use std::{fs, io::Write as _, path::Path};

use anyhow::{Context as _, Result};
use arrow_array::RecordBatch;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use sha2::{Digest as _, Sha256};

use super::{
    Bounds, Manner, Table,
    coverage::{self, Closing},
    intent::{self, Terms},
    layout,
    maintenance::Maintenance,
    parquet_file, ports, sources,
};
use crate::{
    durable,
    journal::{self, Drains},
    privacy::SourcesForm,
};

/// Closes a point's day that is over and whose last drain is in the journal: writes its tables,
/// coverage last. A day that is closed stays as it is. Needs little memory, whatever the day
/// holds; the journal may forget the day afterwards.
///
/// # Errors
/// When the journal has nothing of the day, or a file cannot be read or written: then it can be
/// closed again, with the same result in the same manner.
pub fn close_day(
    data_dir: &Path,
    zone: &TimeZone,
    journal: &Drains,
    day: Date,
    point: &str,
    closed_at: Timestamp,
    manner: Manner<'_>,
) -> Result<()> {
    let write_all = || {
        if !layout::is_closed(data_dir, day, point)? {
            let bounds = Bounds::of(day, zone)?;
            let terms = Terms {
                closed_at,
                maintenance: Maintenance::of(manner.maintenance, point, bounds),
            };
            let terms = intent::begin(data_dir, day, point, terms, manner)?;
            write_tables(data_dir, bounds, journal, day, point, &terms, manner)?;
        }
        write_coverage_hash(data_dir, day, point)?;
        intent::end(data_dir, day, point)
    };
    write_all().with_context(|| format!("closing {day} of the point `{point}`"))
}

fn write_tables(
    data_dir: &Path,
    bounds: Bounds,
    journal: &Drains,
    day: Date,
    point: &str,
    terms: &Terms,
    manner: Manner<'_>,
) -> Result<()> {
    let merged = journal
        .section(day, point)
        .context("the journal has nothing of it")?;
    let write = |table, batches: &mut dyn Iterator<Item = Result<RecordBatch>>| {
        write_table(data_dir, table, day, point, batches)
    };
    let sources_sha256 = if let SourcesForm::None = manner.sources {
        // An interrupted closing of another form may have written some.
        durable::remove(&layout::file(data_dir, Table::Sources, day, point))?;
        None
    } else {
        let tmp_dir = journal::tmp_dir(data_dir);
        durable::create_dir_all(&tmp_dir)?;
        let rows = merged.rows()?;
        let mut batches = sources::batches(day, point, bounds, rows, manner, &tmp_dir)?;
        Some(write(Table::Sources, &mut batches)?)
    };
    let ports_sha256 = write(
        Table::Ports,
        &mut ports::batches(day, point, merged.rows()?, manner.enrichment),
    )?;
    let closing = Closing {
        sources_sha256,
        ports_sha256,
        closed_at: terms.closed_at,
    };
    let coverage = coverage::batch(
        day,
        point,
        bounds,
        &merged,
        manner,
        &terms.maintenance,
        Some(&closing),
    );
    write(Table::Coverage, &mut [coverage].into_iter())?;
    Ok(())
}

/// Writes a table durably; its SHA-256 in hex.
fn write_table(
    data_dir: &Path,
    table: Table,
    day: Date,
    point: &str,
    batches: &mut dyn Iterator<Item = Result<RecordBatch>>,
) -> Result<String> {
    let path = layout::file(data_dir, table, day, point);
    let tmp_dir = journal::tmp_dir(data_dir);
    for dir in [path.parent().unwrap_or(data_dir), &tmp_dir] {
        durable::create_dir_all(dir)?;
    }
    durable::write(&path, &tmp_dir, |out| {
        parquet_file::write(table, &mut *out, batches)?;
        Ok(hex(&out.digest()))
    })
}

/// Writes the hash beside the coverage file, if a crash came between them also later.
fn write_coverage_hash(data_dir: &Path, day: Date, point: &str) -> Result<()> {
    let path = layout::coverage_hash(data_dir, day, point);
    if path.exists() {
        return Ok(());
    }
    let coverage = layout::file(data_dir, Table::Coverage, day, point);
    let bytes = fs::read(&coverage).with_context(|| format!("reading {}", coverage.display()))?;
    let tmp_dir = journal::tmp_dir(data_dir);
    durable::create_dir_all(&tmp_dir)?;
    durable::write(&path, &tmp_dir, |out| {
        Ok(writeln!(
            out,
            "{}  {point}.parquet",
            hex(&Sha256::digest(bytes))
        )?)
    })
}

/// Bytes in lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
