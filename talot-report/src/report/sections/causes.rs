//! Why ports rose and fell: by country and by point.

use std::collections::BTreeMap;

use super::super::{
    figures::comparison::Move,
    model::Inline,
    study::{Study, Totals},
};
use crate::{
    countries,
    rounding::{Counted, Rounded, change, per_point_day},
    words::{Words, enumeration},
};

/// Why ports moved: by country and by point.
pub(in super::super) struct Causes<'a> {
    now: Totals,
    before: Option<Totals>,
    by_country: BTreeMap<&'a str, Parts<'a>>,
    by_point: BTreeMap<&'a str, Parts<'a>>,
}

/// Accesses now and before, by name.
type Parts<'a> = BTreeMap<&'a str, (i64, i64)>;

impl<'a> Causes<'a> {
    pub(super) fn of(study: &Study<'a>) -> Self {
        let answers = study.answers;
        let mut causes = Self {
            now: study.now(),
            before: study.totals(1),
            by_country: BTreeMap::new(),
            by_point: BTreeMap::new(),
        };
        for row in answers.rows("causes") {
            let add = |parts: &mut BTreeMap<&'a str, Parts<'a>>, name| {
                let part = parts
                    .entry(row.text("port"))
                    .or_default()
                    .entry(name)
                    .or_default();
                part.0 += row.count("accesses");
                part.1 += row.count("accesses_before");
            };
            add(&mut causes.by_country, row.text("country"));
            add(&mut causes.by_point, row.text("point"));
        }
        causes
    }

    /// `445/tcp: from 300.1 to 210.3 accesses per point and day (−29.9 %); mostly China (−40.2), Japan (−20.1).`
    pub(super) fn sentence(&self, each: &Move<'_>) -> Vec<Inline> {
        let change = change(each.now, each.before).map_or_else(
            || {
                format!(
                    "none in {}",
                    self.before
                        .map_or_else(String::new, |before| before.month.name())
                )
            },
            |change| format!("{} %", change.signed()),
        );
        let countries = self.main(&self.by_country, each, countries::in_sentence);
        let points = self.main(&self.by_point, each, ToOwned::to_owned);
        let words = Words::default().strong(each.port).text(format!(
            ": from {} to {} accesses per point and day ({change})",
            rate1(each.before),
            rate1(each.now)
        ));
        let words = if countries.is_empty() {
            words
        } else {
            words.text(format!(
                "; by source country most of it {}",
                enumeration(&countries)
            ))
        };
        let words = if points.is_empty() || self.now.points < 2 {
            words
        } else {
            words.text(format!("; by point {}", enumeration(&points)))
        };
        words.text(".").done()
    }

    /// The three parts that moved most in the port's own direction, in accesses per point and day.
    pub(in super::super) fn main(
        &self,
        parts: &BTreeMap<&'a str, Parts<'a>>,
        each: &Move<'_>,
        name: impl Fn(&str) -> String,
    ) -> Vec<String> {
        let Some((before, parts)) = self.before.zip(parts.get(each.port)) else {
            return Vec::new();
        };
        let mut moves: Vec<_> = parts
            .iter()
            .map(|(part, (now, then))| Move {
                port: part,
                now: self.now.counted(*now),
                before: before.counted(*then),
            })
            .filter(|part| part.exact().signum() == each.exact().signum())
            .filter(|part| {
                part.difference()
                    .is_some_and(|difference| !difference.is_zero())
            })
            .collect();
        moves.sort_by_key(|part| (-part.exact().abs(), part.port));
        let told = moves.iter().take(3).filter_map(|part| {
            Some(format!(
                "{} ({})",
                name(part.port),
                part.difference().map(Rounded::signed)?
            ))
        });
        told.collect()
    }

    /// By country, in words.
    pub(in super::super) fn countries(&self, each: &Move<'_>) -> String {
        self.main(&self.by_country, each, countries::in_sentence)
            .join(", ")
    }

    /// By point, in words.
    pub(in super::super) fn points(&self, each: &Move<'_>) -> String {
        self.main(&self.by_point, each, ToOwned::to_owned)
            .join(", ")
    }
}

fn rate1(counted: Counted) -> String {
    per_point_day(counted.figure, counted.valid_seconds, 1)
        .map_or_else(|| "–".to_owned(), |rate| rate.to_string())
}
