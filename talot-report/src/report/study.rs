//! What a report is made from, and the facts that many of its parts need.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::model::{HUES, Hue};
use crate::{
    answers::{Answers, Row},
    countries,
    edition::Edition,
    month::Month,
    records::{Consequence, Problem},
    rounding::Counted,
    words,
};

/// All that a report is made from.
pub struct Study<'a> {
    /// The month.
    pub month: Month,
    /// What the queries answered.
    pub answers: &'a Answers,
    /// The publisher's part.
    pub edition: &'a Edition,
    /// The ports in focus.
    pub focus: &'a [String],
    /// What was found about the records.
    pub problems: &'a [Problem],
    /// Whether the records' hashes were compared.
    pub verified: bool,
}

/// A month's totals.
#[derive(Clone, Copy, Debug)]
pub(super) struct Totals {
    pub(super) month: Month,
    pub(super) accesses: i64,
    pub(super) sources: i64,
    pub(super) points: i64,
    pub(super) valid_seconds: i64,
}

impl Totals {
    pub(super) fn accesses(self) -> Counted {
        self.counted(self.accesses)
    }

    pub(super) fn sources(self) -> Counted {
        self.counted(self.sources)
    }

    pub(super) fn counted(self, figure: i64) -> Counted {
        Counted {
            figure,
            valid_seconds: self.valid_seconds,
        }
    }
}

/// A port or a country.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thing {
    Port,
    Country,
}

impl Thing {
    /// The column that names it.
    pub(super) const fn column(self) -> &'static str {
        match self {
            Self::Port => "port",
            Self::Country => "country",
        }
    }

    /// As a table's heading has it.
    pub(super) const fn heading(self) -> &'static str {
        match self {
            Self::Port => "Port type",
            Self::Country => "Country",
        }
    }

    /// A name as it is read.
    pub(super) fn name(self, name: &str) -> String {
        match self {
            Self::Port if name == OTHER => "Other ports".to_owned(),
            Self::Country if name == OTHER => "Other countries".to_owned(),
            Self::Port => name.to_owned(),
            Self::Country => countries::name(name),
        }
    }
}

/// What queries call the rest.
pub(super) const OTHER: &str = "other";

impl Study<'_> {
    /// The totals of the month.
    pub(super) fn now(&self) -> Totals {
        self.totals(0).expect("a month with records")
    }

    /// The totals of the month so many months ago, if points watched then.
    pub(super) fn totals(&self, ago: i64) -> Option<Totals> {
        let row = self
            .answers
            .rows("change")
            .find(|row| row.count("ago") == ago)?;
        let totals = Totals {
            month: row.text("month").parse().ok()?,
            accesses: row.count("accesses"),
            sources: row.count("sources"),
            points: row.count("points"),
            valid_seconds: row.count("valid_seconds"),
        };
        (totals.valid_seconds > 0).then_some(totals)
    }

    /// The month before, whether or not there are records of it.
    pub(super) fn month_before(&self) -> Month {
        self.month.back(1).unwrap_or(self.month)
    }

    /// The days of points whose records were refused, and why.
    pub(super) fn refused(&self) -> impl Iterator<Item = (Date, &str, &str)> {
        let problems = self.problems.iter();
        problems
            .filter(|problem| problem.consequence == Consequence::LeftOut)
            .filter_map(|problem| Some((problem.date?, problem.point.as_deref()?, &*problem.what)))
    }

    /// Whether a point watched, for each day of the month.
    pub(super) fn watched(&self) -> BTreeMap<Date, bool> {
        let rows = self.answers.rows("coverage-days");
        rows.filter_map(|row| Some((row.date("date")?, row.count("points") > 0)))
            .collect()
    }

    /// The days that no point watched, by their places in the month, with the reason.
    pub(super) fn shaded(&self) -> Vec<(usize, String)> {
        let watched = self.watched();
        let days = watched.iter().enumerate();
        let dark = days.filter(|(_, (_, watched))| !**watched);
        dark.map(|(place, (date, _))| (place, self.reason(*date)))
            .collect()
    }

    fn reason(&self, date: Date) -> String {
        let mut of_day = self
            .answers
            .rows("left-out")
            .filter(|row| row.date("date") == Some(date));
        of_day
            .next()
            .map_or_else(|| "no records".to_owned(), |row| reason(&row))
    }

    /// Colours for the named things: what is among the first ten of the month has the same one everywhere.
    pub(super) fn hues(&self, thing: Thing, names: &[&str]) -> Vec<Hue> {
        let first = match thing {
            Thing::Port => "2-3",
            Thing::Country => "2-6",
        };
        let first: Vec<_> = self
            .answers
            .rows(first)
            .map(|row| row.text(thing.column()))
            .collect();
        let place = |name: &str| {
            first
                .iter()
                .position(|other| *other == name)
                .filter(|place| *place < HUES)
        };
        let taken: Vec<_> = names.iter().filter_map(|name| place(name)).collect();
        let mut free = (0..HUES).filter(|hue| !taken.contains(hue));
        let hue = |name: &&str| match *name {
            OTHER => Hue::Other,
            "ZZ" if thing == Thing::Country => Hue::Unknown,
            name => place(name)
                .or_else(|| free.next())
                .map_or(Hue::Other, Hue::Ranked),
        };
        names.iter().map(hue).collect()
    }

    /// `at ten monitoring points`.
    pub(super) fn at_points(&self) -> String {
        words::many(self.now().points, "monitoring point", "monitoring points")
    }
}

/// Why a point's day is left out.
pub(super) fn reason(row: &Row<'_>) -> String {
    let (given, note) = (row.text("reason"), row.text("note"));
    let words: Vec<_> = match row.text("status") {
        "maintenance" if note.is_empty() => vec!["maintenance", given],
        "maintenance" => vec![note, given],
        _ => vec![given],
    };
    let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
    words.join("; ")
}
