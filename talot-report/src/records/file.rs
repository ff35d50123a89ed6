//! A Parquet file, read whole: its hash and its rows are those of the same bytes.

use std::{
    fs,
    path::Path,
    sync::{Arc, OnceLock},
};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use datafusion::arrow::{
    array::{Array as _, ArrayRef, AsArray as _, RecordBatch},
    compute::{cast, concat_batches},
    datatypes::{DataType, Date32Type, Field, Schema, SchemaRef},
};
use jiff::civil::Date;
use parquet::{
    arrow::{
        ProjectionMask,
        arrow_reader::{
            ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
            ParquetRecordBatchReaderBuilder,
        },
    },
    file::{
        metadata::{ParquetMetaData, ParquetMetaDataReader},
        statistics::Statistics,
    },
};
use sha2::{Digest as _, Sha256};

use super::{Table, constant};

/// Rows that are decoded at a time.
const BATCH: usize = 16_384;

/// How text is decoded.
#[derive(Clone, Copy)]
pub(crate) enum Text {
    /// As it stands in each row.
    Views,
    /// As it stands in the file: each name once.
    Dictionary,
}

impl Text {
    fn data_type(self) -> DataType {
        match self {
            Self::Views => DataType::Utf8View,
            Self::Dictionary => DataType::Dictionary(DataType::Int32.into(), DataType::Utf8.into()),
        }
    }
}

/// A file of a table.
pub(crate) struct File {
    bytes: Bytes,
    foot: OnceLock<Foot>,
}

/// What the foot of a file says.
struct Foot {
    parquet: Arc<ParquetMetaData>,
    schema: SchemaRef,
}

impl File {
    /// Reads it whole.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        Ok(Self::of(bytes))
    }

    /// A file with this content.
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        Self {
            bytes: bytes.into(),
            foot: OnceLock::new(),
        }
    }

    /// Its SHA-256, in hexadecimal.
    pub(crate) fn sha256(&self) -> String {
        let digest = Sha256::digest(&self.bytes);
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Its rows: the columns of the table with these places.
    ///
    /// # Errors
    /// When it is not Parquet, or a column is missing or of another type.
    pub(crate) fn rows(&self, table: Table, columns: &[usize], text: Text) -> Result<Rows> {
        let metadata = self.metadata(table, text)?;
        let fields = table.schema().project(columns)?;
        let fields = fields.fields().iter().map(|field| decoded(field, text));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let parquet = metadata.metadata();
        let constants: Vec<_> = schema
            .fields()
            .iter()
            .map(|field| constant::column(parquet, field))
            .collect();
        let fields = schema.fields().iter().zip(&constants);
        let varying = fields.filter(|(_, constant)| constant.is_none());
        let varying = varying.map(|(field, _)| field.name().as_str());
        let mask = ProjectionMask::columns(parquet.file_metadata().schema_descr(), varying);
        let reader =
            ParquetRecordBatchReaderBuilder::new_with_metadata(self.bytes.clone(), metadata)
                .with_projection(mask)
                .with_batch_size(BATCH)
                .build()?;
        Ok(Rows {
            reader,
            schema,
            constants,
        })
    }

    /// All rows, as one batch.
    pub(super) fn whole(&self, table: Table) -> Result<RecordBatch> {
        let columns: Vec<_> = (0..table.schema().fields().len()).collect();
        let batches = self.rows(table, &columns, Text::Views)?;
        let batches = batches.collect::<Result<Vec<_>>>()?;
        Ok(concat_batches(&table.schema(), &batches)?)
    }

    /// Checks that it is a file of the table, and that every row is of this day and point.
    pub(super) fn check(&self, table: Table, date: Date, point: &str) -> Result<()> {
        let parquet = &self.foot(table)?.parquet;
        let columns = parquet.file_metadata().schema_descr().columns();
        let place = |name: &str| {
            columns
                .iter()
                .position(|column| constant::is_root(column, name))
        };
        let (dates, points) = place("date").zip(place("point")).context("columns")?;
        let stated = parquet.row_groups().iter().all(|group| {
            group.num_rows() == 0
                || is_only_date(group.column(dates).statistics(), date)
                    && is_only_text(group.column(points).statistics(), point)
        });
        if stated {
            return Ok(());
        }
        for batch in self.rows(table, &[0, 1], Text::Views)? {
            check_rows(&batch?, date, point)?;
        }
        Ok(())
    }

    /// What the foot says, read once.
    fn foot(&self, table: Table) -> Result<&Foot> {
        if let Some(foot) = self.foot.get() {
            return Ok(foot);
        }
        let parquet = ParquetMetaDataReader::new()
            .parse_and_finish(&self.bytes)
            .context("it is not a whole Parquet file")?;
        let parquet = Arc::new(parquet);
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(&parquet), options())?;
        let schema = Arc::clone(metadata.schema());
        table.check(&schema)?;
        Ok(self.foot.get_or_init(|| Foot { parquet, schema }))
    }

    fn metadata(&self, table: Table, text: Text) -> Result<ArrowReaderMetadata> {
        let Foot { parquet, schema } = self.foot(table)?;
        let fields = schema.fields().iter().map(|field| decoded(field, text));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let options = options().with_schema(schema);
        Ok(ArrowReaderMetadata::try_new(Arc::clone(parquet), options)?)
    }
}

