//! How the Parquet files are written: the same rows give the same bytes.

use std::io::Write;

use anyhow::Result;
use arrow_array::RecordBatch;
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    file::properties::WriterProperties,
};

use super::Table;

/// Rows of a row group; it is what a writer holds.
const ROW_GROUP: usize = 128 * 1024;
/// Names the form of the files, not the build: it must not change their bytes. Readers expect the
/// shape `NAME version VERSION`.
const CREATED_BY: &str = "talot version 1";

/// A writer of a table.
pub(super) fn writer<W: Write + Send>(table: Table, out: W) -> Result<ArrowWriter<W>> {
    let properties = WriterProperties::builder()
        .set_created_by(CREATED_BY.to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .build();
    Ok(ArrowWriter::try_new(out, table.schema(), Some(properties))?)
}

/// Writes a whole file.
pub(super) fn write<W: Write + Send>(
    table: Table,
    out: W,
    batches: impl IntoIterator<Item = Result<RecordBatch>>,
) -> Result<()> {
    let mut writer = writer(table, out)?;
    for batch in batches {
        writer.write(&batch?)?;
    }
    writer.close()?;
    Ok(())
}
