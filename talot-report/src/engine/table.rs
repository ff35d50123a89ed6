//! A table of the records, for DataFusion: the files of the point-days, one after the other.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use datafusion::{
    arrow::{array::RecordBatch, datatypes::SchemaRef},
    catalog::{Session, TableProvider},
    error::{DataFusionError, Result},
    execution::{SendableRecordBatchStream, TaskContext},
    logical_expr::{Expr, TableProviderFilterPushDown, TableType},
    physical_plan::{
        ExecutionPlan,
        stream::RecordBatchStreamAdapter,
        streaming::{PartitionStream, StreamingTableExec},
    },
};
use futures_util::stream;
use jiff::civil::Date;

use super::dates;
use crate::{
    parallel::processors,
    progress::Tick,
    records::{
        Table,
        file::{File, Text, days_since_epoch},
    },
};

/// Files of a table.
pub(crate) struct Files {
    pub(crate) table: Table,
    /// Each with its day.
    pub(crate) files: Vec<(Date, PathBuf)>,
    pub(crate) read: Tick,
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} files of {}", self.files.len(), self.table.name())
    }
}

#[async_trait]
impl TableProvider for Files {
    fn schema(&self) -> SchemaRef {
        self.table.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// Files of days that are not asked for need not be read.
    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        let support = |filter: &&Expr| match dates::is_about_days(filter) {
            true => TableProviderFilterPushDown::Inexact,
            false => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(support).collect())
    }

    async fn scan(
        &self,
        _session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let columns: Arc<[usize]> = match projection {
            Some(columns) => columns.as_slice().into(),
            None => (0..self.schema().fields().len()).collect(),
        };
        let schema = Arc::new(self.schema().project(&columns)?);
        let parts = processors();
        let asked = |date| {
            let day = days_since_epoch(date);
            filters.iter().all(|filter| dates::may_hold(filter, day))
        };
        let files = self.files.iter().filter(|(date, _)| asked(*date));
        let share = |first| {
            let files = files.clone().skip(first).step_by(parts);
            Arc::new(Share {
                files: files.map(|(_, path)| path.clone()).collect(),
                table: self.table,
                columns: Arc::clone(&columns),
                schema: Arc::clone(&schema),
                read: Arc::clone(&self.read),
            }) as Arc<dyn PartitionStream>
        };
        let shares = (0..parts).map(share).collect();
        let plan = StreamingTableExec::try_new(schema, shares, None, [], false, None)?;
        Ok(Arc::new(plan))
    }
}

/// The files that one processor reads.
struct Share {
    files: Arc<[PathBuf]>,
    table: Table,
    columns: Arc<[usize]>,
    schema: SchemaRef,
    read: Tick,
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} files of {}", self.files.len(), self.table.name())
    }
}

impl PartitionStream for Share {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (table, columns) = (self.table, Arc::clone(&self.columns));
        let files = Arc::clone(&self.files);
        let read = Arc::clone(&self.read);
        let batches = (0..files.len()).flat_map(move |index| {
            read();
            rows(&files[index], table, &columns)
        });
        let stream = stream::iter(batches);
        Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            stream,
        ))
    }
}

fn rows(
    path: &Path,
    table: Table,
    columns: &[usize],
) -> Box<dyn Iterator<Item = Result<RecordBatch>> + Send> {
    let named = {
        let path = path.to_owned();
        move |error: anyhow::Error| {
            let error = error.context(format!("reading {}", path.display()));
            DataFusionError::External(error.into())
        }
    };
    match File::read(path).and_then(|file| file.rows(table, columns, Text::Views)) {
        Ok(rows) => Box::new(rows.map(move |batch| batch.map_err(&named))),
        Err(error) => Box::new(std::iter::once(Err(named(error)))),
    }
}
