//! What a query answers, as integers, text, true and false.

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
    // What unsigned and signed integers have in common, as a CASE over both, is a decimal.
    let common = matches!(column.data_type(), DataType::Decimal128(_, 0));
    if column.data_type().is_integer() || common {
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
    if let Some(column) = column.as_boolean_opt() {
        return Ok(column
            .iter()
            .map(|value| value.map_or(Value::Null, Value::Boolean))
            .collect());
    }
    let options = FormatOptions::default().with_display_error(true);
    let formatter = ArrayFormatter::try_new(column, &options)?;
    let nulls = column.logical_nulls();
    let value = |row| {
        if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            Value::Null
        } else {
            Value::Text(formatter.value(row).to_string())
        }
    };
    Ok((0..column.len()).map(value).collect())
}
