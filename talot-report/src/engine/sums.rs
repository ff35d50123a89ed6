//! The sums of the records, as the tables that `sql/sums.sql` defines for other engines.

use std::sync::Arc;

use anyhow::Result;
use datafusion::{
    arrow::array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringViewArray},
    datasource::MemTable,
};
use jiff::civil::Date;

use crate::{
    month::Month,
    records::{Class, Sum, Sums, file::days_since_epoch, sums::Row},
};

/// The tables, with their names.
pub(super) fn tables(sums: &Sums, of: Month) -> Result<[(&'static str, MemTable); 4]> {
    let point_days = sums.point_days();
    let port_months = sums.port_months();
    let port_days = sums.port_days();
    let country_days = sums.country_days();
    Ok([
        (
            "point_days",
            table(vec![
                (
                    "date",
                    dates(point_days.clone().map(|((date, _), ..)| date)),
                ),
                ("point", text(point_days.clone().map(|(_, point, _)| point))),
                (
                    "class",
                    classes(point_days.clone().map(|((_, class), ..)| class)),
                ),
                ("packets", numbers(point_days.clone(), |sum| sum.packets)),
                ("sources", numbers(point_days.clone(), |sum| sum.sources)),
                ("overflow", numbers(point_days.clone(), |sum| sum.overflow)),
            ])?,
        ),
        (
            "port_months",
            table(vec![
                (
                    "month",
                    text(
                        port_months
                            .clone()
                            .map(|((month, _), ..)| month.to_string()),
                    ),
                ),
                (
                    "ago",
                    agos(port_months.clone().map(|((month, _), ..)| month), of),
                ),
                (
                    "class",
                    classes(port_months.clone().map(|((_, class), ..)| class)),
                ),
                ("port", text(port_months.clone().map(|(_, port, _)| port))),
                ("packets", numbers(port_months.clone(), |sum| sum.packets)),
                ("sources", numbers(port_months.clone(), |sum| sum.sources)),
            ])?,
        ),
        (
            "port_days",
            table(vec![
                ("date", dates(port_days.clone().map(|((date, _), ..)| date))),
                (
                    "class",
                    classes(port_days.clone().map(|((_, class), ..)| class)),
                ),
                ("port", text(port_days.clone().map(|(_, port, _)| port))),
                ("packets", numbers(port_days.clone(), |sum| sum.packets)),
                ("sources", numbers(port_days.clone(), |sum| sum.sources)),
            ])?,
        ),
        (
            "country_days",
            table(vec![
                ("date", dates(country_days.clone().map(|(date, ..)| date))),
                (
                    "month",
                    text(
                        country_days
                            .clone()
                            .map(|(date, ..)| Month::of(date).to_string()),
                    ),
                ),
                (
                    "ago",
                    agos(country_days.clone().map(|(date, ..)| Month::of(date)), of),
                ),
                (
                    "country",
                    text(country_days.clone().map(|(_, country, _)| country)),
                ),
                ("packets", numbers(country_days.clone(), |sum| sum.packets)),
                ("sources", numbers(country_days.clone(), |sum| sum.sources)),
            ])?,
        ),
    ])
}

fn table(columns: Vec<(&str, ArrayRef)>) -> Result<MemTable> {
    let batch = batch(columns)?;
    Ok(MemTable::try_new(batch.schema(), vec![vec![batch]])?)
}

/// Rows of a table; any column may be null, whatever these rows have.
pub(super) fn batch(columns: Vec<(&str, ArrayRef)>) -> Result<RecordBatch> {
    let columns = columns
        .into_iter()
        .map(|(name, column)| (name, column, true));
    Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
}

pub(super) fn dates(dates: impl Iterator<Item = Date>) -> ArrayRef {
    Arc::new(Date32Array::from_iter_values(dates.map(days_since_epoch)))
}

pub(super) fn text(names: impl Iterator<Item = impl AsRef<str>>) -> ArrayRef {
    Arc::new(StringViewArray::from_iter_values(names))
}

fn classes(classes: impl Iterator<Item = Class>) -> ArrayRef {
    text(classes.map(Class::name))
}

/// How many months before the month of the report.
fn agos(months: impl Iterator<Item = Month>, of: Month) -> ArrayRef {
    let agos = months.map(|month| i64::from(month.months_before(of)));
    Arc::new(Int64Array::from_iter_values(agos))
}

fn numbers<'a, K>(rows: impl Iterator<Item = Row<'a, K>>, of: impl Fn(&Sum) -> i64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(rows.map(|(.., sum)| of(&sum))))
}
