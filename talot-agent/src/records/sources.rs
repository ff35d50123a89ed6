//! The sources of a point and day.

use std::{fmt::Write as _, iter, path::Path, sync::Arc};

use anyhow::Result;
use arrow_array::{
    Date32Array, RecordBatch, StringArray,
    builder::{Int32Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder},
};
use jiff::civil::Date;

use super::{
    BATCH, Batches, Bounds, Enrichment, Manner, Table, count,
    day::to_date32,
    disguise::{Disguised, disguise},
    marks,
    schema::UTC,
};
use crate::{journal::Rows, row::Row};

/// The table from the rows of the journal, piece by piece. Overflow has no source.
pub(super) fn batches<'a>(
    day: Date,
    point: &'a str,
    bounds: Bounds,
    rows: Rows,
    manner: Manner<'a>,
    tmp_dir: &Path,
) -> Result<Batches<'a>> {
    let mut rows = disguise(rows, manner.sources, tmp_dir)?.peekable();
    Ok(Box::new(iter::from_fn(move || {
        rows.peek()?;
        let mut columns = Columns::default();
        let filled = rows
            .by_ref()
            .take(BATCH)
            .try_for_each(|row| columns.push(&row?, &bounds, manner.enrichment));
        Some(filled.and_then(|()| columns.finish(day, point)))
    })))
}

#[derive(Default)]
struct Columns {
    rows: usize,
    class: StringBuilder,
    protocol: Int32Builder,
    port: Int32Builder,
    port_type: StringBuilder,
    source: StringBuilder,
    packets: Int64Builder,
    first_seen: TimestampMicrosecondBuilder,
    last_seen: TimestampMicrosecondBuilder,
    marks: StringBuilder,
    country: StringBuilder,
    asn: Int64Builder,
    as_name: StringBuilder,
}

impl Columns {
    fn push(
        &mut self,
        (row, looked_up): &Disguised,
        bounds: &Bounds,
        enrichment: &dyn Enrichment,
    ) -> Result<()> {
        let Row {
            key,
            packets,
            first_seen,
            last_seen,
            marks,
        } = row;
        let Some(source) = key.source else {
            return Ok(());
        };
        let origin = enrichment.lookup(*looked_up);
        self.rows += 1;
        self.class.append_value(key.class.name());
        self.protocol.append_value(key.aim.protocol().into());
        self.port.append_option(key.aim.port().map(i32::from));
        write!(self.port_type, "{}", key.aim)?;
        self.port_type.append_value("");
        write!(self.source, "{source}")?;
        self.source.append_value("");
        self.packets.append_value(count(*packets)?);
        self.first_seen.append_value(bounds.clamp(*first_seen));
        self.last_seen.append_value(bounds.clamp(*last_seen));
        marks::write(*marks, &mut self.marks)?;
        self.marks.append_value("");
        self.country.append_value(origin.country);
        self.asn.append_option(origin.asn);
        self.as_name.append_option(origin.as_name);
        Ok(())
    }

    /// The pushed rows as a piece of the table.
    fn finish(mut self, day: Date, point: &str) -> Result<RecordBatch> {
        let columns: Vec<arrow_array::ArrayRef> = vec![
            Arc::new(Date32Array::from_value(to_date32(day), self.rows)),
            Arc::new(StringArray::from_iter_values(iter::repeat_n(
                point, self.rows,
            ))),
            Arc::new(self.class.finish()),
            Arc::new(self.protocol.finish()),
            Arc::new(self.port.finish()),
            Arc::new(self.port_type.finish()),
            Arc::new(self.source.finish()),
            Arc::new(self.packets.finish()),
            Arc::new(self.first_seen.finish().with_timezone(UTC)),
            Arc::new(self.last_seen.finish().with_timezone(UTC)),
            Arc::new(self.marks.finish()),
            Arc::new(self.country.finish()),
            Arc::new(self.asn.finish()),
            Arc::new(self.as_name.finish()),
        ];
        Ok(RecordBatch::try_new(Table::Sources.schema(), columns)?)
    }
}
