//! Ports that a single point saw.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::super::{model::Inline, study::Study};
use crate::{
    countries,
    words::{self, Words},
};

/// Ports that a single point saw.
pub(super) fn single(study: &Study<'_>) -> Vec<Vec<Inline>> {
    if study.now().points < 2 {
        return Vec::new();
    }
    let mut ports: BTreeMap<&str, Single<'_>> = BTreeMap::new();
    for row in study.answers.rows("causes") {
        let port = ports.entry(row.text("port")).or_default();
        if row.count("accesses_before") > 0 {
            port.before.insert(row.text("point"));
        }
        let accesses = row.count("accesses");
        if accesses == 0 {
            continue;
        }
        let countries = port.points.entry(row.text("point")).or_default();
        countries.push((accesses, row.text("country")));
        port.watched_since = row.date("watched_since");
        port.since = match (port.since, row.date("first_date")) {
            (Some(known), Some(other)) => Some(known.min(other)),
            (known, other) => known.or(other),
        };
    }
    let ranked = study.answers.rows("ports").map(|row| row.text("port"));
    let mut notes = Vec::new();
    for name in ranked {
        let Some(port) = ports.get(name).filter(|port| port.points.len() == 1) else {
            continue;
        };
        let Some((point, countries)) = port.points.first_key_value() else {
            continue;
        };
        let all: i64 = countries.iter().map(|(accesses, _)| accesses).sum();
        let since =
            port.since
                .filter(|_| port.before.is_empty())
                .map_or_else(String::new, |since| {
                    let watched_before = port.watched_since.is_some_and(|watched| watched < since);
                    let what = if watched_before { "since" } else { "first on" };
                    format!(", {what} {}", words::day_of_year(since))
                });
        let mut words = Words::new(format!(
            "Access to {name} was observed at a single monitoring point, {point}{since}: {}, {}",
            words::counted(all, "access", "accesses"),
            countries::origins(countries, 2)
        ));
        let spot = study.answers.rows("1-3").next();
        words = match spot.filter(|row| row.text("port") == name) {
            Some(_) => words.text(" (").figure("1-3").text(")."),
            None => words.text("."),
        };
        if !port.before.is_empty() {
            words = words.text(format!(
                " In {}, it was observed {}.",
                study.month_before().name(),
                port.where_before(point)
            ));
        }
        notes.push(words.done());
    }
    notes
}

#[derive(Default)]
struct Single<'a> {
    points: BTreeMap<&'a str, Vec<(i64, &'a str)>>,
    since: Option<Date>,
    /// Of the point; of use if there is one only.
    watched_since: Option<Date>,
    /// The points that saw it in the month before.
    before: BTreeSet<&'a str>,
}

impl Single<'_> {
    /// Where it was observed in the month before, beside the point that saw it in this one.
    fn where_before(&self, point: &str) -> String {
        /// Beyond this many they are counted.
        const NAMED: usize = 5;
        let before: Vec<_> = self.before.iter().map(|name| (*name).to_owned()).collect();
        match before.as_slice() {
            [one] if one == point => "there too".to_owned(),
            few if few.len() <= NAMED => format!("at {}", words::enumeration(few)),
            more => format!("at {} points", words::in_words(more.len() as i64)),
        }
    }
}
