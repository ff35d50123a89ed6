//! What a coverage record says of itself and of its two tables.

use anyhow::{Context as _, Result, ensure};
use datafusion::arrow::{
    array::{Array as _, AsArray as _, RecordBatch},
    datatypes::{Int32Type, Int64Type},
};

use super::DEFINITION;

/// What decides how a point's day is read.
pub(super) struct Coverage {
    pub(super) ports_sha256: String,
    pub(super) sources_sha256: Option<String>,
    pub(super) is_maintenance: bool,
}

const STATUS: [&str; 4] = ["full", "partial", "maintenance", "down"];

impl Coverage {
    /// Reads a coverage record, and checks that it is one.
    pub(super) fn of(record: &RecordBatch) -> Result<Self> {
        let rows = record.num_rows();
        ensure!(rows == 1, "it has {rows} rows instead of one");
        let definition = record
            .column_by_name("definition")
            .and_then(|column| column.as_primitive_opt::<Int32Type>())
            .filter(|column| column.is_valid(0))
            .map(|column| column.value(0))
            .context("it does not say by which definition it counts")?;
        ensure!(
            definition == DEFINITION,
            "it was counted by definition {definition}; this report knows {DEFINITION} only"
        );
        let expected = integer(record, "expected_seconds")?;
        let observed = integer(record, "observed_seconds")?;
        let maintenance = integer(record, "maintenance_seconds")?;
        ensure!(
            (1..=93_600).contains(&expected)
                && (0..=expected).contains(&observed)
                && maintenance >= 0,
            "{observed} of {expected} seconds observed, {maintenance} of maintenance: no day is like that"
        );
        let status = text(record, "status").context("it has no status")?;
        ensure!(
            STATUS.contains(&status.as_str()),
            "the status `{status}` is unknown"
        );
        Ok(Self {
            ports_sha256: text(record, "ports_sha256").context("it names no ports_sha256")?,
            sources_sha256: text(record, "sources_sha256"),
            is_maintenance: status == "maintenance",
        })
    }
}

fn integer(record: &RecordBatch, column: &str) -> Result<i64> {
    record
        .column_by_name(column)
        .and_then(|values| values.as_primitive_opt::<Int64Type>())
        .filter(|values| values.is_valid(0))
        .map(|values| values.value(0))
        .with_context(|| format!("it has no {column}"))
}

fn text(record: &RecordBatch, column: &str) -> Option<String> {
    let values = record.column_by_name(column)?.as_string_view_opt()?;
    values.is_valid(0).then(|| values.value(0).to_owned())
}
