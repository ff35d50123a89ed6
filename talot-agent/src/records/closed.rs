//! Reading what is closed.

use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    iter,
    panic::{self, AssertUnwindSafe},
    path::Path,
};

use anyhow::{Context as _, Result, bail, ensure};
use arrow_array::{Array as _, RecordBatch, StringArray, cast::AsArray as _};
use jiff::civil::Date;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sha2::{Digest as _, Sha256};

use super::{BATCH, Batches, Table, close::hex, layout};

/// A table of a closed day, piece by piece. With `verify`, what does not have the hash that the
/// coverage record (that record: the file beside it) says is an error; what has none is read, and
/// said to be unverified.
pub(super) fn batches(
    data_dir: &Path,
    table: Table,
    day: Date,
    point: &str,
    verify: bool,
) -> Result<Batches<'static>> {
    let path = layout::file(data_dir, Table::Coverage, day, point);
    let hash = || hash_beside(&layout::coverage_hash(data_dir, day, point));
    let coverage = read(
        Table::Coverage,
        &path,
        if verify { Some(hash()?) } else { None },
    )?;
    if table == Table::Coverage {
        return Ok(coverage);
    }
    let coverage: Vec<RecordBatch> = coverage.collect::<Result<_>>()?;
    let [coverage] = &coverage[..] else {
        bail!("{} does not hold one row", path.display())
    };
    ensure!(
        coverage.num_rows() == 1,
        "{} does not hold one row",
        path.display()
    );
    let column: &StringArray = coverage
        .column_by_name(match table {
            Table::Sources => "sources_sha256",
            Table::Ports | Table::Coverage => "ports_sha256",
        })
        .context("the coverage record says no hash")?
        .as_string();
    let hash = (!column.is_null(0)).then(|| column.value(0).to_owned());
    if table == Table::Sources && hash.is_none() {
        // No hash, no file: the sources are not written in this form.
        return Ok(Box::new(iter::empty()));
    }
    let path = layout::file(data_dir, table, day, point);
    read(
        table,
        &path,
        verify.then_some(hash.filter(|hash| !hash.is_empty())),
    )
}

/// Reads a table. `verify`: compare with this hash, if there is one.
pub(super) fn read(
    table: Table,
    path: &Path,
    verify: Option<Option<String>>,
) -> Result<Batches<'static>> {
    let reading = || format!("reading {}", path.display());
    let mut file = File::open(path).with_context(reading)?;
    match verify {
        None => {}
        Some(None) => log::warn!("{} is unverified: its hash is missing", path.display()),
        Some(Some(expected)) => {
            let mut hash = Hash(Sha256::new());
            io::copy(&mut file, &mut hash).with_context(reading)?;
            let found = hex(&hash.0.finalize());
            ensure!(
                found == expected,
                "{} is not the file that was closed, or what says its hash is damaged: its SHA-256 \
                 is {found}, and should be {expected}; bring it back from a copy, or read it as it is with --no-verify",
                path.display()
            );
        }
    }
    let builder = guarded(|| Ok(ParquetRecordBatchReaderBuilder::try_new(file)?));
    let builder = builder.with_context(reading)?;
    let schema = table.schema();
    let names_and_types = |schema: &arrow_schema::Schema| {
        let columns = schema.fields().iter();
        columns
            .map(|field| (field.name().clone(), field.data_type().clone()))
            .collect::<Vec<_>>()
    };
    ensure!(
        names_and_types(builder.schema()) == names_and_types(&schema),
        "{} does not have the columns of the table {table}",
        path.display()
    );
    let reader = guarded(|| Ok(builder.with_batch_size(BATCH).build()?));
    let mut reader = Some(reader.with_context(reading)?);
    let path = path.to_owned();
    let mut next = move || -> Result<Option<RecordBatch>> {
        // After an error there is nothing more to be read.
        let Some(mut rest) = reader.take() else {
            return Ok(None);
        };
        let Some(batch) = guarded(|| Ok(rest.next().transpose()?))? else {
            return Ok(None);
        };
        reader = Some(rest);
        let columns = batch.columns().to_vec();
        Ok(Some(RecordBatch::try_new(schema.clone(), columns)?))
    };
    Ok(Box::new(iter::from_fn(move || {
        let batch = next().with_context(|| format!("reading {}", path.display()));
        batch.transpose()
    })))
}

/// Reads with the Parquet library, which panics at some damaged files: an error like any other.
fn guarded<T>(read: impl FnOnce() -> Result<T>) -> Result<T> {
    panic::catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref().copied());
        bail!(
            "the file is damaged: {}",
            said.unwrap_or("it is no Parquet")
        )
    })
}

/// The hash in a file of sha256sum's form; none if the file is not there.
fn hash_beside(path: &Path) -> Result<Option<String>> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        text => text.with_context(|| format!("reading {}", path.display()))?,
    };
    let hash = text.split_whitespace().next().unwrap_or_default();
    Ok(Some(hash.to_ascii_lowercase()))
}

struct Hash(Sha256);

impl io::Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
