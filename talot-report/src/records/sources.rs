//! Whether the rows of a file of `sources` can be: a file that cannot be decoded, or does not add up, is not given to the queries.

use std::net::IpAddr;

use anyhow::{Result, ensure};
use datafusion::arrow::{
    array::{Array as _, AsArray as _},
    datatypes::{Int32Type, Int64Type},
};

use super::{
    Table,
    coverage::Coverage,
    file::{File, Text},
    ports::{Class, MOST},
};

/// class, port_type, source, packets, marks; asn, as_name, which may be null: what queries ask for.
const COLUMNS: [usize; 7] = [2, 5, 6, 7, 10, 12, 13];
const REQUIRED: usize = 5;

/// Decodes a file, and checks its rows against the coverage record.
///
/// # Errors
/// When it cannot be decoded, has a row that is none, or does not add up.
pub(super) fn check(file: &File, coverage: &Coverage) -> Result<()> {
    let mut all = 0_i64;
    for batch in file.rows(Table::Sources, &COLUMNS, Text::Dictionary)? {
        let batch = batch?;
        let columns = batch.schema_ref().fields().iter().zip(batch.columns());
        for (field, column) in columns.take(REQUIRED) {
            let nulls = column.logical_null_count();
            ensure!(nulls == 0, "it has a row without {}", field.name());
        }
        let names = |column: usize| {
            let names = batch.column(column).as_dictionary::<Int32Type>().values();
            names.as_string::<i32>().iter().flatten()
        };
        for class in names(0) {
            Class::of(class)?;
        }
        if coverage.is_plain() {
            for source in names(2) {
                let is_address = source.parse::<IpAddr>().is_ok();
                ensure!(is_address, "the source `{source}` is no address");
            }
        }
        let packets = batch.column(3).as_primitive::<Int64Type>().values();
        ensure!(
            packets.iter().all(|packets| (1..=MOST).contains(packets)),
            "it has a row of so many packets as no source sends in a day"
        );
        all = packets
            .iter()
            .fold(all, |all, packets| all.saturating_add(*packets));
    }
    coverage.check_sources(all)
}
