//! Where the ports that are looked at more closely were accessed from, and at which points, from the files of `ports`. `sql/places.sql`
//! says the same for other engines.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use anyhow::{Context as _, Result};
use foldhash::fast::RandomState;
use jiff::civil::Date;

use super::{
    file::File,
    names::Names,
    ports::{Batch, Class, Sum, batches},
};
use crate::parallel;

/// What is looked at more closely.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    /// Port types, with the name under which they are shown.
    pub types: BTreeMap<String, String>,
    /// Those names that are in focus, with their places.
    pub focus: BTreeMap<String, i64>,
}

/// A point's day that counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Day<'a> {
    /// The day.
    pub date: Date,
    /// The point.
    pub point: &'a str,
    /// Its file of `ports`.
    pub file: &'a Path,
    /// Whether it is of the month of the report.
    pub is_now: bool,
    /// Whether it is of the month before.
    pub is_before: bool,
    /// Whether it is of the days that rising ports are compared with.
    pub is_baseline: bool,
    /// Whether its sources are written as they are.
    pub is_plain: bool,
}

/// Accesses of a port at a point, from a country.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PortPlace {
    /// This month.
    pub(crate) packets: i64,
    /// This month.
    pub(crate) sources: i64,
    /// The month before.
    pub(crate) packets_before: i64,
    /// On the days that rising ports are compared with.
    pub(crate) packets_baseline: i64,
    /// This month, on days whose sources are written as they are.
    pub(crate) packets_plain: i64,
    /// Of these, those without a source.
    pub(crate) overflow_plain: i64,
    /// The first day of this month with any.
    pub(crate) first_date: Option<Date>,
}

/// Looks at the days, those of a point one after the other; what each point saw. `read` is called whenever a file has been read.
///
/// # Errors
/// When a file cannot be read.
pub(crate) fn places(
    shown: &Shown,
    days: &[Day<'_>],
    read: &(dyn Fn() + Sync),
) -> Result<Vec<Point>> {
    let points: Vec<_> = days.chunk_by(|one, next| one.point == next.point).collect();
    let (found, _) = parallel::map(&points, &|_, _| {}, |(): &mut (), days| {
        let mut point = Point {
            name: days[0].point.to_owned(),
            ..Point::default()
        };
        for day in *days {
            read();
            let batches = File::read(day.file).and_then(|file| batches(&file));
            let batches = batches.with_context(|| format!("reading {}", day.file.display()))?;
            for batch in &batches {
                point.add(shown, day, batch);
            }
        }
        Ok(point)
    });
    found.into_iter().collect()
}

/// What a point saw of the ports that are looked at more closely.
#[derive(Debug, Default)]
pub(crate) struct Point {
    pub(crate) name: String,
    ports: Names,
    countries: Names,
    places: HashMap<(u32, u32), PortPlace, RandomState>,
    focus: BTreeMap<(Date, u32, u32), Sum>,
}

impl Point {
    fn add(&mut self, shown: &Shown, day: &Day<'_>, batch: &Batch) {
        let ports = batch.port_type.each(|name| {
            let port = shown.types.get(name)?;
            Some((self.ports.place(port), shown.focus.contains_key(port)))
        });
        let countries = batch.country.each(|name| self.countries.place(name));
        let runs = batch.runs().filter(|(class, _)| *class == Class::Access);
        for (row, sum) in runs.flat_map(|(_, run)| run.clone().zip(batch.sums(run))) {
            let Some((port, is_in_focus)) = ports.at(row) else {
                continue;
            };
            let country = countries.at(row);
            self.places
                .entry((port, country))
                .or_default()
                .add(day, sum);
            if is_in_focus && day.is_now {
                let focus = self.focus.entry((day.date, port, country)).or_default();
                *focus = focus.and(sum);
            }
        }
    }

    /// By port and country.
    pub(crate) fn places(&self) -> impl Iterator<Item = (&str, &str, &PortPlace)> + Clone {
        let places = self.places.iter();
        places.map(|((port, country), place)| (self.port(*port), self.country(*country), place))
    }

    /// The ports in focus, by day, port and country, this month.
    pub(crate) fn focus(&self) -> impl Iterator<Item = (Date, &str, &str, Sum)> + Clone {
        let focus = self.focus.iter();
        focus.map(|((date, port, country), sum)| {
            (*date, self.port(*port), self.country(*country), *sum)
        })
    }

    fn port(&self, place: u32) -> &str {
        &self.ports.list()[place as usize]
    }

    fn country(&self, place: u32) -> &str {
        &self.countries.list()[place as usize]
    }
}

impl PortPlace {
    fn add(&mut self, day: &Day<'_>, sum: Sum) {
        let packets = |figure: &mut i64, is_of: bool| {
            if is_of {
                *figure = figure.saturating_add(sum.packets);
            }
        };
        packets(&mut self.packets, day.is_now);
        packets(&mut self.packets_before, day.is_before);
        packets(&mut self.packets_baseline, day.is_baseline);
        packets(&mut self.packets_plain, day.is_now && day.is_plain);
        if day.is_now {
            self.sources = self.sources.saturating_add(sum.sources);
            let first = self
                .first_date
                .map_or(day.date, |first| first.min(day.date));
            self.first_date = Some(first);
            if day.is_plain {
                self.overflow_plain = self.overflow_plain.saturating_add(sum.overflow);
            }
        }
    }
}
