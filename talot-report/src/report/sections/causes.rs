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
    words::{Words, enumeration, in_words, many},
};

/// Why ports moved: by country and by point.
pub(in super::super) struct Causes<'a> {
    now: Totals,
    before: Option<Totals>,
    /// The points that watched in both months, and their valid seconds.
    both: BTreeMap<&'a str, (i64, i64)>,
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
            both: answers
                .rows("spread")
                .filter(|row| row.count("valid_seconds_before") > 0)
                .map(|row| {
                    let seconds = (
                        row.count("valid_seconds"),
                        row.count("valid_seconds_before"),
                    );
                    (row.text("point"), seconds)
                })
                .collect(),
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
            if causes.both.contains_key(row.text("point")) {
                add(&mut causes.by_point, row.text("point"));
            }
        }
        causes
    }

    /// `445/tcp: from 300.1 to 210.3 accesses per point and day (−29.9 %); mostly China (−40.2), Japan (−20.1).`
    pub(super) fn sentence(&self, each: &Move<'a>) -> Vec<Inline> {
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
        let at_both = self.at_both(each.port);
        let points = self.main(&self.by_point, &at_both, ToOwned::to_owned);
        let by_country = countries.phrase().map_or_else(String::new, |phrase| {
            format!("; by source country {phrase}")
        });
        let by_point =
            points
                .phrase()
                .filter(|_| self.now.points > 1)
                .map_or_else(String::new, |phrase| match self.other_points() {
                    None => format!("; by monitoring point {phrase}"),
                    Some(which) if self.both.len() == 1 => format!(
                        "; at the {which}, {}, by {}",
                        self.both.keys().copied().collect::<String>(),
                        at_both
                            .difference()
                            .map_or_else(|| "–".to_owned(), Rounded::signed)
                    ),
                    Some(which) => format!(
                        "; at the {which} by {}, {phrase}",
                        at_both
                            .difference()
                            .map_or_else(|| "–".to_owned(), Rounded::signed)
                    ),
                });
        let words = Words::default().strong(each.port).text(format!(
            ": from {} to {} accesses per point and day ({change}){by_country}{by_point}.",
            rate1(each.before),
            rate1(each.now)
        ));
        words.done()
    }

    /// A port at the points that watched in both months.
    pub(in super::super) fn at_both(&self, port: &'a str) -> Move<'a> {
        let parts = self
            .by_point
            .get(port)
            .into_iter()
            .flat_map(BTreeMap::values);
        let (now, before) = parts.fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
        let seconds = self.both.values();
        let seconds = seconds.fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
        let counted = |figure, valid_seconds| Counted {
            figure,
            valid_seconds,
        };
        Move {
            port,
            now: counted(now, seconds.0),
            before: counted(before, seconds.1),
        }
    }

    /// Which points are compared, if not all watched in both months.
    pub(in super::super) fn other_points(&self) -> Option<String> {
        let before = self.before?;
        let (in_both, points) = (self.both.len() as i64, (self.now.points, before.points));
        (points != (in_both, in_both)).then(|| {
            format!(
                "{} that watched in both months ({} did in this one, {} in the last)",
                many(in_both, "point", "points"),
                in_words(points.0),
                in_words(points.1)
            )
        })
    }

    /// The three parts that moved most in the port's own direction, in accesses per point and day.
    fn main(
        &self,
        parts: &BTreeMap<&'a str, Parts<'a>>,
        each: &Move<'_>,
        name: impl Fn(&str) -> String,
    ) -> Largest {
        let Some(parts) = parts.get(each.port) else {
            return Largest::default();
        };
        let mut moves: Vec<_> = parts
            .iter()
            .map(|(part, (now, then))| Move {
                port: part,
                now: Counted {
                    figure: *now,
                    ..each.now
                },
                before: Counted {
                    figure: *then,
                    ..each.before
                },
            })
            .filter(|part| part.exact().signum() == each.exact().signum())
            .filter(|part| {
                part.difference()
                    .is_some_and(|difference| !difference.is_zero())
            })
            .collect();
        moves.sort_by_key(|part| (-part.exact().abs(), part.port));
        moves.truncate(3);
        let (whole, together): (i128, i128) = (
            each.exact().abs(),
            moves.iter().map(|part| part.exact().abs()).sum(),
        );
        let told = moves.iter().filter_map(|part| {
            Some(format!(
                "{} ({})",
                name(part.port),
                part.difference().map(Rounded::signed)?
            ))
        });
        Largest {
            parts: told.collect(),
            most: together * 2 >= whole && together <= whole,
        }
    }

    /// By country, in words.
    pub(in super::super) fn countries(&self, each: &Move<'_>) -> String {
        self.main(&self.by_country, each, countries::in_sentence)
            .parts
            .join(", ")
    }

    /// By point, in words.
    pub(in super::super) fn points(&self, each: &Move<'a>) -> String {
        self.main(&self.by_point, &self.at_both(each.port), ToOwned::to_owned)
            .parts
            .join(", ")
    }
}

/// The largest parts of a change.
#[derive(Default)]
struct Largest {
    parts: Vec<String>,
    /// Whether they make up half of it or more. Not so if they are more than all of it, as others moved the other way.
    most: bool,
}

impl Largest {
    fn phrase(&self) -> Option<String> {
        let what = if self.most {
            "most of it"
        } else {
            "the largest parts:"
        };
        (!self.parts.is_empty()).then(|| format!("{what} {}", enumeration(&self.parts)))
    }
}

fn rate1(counted: Counted) -> String {
    per_point_day(counted.figure, counted.valid_seconds, 1)
        .map_or_else(|| "–".to_owned(), |rate| rate.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One point, one day in each month.
    fn phrase(parts: &[(&'static str, i64, i64)]) -> String {
        let totals = |month: &str| Totals {
            month: month.parse().unwrap(),
            accesses: 0,
            sources: 0,
            points: 1,
            valid_seconds: 86_400,
            lower_bound_days: 0,
        };
        let (now, before) = (totals("2011-07"), totals("2011-06"));
        let each = Move {
            port: "22/tcp",
            now: now.counted(parts.iter().map(|(_, now, _)| now).sum()),
            before: before.counted(parts.iter().map(|(_, _, before)| before).sum()),
        };
        let parts = parts
            .iter()
            .map(|(name, now, before)| (*name, (*now, *before)));
        let causes = Causes {
            now,
            before: Some(before),
            by_country: [("22/tcp", parts.collect())].into(),
            both: BTreeMap::new(),
            by_point: BTreeMap::new(),
        };
        let main = causes.main(&causes.by_country, &each, ToOwned::to_owned);
        main.phrase().unwrap()
    }

    #[test]
    fn most_of_it_is_said_of_half_up_to_all() {
        // Of 10 more all; then 3 of 10; then 30, as another fell by 20.
        assert_eq!(
            phrase(&[("CN", 5, 0), ("US", 3, 0), ("JP", 2, 0)]),
            "most of it CN (+5.0), US (+3.0) and JP (+2.0)"
        );
        let ten = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J"].map(|name| (name, 1, 0));
        assert_eq!(
            phrase(&ten),
            "the largest parts: A (+1.0), B (+1.0) and C (+1.0)"
        );
        assert_eq!(
            phrase(&[("CN", 30, 0), ("US", 0, 20)]),
            "the largest parts: CN (+30.0)"
        );
    }
}
