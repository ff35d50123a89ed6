//! The values of a file's only row, from its statistics: the least and the greatest value of a column of one row are its value.

use std::sync::Arc;

use datafusion::arrow::{
    array::{
        ArrayRef, BooleanArray, Date32Array, Int32Array, Int64Array, StringViewArray,
        TimestampMicrosecondArray, new_null_array,
    },
    datatypes::{DataType, Schema},
};
use parquet::file::{
    metadata::RowGroupMetaData,
    statistics::{Statistics, ValueStatistics},
};

/// The columns of the schema, each with its only value; none where the statistics do not have it exactly.
pub(super) fn stated(group: &RowGroupMetaData, schema: &Schema) -> Vec<Option<ArrayRef>> {
    let fields = schema.fields().iter();
    let value = fields.map(|field| {
        let mut columns = group.columns().iter();
        let column = columns.find(|column| column.column_descr().name() == field.name())?;
        value(column.statistics()?, field.data_type())
    });
    value.collect()
}

fn value(statistics: &Statistics, kind: &DataType) -> Option<ArrayRef> {
    if statistics.null_count_opt()? == 1 {
        return Some(new_null_array(kind, 1));
    }
    let array: ArrayRef = match (statistics, kind) {
        (Statistics::Boolean(value), DataType::Boolean) => {
            Arc::new(BooleanArray::from(vec![*only(value)?]))
        }
        (Statistics::Int32(value), DataType::Int32) => {
            Arc::new(Int32Array::from(vec![*only(value)?]))
        }
        (Statistics::Int32(value), DataType::Date32) => {
            Arc::new(Date32Array::from(vec![*only(value)?]))
        }
        (Statistics::Int64(value), DataType::Int64) => {
            Arc::new(Int64Array::from(vec![*only(value)?]))
        }
        (Statistics::Int64(value), DataType::Timestamp(_, zone)) => {
            let time = TimestampMicrosecondArray::from(vec![*only(value)?]);
            Arc::new(time.with_timezone_opt(zone.clone()))
        }
        (Statistics::ByteArray(value), DataType::Utf8View) => {
            let text = std::str::from_utf8(only(value)?.data()).ok()?;
            Arc::new(StringViewArray::from(vec![text]))
        }
        _ => return None,
    };
    Some(array)
}

fn only<T: PartialEq>(statistics: &ValueStatistics<T>) -> Option<&T> {
    let exact = statistics.min_is_exact() && statistics.max_is_exact();
    let (least, greatest) = (statistics.min_opt()?, statistics.max_opt()?);
    (exact && least == greatest).then_some(least)
}
