//! Columns that hold one value throughout, from the statistics of their file: the least and the greatest value are the same. They
//! need not be decoded, which is most of the work where there is a single row.

use std::sync::Arc;

use datafusion::arrow::{
    array::{
        ArrayRef, BooleanArray, Date32Array, DictionaryArray, Int32Array, Int64Array, StringArray,
        StringViewArray, TimestampMicrosecondArray, new_null_array,
    },
    datatypes::{DataType, FieldRef, Int32Type},
};
use parquet::{
    file::{
        metadata::{ParquetMetaData, RowGroupMetaData},
        statistics::{Statistics, ValueStatistics},
    },
    schema::types::ColumnDescriptor,
};

/// The column of a file; none where it holds several values, or statistics do not say exactly.
pub(super) fn column(file: &ParquetMetaData, field: &FieldRef) -> Option<ArrayRef> {
    let [group] = file.row_groups() else {
        return None;
    };
    of(group, field)
}

fn of(group: &RowGroupMetaData, field: &FieldRef) -> Option<ArrayRef> {
    let rows = usize::try_from(group.num_rows()).ok()?;
    let mut columns = group.columns().iter();
    let column = columns.find(|column| is_root(column.column_descr(), field.name()))?;
    let statistics = column.statistics()?;
    let nulls = statistics.null_count_opt()?;
    let kind = field.data_type();
    if nulls == group.num_rows() as u64 {
        return Some(new_null_array(kind, rows));
    } else if nulls > 0 {
        return None;
    }
    let array: ArrayRef = match (statistics, kind) {
        (Statistics::Boolean(value), DataType::Boolean) => {
            Arc::new(BooleanArray::from(vec![*only(value)?; rows]))
        }
        (Statistics::Int32(value), DataType::Int32) => {
            Arc::new(Int32Array::from(vec![*only(value)?; rows]))
        }
        (Statistics::Int32(value), DataType::Date32) => {
            Arc::new(Date32Array::from(vec![*only(value)?; rows]))
        }
        (Statistics::Int64(value), DataType::Int64) => {
            Arc::new(Int64Array::from(vec![*only(value)?; rows]))
        }
        (Statistics::Int64(value), DataType::Timestamp(_, zone)) => {
            let time = TimestampMicrosecondArray::from(vec![*only(value)?; rows]);
            Arc::new(time.with_timezone_opt(zone.clone()))
        }
        (Statistics::ByteArray(value), DataType::Utf8View) => {
            Arc::new(StringViewArray::from(vec![text(value)?; rows]))
        }
        (Statistics::ByteArray(value), DataType::Dictionary(..)) => {
            let name = Arc::new(StringArray::from(vec![text(value)?]));
            let keys = Int32Array::from(vec![0; rows]);
            Arc::new(DictionaryArray::<Int32Type>::try_new(keys, name).ok()?)
        }
        _ => return None,
    };
    Some(array)
}

/// Whether it is the column of a table with this name, and not a part of another.
pub(super) fn is_root(column: &ColumnDescriptor, name: &str) -> bool {
    matches!(column.path().parts(), [part] if part == name)
}

fn text(statistics: &ValueStatistics<parquet::data_type::ByteArray>) -> Option<&str> {
    std::str::from_utf8(only(statistics)?.data()).ok()
}

fn only<T: PartialEq>(statistics: &ValueStatistics<T>) -> Option<&T> {
    let exact = statistics.min_is_exact() && statistics.max_is_exact();
    let (least, greatest) = (statistics.min_opt()?, statistics.max_opt()?);
    (exact && least == greatest).then_some(least)
}
