//! The daily records: what a point counted in a day, as Parquet tables that any engine reads.
//!
//! A day that is over is closed: its tables are written once and for all. The open day is made of
//! the same rows in the same form whenever somebody asks for it.

mod close;
mod closed;
mod coverage;
mod day;
mod disguise;
mod enrichment;
mod expiry;
mod export;
mod intent;
mod layout;
mod maintenance;
mod marks;
mod parquet_file;
mod ports;
mod schema;
mod sources;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;

use anyhow::{Context as _, Result};
use arrow_array::RecordBatch;

use crate::{config::Maintenance, privacy::SourcesForm};

pub use self::{
    close::close_day,
    day::Bounds,
    enrichment::{DatabaseName, Enrichment, NoDatabase, Origin, UNKNOWN_COUNTRY},
    expiry::delete_old,
    export::{Export, Format},
    layout::{closed_at, closed_days, is_closed},
    marks::MARKS,
    schema::Table,
};

/// Rows that are handed on at a time.
const BATCH: usize = 8192;

/// Version of the counting rules (section 2 of the contract).
pub const DEFINITION: i32 = 1;

pub(crate) use self::close::hex;

/// How records are written.
#[derive(Clone, Copy)]
pub struct Manner<'a> {
    /// What sources are looked up in.
    pub enrichment: &'a dyn Enrichment,
    /// In what form they are written.
    pub sources: &'a SourcesForm,
    /// When points are not to be counted on.
    pub maintenance: &'a [Maintenance],
}

impl Manner<'_> {
    /// Without a database, sources as they are.
    pub const PLAIN: Manner<'static> = Manner {
        enrichment: &NoDatabase,
        sources: &SourcesForm::Plain,
        maintenance: &[],
    };
}

type Batches<'a> = Box<dyn Iterator<Item = Result<RecordBatch>> + 'a>;

/// A count as the tables hold it.
fn count(count: u64) -> Result<i64> {
    count
        .try_into()
        .with_context(|| format!("the count {count} does not fit a table"))
}

/// Something that is chosen by its name on the command line.
fn by_name<T: Copy + fmt::Display>(all: &[T], name: &str) -> Result<T> {
    let found = all.iter().find(|value| value.to_string() == name);
    found.copied().with_context(|| {
        let names: Vec<_> = all.iter().map(|value| format!("`{value}`")).collect();
        format!("`{name}` is unknown; allowed: {}", names.join(", "))
    })
}
