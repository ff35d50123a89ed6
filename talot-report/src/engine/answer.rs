//! What a query answers, as integers and text.

use anyhow::{Context as _, Result};
use datafusion::arrow::{
    array::{Array, AsArray as _, RecordBatch},
    compute::{CastOptions, cast_with_options},
    datatypes::{DataType, Int64Type},
    util::display::{ArrayFormatter, FormatOptions},
};

use crate::report::model::{Data, Value};

/// Puts the batches of an answer together.
pub(super) fn of(columns: Vec<String>, batches: &[RecordBatch]) -> Result<Data> {
    let mut rows = Vec::new();
    for batch in batches {
        let values = batch.columns().iter().map(|column| values(column));
        let values = values.collect::<Result<Vec<_>>>()?;
        let mut values: Vec<_> = values.into_iter().map(Vec::into_iter).collect();
        for _ in 0..batch.num_rows() {
            let row = values
                .iter_mut()
                .map(|values| values.next().context("a short column"));
            rows.push(row.collect::<Result<Vec<_>>>()?);
        }
    }
    Ok(Data { columns, rows })
}

fn values(column: &dyn Array) -> Result<Vec<Value>> {
    if column.data_type().is_integer() {
        let fail = CastOptions {
            safe: false,
            ..CastOptions::default()
        };
        let column = cast_with_options(column, &DataType::Int64, &fail)?;
        let values = column.as_primitive::<Int64Type>().iter();
        return Ok(values
            .map(|value| value.map_or(Value::Null, Value::Integer))
            .collect());
    }
    let options = FormatOptions::default().with_display_error(true);
    let formatter = ArrayFormatter::try_new(column, &options)?;
    let value = |row| {
        if column.is_null(row) {
            Value::Null
        } else {
            Value::Text(formatter.value(row).to_string())
        }
    };
    Ok((0..column.len()).map(value).collect())
}
