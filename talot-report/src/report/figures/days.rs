//! Day by day, in parts.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::super::{
    draft::{Draft, count, table, text},
    model::{Axis, Block, Chart, Plot, Series},
    study::{OTHER, Study, Thing},
};
use crate::{answers::Row, rounding, words};

/// What is counted.
#[derive(Clone, Copy)]
pub(in super::super) struct Measure {
    /// The column.
    pub(in super::super) column: &'static str,
    /// `Accesses`.
    pub(in super::super) name: &'static str,
}

/// Accesses.
pub(in super::super) const ACCESSES: Measure = Measure {
    column: "accesses",
    name: "Accesses",
};

/// Sources.
pub(in super::super) const SOURCES: Measure = Measure {
    column: "sources",
    name: "Sources",
};

/// Figures by day, thing by thing.
pub(super) struct ByDay<'a> {
    /// Names, in the order of the legend.
    pub(super) names: Vec<&'a str>,
    /// What was counted, by day and name.
    pub(super) counted: BTreeMap<(Date, &'a str), i64>,
}

impl<'a> ByDay<'a> {
    /// Of rows with the columns `date`, a name, a figure; names in the order of their first place, `other` last.
    pub(super) fn of(rows: impl Iterator<Item = Row<'a>>, thing: Thing, measure: Measure) -> Self {
        let mut places = BTreeMap::new();
        let mut counted = BTreeMap::new();
        for row in rows {
            let name = row.text(thing.column());
            places.insert(row.count("place"), name);
            if let Some(date) = row.date("date") {
                *counted.entry((date, name)).or_default() += row.count(measure.column);
            }
        }
        Self {
            names: places.into_values().collect(),
            counted,
        }
    }

    pub(super) fn get(&self, date: Date, name: &'a str) -> i64 {
        self.counted.get(&(date, name)).copied().unwrap_or(0)
    }

    pub(super) fn total(&self, name: &str) -> i64 {
        let of_name = self.counted.iter().filter(|((_, other), _)| *other == name);
        of_name.map(|(_, figure)| figure).sum()
    }
}

/// The days of the month: whether they were watched, and if not, what they are and why.
pub(super) struct Days<'a> {
    pub(super) watched: BTreeMap<Date, bool>,
    pub(super) absent: Box<dyn Fn(Date) -> (&'static str, String) + 'a>,
}

impl Study<'_> {
    /// The days as all points together watched them.
    pub(super) fn all_days(&self) -> Days<'_> {
        Days {
            watched: self.watched(),
            absent: Box::new(|date| self.absent(date)),
        }
    }

    /// Figures 2-1, 2-2, 2-5 and 2-7.
    pub(in super::super) fn by_day(
        &self,
        id: &'static str,
        thing: Thing,
        measure: Measure,
    ) -> Block {
        let by_day = ByDay::of(self.answers.rows(id), thing, measure);
        let by = match thing {
            Thing::Port => "destination (port type)",
            Thing::Country => "source country",
        };
        let title = format!(
            "{} by day and {by}, {}, {}",
            measure.name,
            self.month.name(),
            self.at_points()
        );
        let days = self.all_days();
        let draft = self.stacked(id, &by_day, &days, thing, measure, title);
        self.figure(draft)
    }

    /// Bars of days, in parts.
    pub(super) fn stacked(
        &self,
        id: &'static str,
        by_day: &ByDay<'_>,
        days: &Days<'_>,
        thing: Thing,
        measure: Measure,
        title: String,
    ) -> Draft {
        let watched = &days.watched;
        let hues = self.hues(thing, &by_day.names);
        let series = by_day.names.iter().zip(hues).map(|(name, hue)| Series {
            name: thing.name(name),
            hue,
            values: watched
                .iter()
                .map(|(date, watched)| watched.then(|| by_day.get(*date, name) as f64))
                .collect(),
        });
        let series = series.collect();
        let mut columns = vec!["Day".to_owned(), format!("#{}", measure.name)];
        columns.extend(
            by_day
                .names
                .iter()
                .map(|name| format!("#{}", thing.name(name))),
        );
        let columns: Vec<_> = columns.iter().map(String::as_str).collect();
        let rows = watched.iter().map(|(date, watched)| {
            let mut row = vec![text(words::day(*date))];
            if *watched {
                let of_day: Vec<_> = by_day
                    .names
                    .iter()
                    .map(|name| by_day.get(*date, name))
                    .collect();
                row.push(count(of_day.iter().sum()));
                row.extend(of_day.into_iter().map(count));
            } else {
                let (label, _) = (days.absent)(*date);
                row.extend((0..=by_day.names.len()).map(|_| text(label)));
            }
            row
        });
        Draft {
            id,
            table: table(title.clone(), &columns, rows.collect()),
            alternative: self.stacked_in_words(by_day, thing, measure),
            title,
            unit: format!("{} per day", measure.name.to_lowercase()),
            chart: (!by_day.names.is_empty()).then(|| {
                Chart::StackedBars(Plot {
                    x: Axis {
                        title: format!("Day of {}", self.month.name()),
                    },
                    y: Axis {
                        title: format!("{} per day", measure.name),
                    },
                    categories: watched.keys().map(|date| date.day().to_string()).collect(),
                    series,
                    shaded: self.shaded_of(watched, &*days.absent),
                })
            }),
            notes: match measure.column {
                "sources" => [self.uneven_note(), self.lower_bound_note()].concat(),
                _ => self.uneven_note(),
            },
        }
    }

    fn stacked_in_words(&self, by_day: &ByDay<'_>, thing: Thing, measure: Measure) -> String {
        let measure = measure.name.to_lowercase();
        let mut days: BTreeMap<Date, i64> = BTreeMap::new();
        for ((date, _), figure) in &by_day.counted {
            *days.entry(*date).or_default() += figure;
        }
        let most = days
            .iter()
            .max_by_key(|(date, figure)| (**figure, std::cmp::Reverse(**date)));
        let least = days.iter().min_by_key(|(date, figure)| (**figure, **date));
        let mut words = format!("Bars by day of {}.", self.month.name());
        if let (Some((low, least)), Some((high, most))) = (least, most) {
            words += &format!(
                " From {} {measure} on {} to {} on {}.",
                rounding::count(*least),
                words::day_of_year(*low),
                rounding::count(*most),
                words::day_of_year(*high)
            );
        }
        let parts: Vec<_> = by_day
            .names
            .iter()
            .filter(|name| **name != OTHER)
            .take(3)
            .map(|name| {
                format!(
                    "{} {}",
                    thing.name(name),
                    rounding::count(by_day.total(name))
                )
            })
            .collect();
        if !parts.is_empty() {
            words += &format!(" Most in the month: {}.", words::enumeration(&parts));
        }
        words
    }
}