/// Types are those of Parquet, not what a writer noted beside them.
fn options() -> ArrowReaderOptions {
    ArrowReaderOptions::new().with_skip_arrow_metadata(true)
}

fn decoded(field: &Field, text: Text) -> Field {
    let kind = match field.data_type() {
        DataType::Utf8 | DataType::Utf8View => text.data_type(),
        other => other.clone(),
    };
    Field::new(field.name(), kind, field.is_nullable())
}

/// Rows of a file, in batches.
pub(crate) struct Rows {
    reader: ParquetRecordBatchReader,
    schema: SchemaRef,
    /// Where a column holds one value throughout: as many of it as the file has rows.
    constants: Vec<Option<ArrayRef>>,
}

impl Iterator for Rows {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.reader.next()?;
        Some(
            batch
                .map_err(Into::into)
                .and_then(|batch| self.shape(&batch)),
        )
    }
}

impl Rows {
    /// The columns in the table's order, of the table's types.
    fn shape(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let fields = self.schema.fields().iter().zip(&self.constants);
        let columns = fields.map(|(field, constant)| {
            if let Some(constant) = constant {
                return Ok(constant.slice(0, batch.num_rows()));
            }
            let column = batch.column_by_name(field.name()).context("a column")?;
            Ok(cast(column, field.data_type())?)
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let rows = datafusion::arrow::array::RecordBatchOptions::new()
            .with_row_count(Some(batch.num_rows()));
        let schema = Arc::clone(&self.schema);
        Ok(RecordBatch::try_new_with_options(schema, columns, &rows)?)
    }
}

/// A day as Parquet and Arrow count it.
pub(crate) fn days_since_epoch(date: Date) -> i32 {
    let epoch = Date::constant(1970, 1, 1);
    (date - epoch).get_days()
}

fn is_only_date(statistics: Option<&Statistics>, date: Date) -> bool {
    let Some(Statistics::Int32(days)) = statistics else {
        return false;
    };
    let day = days_since_epoch(date);
    days.null_count_opt() == Some(0) && days.min_opt() == Some(&day) && days.max_opt() == Some(&day)
}

fn is_only_text(statistics: Option<&Statistics>, text: &str) -> bool {
    let Some(statistics @ Statistics::ByteArray(texts)) = statistics else {
        return false;
    };
    let is_text = |bound: Option<&parquet::data_type::ByteArray>| {
        bound.is_some_and(|bound| bound.data() == text.as_bytes())
    };
    statistics.min_is_exact()
        && statistics.max_is_exact()
        && texts.null_count_opt() == Some(0)
        && is_text(texts.min_opt())
        && is_text(texts.max_opt())
}

fn check_rows(batch: &RecordBatch, date: Date, point: &str) -> Result<()> {
    let dates = batch.column(0).as_primitive::<Date32Type>();
    let points = batch.column(1).as_string_view();
    let day = days_since_epoch(date);
    let here = dates.null_count() == 0
        && points.null_count() == 0
        && dates.values().iter().all(|&date| date == day)
        && points.iter().all(|name| name == Some(point));
    ensure!(here, "it has rows of another day or point");
    Ok(())
}
