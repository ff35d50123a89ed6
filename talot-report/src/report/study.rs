//! What a report is made from, and the facts that many of its parts need.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::model::{HUES, Hue, Inline};
use crate::{
    answers::Answers,
    countries,
    edition::Edition,
    month::Month,
    records::Problem,
    rounding::Counted,
    words::{self, Words},
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
    /// On so many days of points sources found no room to be counted.
    pub(super) lower_bound_days: i64,
}

impl Totals {
    /// Whether there were more sources than were counted.
    pub(super) fn is_lower_bound(self) -> bool {
        self.lower_bound_days > 0
    }

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
pub(crate) const OTHER: &str = "other";

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
            lower_bound_days: row.count("lower_bound_days"),
        };
        (totals.valid_seconds > 0).then_some(totals)
    }

    /// The month before, whether or not there are records of it.
    pub(super) fn month_before(&self) -> Month {
        self.month.back(1).unwrap_or(self.month)
    }

    /// Whether a point watched, for each day of the month.
    pub(super) fn watched(&self) -> BTreeMap<Date, bool> {
        let rows = self.answers.rows("coverage-days");
        rows.filter_map(|row| Some((row.date("date")?, row.count("points") > 0)))
            .collect()
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

    /// What is to be said under figures of sources: that there were more, if there were.
    pub(super) fn lower_bound_note(&self) -> Vec<Vec<Inline>> {
        let days = self.now().lower_bound_days;
        if days == 0 {
            return Vec::new();
        }
        let days = words::many(days, "point-day", "point-days");
        let words = format!(
            "There were at least so many sources: on {days} some found no room to be counted."
        );
        vec![Words::new(words).done()]
    }

    /// `at ten monitoring points`.
    pub(super) fn at_points(&self) -> String {
        words::many(self.now().points, "monitoring point", "monitoring points")
    }
}
