//! What was looked at more closely, as the tables that `sql/places.sql` defines for other engines: a batch for each point.

use std::{iter::repeat_n, sync::Arc};

use anyhow::Result;
use datafusion::{
    arrow::array::{ArrayRef, Date32Array, Int64Array, RecordBatch},
    datasource::MemTable,
};

use super::sums::{batch, dates, text};
use crate::records::{
    file::days_since_epoch,
    places::{Point, PortPlace, Shown},
};

/// The tables, with their names.
pub(super) fn tables(points: Vec<Point>, shown: &Shown) -> Result<[(&'static str, MemTable); 2]> {
    // One point more, so that there is a batch, and with it the columns.
    let points = points.into_iter().chain([Point::default()]);
    let batches = points.map(|point| Ok((of_ports(&point)?, of_focus(&point, shown)?)));
    let (ports, focus): (Vec<_>, Vec<_>) = batches.collect::<Result<Vec<_>>>()?.into_iter().unzip();
    Ok([
        ("port_places", table(ports)?),
        ("focus_days", table(focus)?),
    ])
}

fn table(batches: Vec<RecordBatch>) -> Result<MemTable> {
    Ok(MemTable::try_new(batches[0].schema(), vec![batches])?)
}

fn of_ports(point: &Point) -> Result<RecordBatch> {
    let places = point.places();
    let numbers = |of: fn(&PortPlace) -> i64| -> ArrayRef {
        let numbers = places.clone().map(|(.., place)| of(place));
        Arc::new(Int64Array::from_iter_values(numbers))
    };
    let first = places
        .clone()
        .map(|(.., place)| place.first_date.map(days_since_epoch));
    batch(vec![
        ("port", text(places.clone().map(|(port, ..)| port))),
        ("point", text(repeat_n(&point.name, places.clone().count()))),
        (
            "country",
            text(places.clone().map(|(_, country, _)| country)),
        ),
        ("packets", numbers(|place| place.packets)),
        ("sources", numbers(|place| place.sources)),
        ("packets_before", numbers(|place| place.packets_before)),
        ("packets_baseline", numbers(|place| place.packets_baseline)),
        ("packets_plain", numbers(|place| place.packets_plain)),
        ("overflow_plain", numbers(|place| place.overflow_plain)),
        ("first_date", Arc::new(first.collect::<Date32Array>())),
    ])
}

fn of_focus(point: &Point, shown: &Shown) -> Result<RecordBatch> {
    let focus = point.focus();
    let numbers = |numbers: Vec<i64>| -> ArrayRef { Arc::new(Int64Array::from(numbers)) };
    let place = focus.clone().map(|(_, port, ..)| shown.focus[port]);
    batch(vec![
        ("date", dates(focus.clone().map(|(date, ..)| date))),
        ("point", text(repeat_n(&point.name, focus.clone().count()))),
        (
            "country",
            text(focus.clone().map(|(_, _, country, _)| country)),
        ),
        ("place", numbers(place.collect())),
        ("port", text(focus.clone().map(|(_, port, ..)| port))),
        (
            "packets",
            numbers(focus.clone().map(|(.., sum)| sum.packets).collect()),
        ),
        (
            "sources",
            numbers(focus.clone().map(|(.., sum)| sum.sources).collect()),
        ),
    ])
}
