//! Days of points that do not count: left out, refused, not observed.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{
    model::{Inline, Shaded},
    study::Study,
};
use crate::{
    answers::Row,
    month::Month,
    words::{Words, enumeration, many},
};

/// Why a point's day does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Absence {
    /// Maintenance, or left out by choice.
    LeftOut,
    /// Its record cannot be trusted.
    Refused,
    /// Nothing was observed, or there is no record.
    NotObserved,
}

impl Absence {
    const fn words(self) -> &'static str {
        match self {
            Self::LeftOut => "left out",
            Self::Refused => "refused",
            Self::NotObserved => "not observed",
        }
    }

    fn of(row: &Row<'_>) -> Self {
        if row.text("status") == REFUSED {
            Self::Refused
        } else {
            Self::LeftOut
        }
    }
}

/// What the query calls a day whose record was refused.
const REFUSED: &str = "refused";

/// Days of points that do not count for the same reason.
pub(super) struct Group<'a> {
    pub(super) status: &'a str,
    pub(super) reason: String,
    /// Points, and the days on which it was just these.
    pub(super) parts: Vec<(Vec<&'a str>, Vec<Date>)>,
}

impl<'a> Study<'a> {
    /// The days of points that do not count, by status and reason.
    pub(super) fn left_out_groups(&self) -> Vec<Group<'a>> {
        let answers = self.answers;
        let mut groups: BTreeMap<(String, &str), BTreeMap<Date, Vec<&str>>> = BTreeMap::new();
        for row in answers.rows("left-out") {
            if let Some(date) = row.date("date") {
                let days = groups
                    .entry((reason(&row), row.text("status")))
                    .or_default();
                days.entry(date).or_default().push(row.text("point"));
            }
        }
        let group = |((reason, status), days): ((String, _), BTreeMap<Date, Vec<_>>)| {
            let mut parts: BTreeMap<Vec<&str>, Vec<Date>> = BTreeMap::new();
            for (date, points) in days {
                parts.entry(points).or_default().push(date);
            }
            let mut parts: Vec<_> = parts.into_iter().collect();
            parts.sort_by(|(_, one), (_, other)| one.cmp(other));
            Group {
                status,
                reason,
                parts,
            }
        };
        groups.into_iter().map(group).collect()
    }

    /// Points by their names; none if it is all of the month's.
    pub(super) fn which_points(&self, points: &[&str], dates: &[Date]) -> Option<String> {
        /// Beyond this many they are counted.
        const NAMED: usize = 5;
        let all = self.answers.rows("coverage").count();
        let of_month = dates.iter().all(|date| Month::of(*date) == self.month);
        if of_month && points.len() == all {
            return None;
        }
        if points.len() > NAMED {
            return Some(many(points.len() as i64, "point", "points"));
        }
        let names: Vec<_> = points.iter().map(|name| (*name).to_owned()).collect();
        Some(enumeration(&names))
    }

    /// The days that no point watched.
    pub(super) fn shaded(&self) -> Vec<Shaded> {
        self.shaded_of(&self.watched(), &|date| self.absent(date))
    }

    /// The days without figures among those of a month, with what they are.
    pub(super) fn shaded_of(
        &self,
        watched: &BTreeMap<Date, bool>,
        absent: &dyn Fn(Date) -> (&'static str, String),
    ) -> Vec<Shaded> {
        let dark = watched.iter().enumerate();
        let dark = dark.filter(|(_, (_, watched))| !**watched);
        dark.map(|(place, (date, _))| {
            let (label, reason) = absent(*date);
            Shaded {
                place,
                label: label.to_owned(),
                reason,
            }
        })
        .collect()
    }

    /// That points were missing on some of the days that were watched, if they were.
    pub(super) fn uneven_note(&self) -> Vec<Vec<Inline>> {
        let rows = self.answers.rows("coverage-days");
        let watched = rows.map(|row| row.count("valid_seconds"));
        let mut watched = watched.filter(|seconds| *seconds > 0);
        let first = watched.next();
        let uneven = watched.any(|seconds| Some(seconds) != first);
        let words = Words::new("Not all points watched all day on each of these days, see ");
        let words = words.figure("coverage-days").text(".").done();
        uneven.then_some(words).into_iter().collect()
    }

    /// What a day is on which this point did not watch, in a word or two, and why.
    pub(super) fn absent_at(&self, date: Date, point: &str) -> (&'static str, String) {
        let mut of_point = self
            .answers
            .rows("left-out")
            .filter(|row| row.date("date") == Some(date) && row.text("point") == point);
        let not_observed = Absence::NotObserved.words();
        of_point.next().map_or_else(
            || (not_observed, not_observed.to_owned()),
            |row| (Absence::of(&row).words(), reason(&row)),
        )
    }

    /// What a day is that no point watched, in a word or two, and why.
    pub(super) fn absent(&self, date: Date) -> (&'static str, String) {
        let mut reasons: BTreeMap<(Absence, String), i64> = BTreeMap::new();
        let mut rest = self.answers.rows("coverage").count() as i64;
        for row in self.answers.rows("left-out") {
            if row.date("date") == Some(date) {
                *reasons
                    .entry((Absence::of(&row), reason(&row)))
                    .or_default() += 1;
                rest -= 1;
            }
        }
        if rest > 0 {
            let words = Absence::NotObserved.words().to_owned();
            reasons.insert((Absence::NotObserved, words), rest);
        }
        let mut kinds: Vec<_> = reasons.keys().map(|(kind, _)| *kind).collect();
        kinds.dedup();
        let label = match kinds.as_slice() {
            [only] => only.words(),
            _ => "not counted",
        };
        let told: Vec<_> = match reasons.len() {
            1 => reasons.into_keys().map(|(_, reason)| reason).collect(),
            _ => reasons
                .into_iter()
                .map(|((_, reason), points)| {
                    format!("{reason} ({})", many(points, "point", "points"))
                })
                .collect(),
        };
        (label, told.join("; "))
    }
}

/// Why a point's day does not count.
fn reason(row: &Row<'_>) -> String {
    let (given, note) = (row.text("reason").to_owned(), row.text("note"));
    let words = match row.text("status") {
        REFUSED => vec![format!("record refused: {note}"), given],
        "maintenance" if note.is_empty() => vec!["maintenance".to_owned(), given],
        "maintenance" => vec![note.to_owned(), given],
        _ => vec![given],
    };
    let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
    words.join("; ")
}
