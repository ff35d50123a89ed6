//! Tables as CSV and as JSON.

use std::io::{self, Write};

use anyhow::{Context as _, Result};
use arrow_array::{
    Array as _, ArrayRef, BooleanArray, Date32Array, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use jiff::{Timestamp, civil::Date};

use super::{Table, day::from_date32};

/// The names of the columns as the first line of a CSV file.
pub(super) fn write_csv_header(table: Table, out: &mut dyn Write) -> io::Result<()> {
    let schema = table.schema();
    for (index, field) in schema.fields().iter().enumerate() {
        let separator = if index == 0 { "" } else { "," };
        write!(out, "{separator}{}", field.name())?;
    }
    out.write_all(b"\n")
}

/// Rows as lines of a CSV file (RFC 4180, lines end with LF); null is empty.
pub(super) fn write_csv(batch: &RecordBatch, out: &mut dyn Write) -> Result<()> {
    let columns = columns(batch)?;
    for row in 0..batch.num_rows() {
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                out.write_all(b",")?;
            }
            match column.value(row)? {
                Value::Null => {}
                Value::Text(text) if text.contains(['"', ',', '\n', '\r']) => {
                    write!(out, "\"{}\"", text.replace('"', "\"\""))?;
                }
                Value::Text(text) => out.write_all(text.as_bytes())?,
                Value::Number(number) => write!(out, "{number}")?,
                Value::Truth(truth) => write!(out, "{truth}")?,
                Value::Day(day) => write!(out, "{day}")?,
                Value::Moment(moment) => write!(out, "{moment:.6}")?,
            }
        }
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Rows as JSON objects, one a line; nulls are spelled out.
pub(super) fn write_json(batch: &RecordBatch, out: &mut dyn Write) -> Result<()> {
    let columns = columns(batch)?;
    let schema = batch.schema();
    for row in 0..batch.num_rows() {
        let mut separator = '{';
        for (field, column) in schema.fields().iter().zip(&columns) {
            write!(out, "{separator}\"{}\":", field.name())?;
            separator = ',';
            match column.value(row)? {
                Value::Null => out.write_all(b"null")?,
                Value::Text(text) => serde_json::to_writer(&mut *out, text)?,
                Value::Number(number) => write!(out, "{number}")?,
                Value::Truth(truth) => write!(out, "{truth}")?,
                Value::Day(day) => write!(out, "\"{day}\"")?,
                Value::Moment(moment) => write!(out, "\"{moment:.6}\"")?,
            }
        }
        out.write_all(b"}\n")?;
    }
    Ok(())
}

/// What stands in one row and column.
enum Value<'a> {
    Null,
    Text(&'a str),
    Number(i64),
    Truth(bool),
    Day(Date),
    Moment(Timestamp),
}

/// A column by its type.
enum Column<'a> {
    Text(&'a StringArray),
    Int32(&'a Int32Array),
    Int64(&'a Int64Array),
    Truth(&'a BooleanArray),
    Day(&'a Date32Array),
    Moment(&'a TimestampMicrosecondArray),
}

impl<'a> Column<'a> {
    fn of(array: &'a ArrayRef) -> Option<Self> {
        let any = array.as_any();
        let text = any.downcast_ref().map(Self::Text);
        text.or_else(|| any.downcast_ref().map(Self::Int32))
            .or_else(|| any.downcast_ref().map(Self::Int64))
            .or_else(|| any.downcast_ref().map(Self::Truth))
            .or_else(|| any.downcast_ref().map(Self::Day))
            .or_else(|| any.downcast_ref().map(Self::Moment))
    }

    fn value(&self, row: usize) -> Result<Value<'a>> {
        let is_null = match self {
            Self::Text(column) => column.is_null(row),
            Self::Int32(column) => column.is_null(row),
            Self::Int64(column) => column.is_null(row),
            Self::Truth(column) => column.is_null(row),
            Self::Day(column) => column.is_null(row),
            Self::Moment(column) => column.is_null(row),
        };
        if is_null {
            return Ok(Value::Null);
        }
        Ok(match self {
            Self::Text(column) => Value::Text(column.value(row)),
            Self::Int32(column) => Value::Number(column.value(row).into()),
            Self::Int64(column) => Value::Number(column.value(row)),
            Self::Truth(column) => Value::Truth(column.value(row)),
            Self::Day(column) => {
                Value::Day(from_date32(column.value(row)).context("a date is out of range")?)
            }
            Self::Moment(column) => Value::Moment(Timestamp::from_microsecond(column.value(row))?),
        })
    }
}

fn columns(batch: &RecordBatch) -> Result<Vec<Column<'_>>> {
    let columns = batch.columns().iter();
    columns
        .map(|array| Column::of(array).context("a column has an unknown type"))
        .collect()
}
