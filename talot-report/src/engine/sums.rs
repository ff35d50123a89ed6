//! The sums of the records, as the tables that `sql/sums.sql` defines for other engines.

use std::sync::Arc;

use anyhow::Result;
use datafusion::{
    arrow::array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringViewArray},
    datasource::MemTable,
};
use jiff::civil::Date;

use crate::records::{
    Sums,
    file::days_since_epoch,
    sums::{Class, Row, Sum},
};

/// The tables, with their names.
pub(super) fn tables(sums: &Sums) -> Result<[(&'static str, MemTable); 4]> {
    let point_days = sums.point_days()?;
    let type_months = sums.type_months()?;
    let type_days = sums.type_days()?;
    let country_days = sums.country_days()?;
    Ok([
        (
            "point_days",
            table(vec![
                (
                    "date",
                    dates(point_days.iter().map(|((date, _), ..)| *date)),
                ),
                ("point", text(point_days.iter().map(|(_, point, _)| *point))),
                (
                    "class",
                    classes(point_days.iter().map(|((_, class), ..)| *class)),
                ),
                ("packets", numbers(&point_days, |sum| sum.packets)),
                ("sources", numbers(&point_days, |sum| sum.sources)),
                ("overflow", numbers(&point_days, |sum| sum.overflow)),
            ])?,
        ),
        (
            "type_months",
            table(vec![
                (
                    "month",
                    text(type_months.iter().map(|((month, _), ..)| month.to_string())),
                ),
                (
                    "class",
                    classes(type_months.iter().map(|((_, class), ..)| *class)),
                ),
                (
                    "port_type",
                    text(type_months.iter().map(|(_, port_type, _)| *port_type)),
                ),
                ("packets", numbers(&type_months, |sum| sum.packets)),
                ("sources", numbers(&type_months, |sum| sum.sources)),
            ])?,
        ),
        (
            "type_days",
            table(vec![
                ("date", dates(type_days.iter().map(|((date, _), ..)| *date))),
                (
                    "class",
                    classes(type_days.iter().map(|((_, class), ..)| *class)),
                ),
                (
                    "port_type",
                    text(type_days.iter().map(|(_, port_type, _)| *port_type)),
                ),
                ("packets", numbers(&type_days, |sum| sum.packets)),
                ("sources", numbers(&type_days, |sum| sum.sources)),
            ])?,
        ),
        (
            "country_sums",
            table(vec![
                ("date", dates(country_days.iter().map(|(date, ..)| *date))),
                (
                    "country",
                    text(country_days.iter().map(|(_, country, _)| *country)),
                ),
                ("packets", numbers(&country_days, |sum| sum.packets)),
                ("sources", numbers(&country_days, |sum| sum.sources)),
            ])?,
        ),
    ])
}

fn table(columns: Vec<(&str, ArrayRef)>) -> Result<MemTable> {
    let batch = RecordBatch::try_from_iter(columns)?;
    Ok(MemTable::try_new(batch.schema(), vec![vec![batch]])?)
}

fn dates(dates: impl Iterator<Item = Date>) -> ArrayRef {
    Arc::new(Date32Array::from_iter_values(dates.map(days_since_epoch)))
}

fn text(names: impl Iterator<Item = impl AsRef<str>>) -> ArrayRef {
    Arc::new(StringViewArray::from_iter_values(names))
}

fn classes(classes: impl Iterator<Item = Class>) -> ArrayRef {
    text(classes.map(Class::name))
}

fn numbers<K>(rows: &[Row<'_, K>], of: impl Fn(&Sum) -> i64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(
        rows.iter().map(|(.., sum)| of(sum)),
    ))
}
