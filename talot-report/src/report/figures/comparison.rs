//! This month against others.

use std::collections::BTreeMap;

use super::super::{
    draft::{self, Draft, count, maybe, moved, percent, rounded, table, text},
    model::{Axis, Block, Cell, Chart, Hue, Plot, Series},
    sections::Causes,
    study::{Study, Thing},
};
use crate::{
    answers::Row,
    rounding::{self, Counted, Rounded, change, difference, per_point_day, share},
    words::Words,
};

/// A port's rates, now and before.
#[derive(Clone, Debug)]
pub(in super::super) struct Move<'a> {
    pub(in super::super) port: &'a str,
    pub(in super::super) now: Counted,
    pub(in super::super) before: Counted,
}

impl Move<'_> {
    /// The difference of the rates, with one decimal.
    pub(in super::super) fn difference(&self) -> Option<Rounded> {
        difference(self.now, self.before, 1)
    }

    /// The same exactly, over a denominator that all ports share.
    pub(in super::super) fn exact(&self) -> i128 {
        self.now.beside(self.before) - self.before.beside(self.now)
    }
}

impl<'a> Study<'a> {
    /// The ports of figure 1-2.
    pub(in super::super) fn moves(&self) -> Vec<Move<'a>> {
        let answers = self.answers;
        let moves = answers.rows("1-2").map(|row| Move {
            port: row.text("port"),
            now: Counted {
                figure: row.count("accesses"),
                valid_seconds: row.count("valid_seconds"),
            },
            before: Counted {
                figure: row.count("accesses_before"),
                valid_seconds: row.count("valid_seconds_before"),
            },
        });
        moves.collect()
    }

    /// Figure 1-2: ports, this month against the last.
    pub(in super::super) fn ports_against_last_month(&self) -> Block {
        let moves = self.moves();
        let (now, before) = (self.month.name(), self.month_before().name());
        let rate = |counted: Counted| per_point_day(counted.figure, counted.valid_seconds, 1);
        let series = |name: &str, hue, side: fn(&Move<'_>) -> Counted| Series {
            name: name.to_owned(),
            hue,
            values: moves
                .iter()
                .map(|each| rate(side(each)).map(Rounded::value))
                .collect(),
        };
        let cells = |each: &Move<'_>| {
            vec![
                text(each.port),
                rounded(rate(each.now)),
                rounded(rate(each.before)),
                each.difference().map_or_else(
                    || text("–"),
                    |number| Cell {
                        text: number.signed(),
                        value: Some(number.value()),
                    },
                ),
                draft::change(change(each.now, each.before)),
                count(each.now.figure),
                count(each.before.figure),
            ]
        };
        let title = format!("Accesses by destination (port type), {now} against {before}");
        let told = moves.iter().take(5).map(|each| {
            format!(
                "{}: {}, before {}",
                each.port,
                rounded(rate(each.now)).text,
                rounded(rate(each.before)).text
            )
        });
        self.figure(Draft {
            id: "1-2",
            unit: "accesses per point and day".to_owned(),
            alternative: format!("Pairs of bars. {}.", told.collect::<Vec<_>>().join("; ")),
            chart: (!moves.is_empty()).then(|| Chart::GroupedBars(Plot {
                x: Axis { title: "Port type".to_owned() },
                y: Axis { title: "Accesses per point and day".to_owned() },
                categories: moves.iter().map(|each| each.port.to_owned()).collect(),
                series: vec![
                    series(&before, Hue::Before, |each| each.before),
                    series(&now, Hue::Now, |each| each.now),
                ],
                shaded: Vec::new(),
            })),
            table: table(
                title.clone(),
                &[
                    "Port type",
                    &format!("#{now}, per point and day"),
                    &format!("#{before}, per point and day"),
                    "#Change",
                    "#Change in per cent",
                    &format!("#Accesses, {now}"),
                    &format!("#Accesses, {before}"),
                ],
                moves.iter().map(cells).collect(),
            ),
            title,
            notes: vec![
                Words::new("The ten most accessed ports of each of the two months (or as many as there were), of all ports the three that rose most and the three that fell most, and the ports in focus.").done(),
            ],
        })
    }

    /// Figures `ports` and `countries`: places now, a month and a year ago.
    pub(in super::super) fn places(&self, id: &'static str, thing: Thing) -> Block {
        let now = self.now();
        let (before, year) = (self.totals(1), self.totals(12));
        let rate = |figure| Counted {
            figure,
            valid_seconds: now.valid_seconds,
        };
        let cells = |row: &Row<'_>| {
            let (place, accesses) = (row.count("place"), row.count("accesses"));
            let against = |then: Option<super::super::study::Totals>, column| {
                draft::change(
                    then.and_then(|then| change(rate(accesses), then.counted(row.count(column)))),
                )
            };
            let place_then = |then: Option<super::super::study::Totals>, column| match then {
                Some(_) => moved(place, row.integer(column)),
                None => text("–"),
            };
            let mut cells = vec![
                count(place),
                text(thing.name(row.text(thing.column()))),
                count(accesses),
                percent(share(accesses, now.accesses)),
                rounded(per_point_day(accesses, now.valid_seconds, 1)),
                against(before, "accesses_before"),
                place_then(before, "place_before"),
                against(year, "accesses_year_ago"),
                place_then(year, "place_year_ago"),
                count(row.count("sources")),
            ];
            if thing == Thing::Port {
                let points = row.count("points");
                let seen = row.integer("points_that_saw_it");
                cells.push(Cell {
                    text: format!("{} of {}", maybe(seen).text, rounding::count(points)),
                    value: seen.map(|seen| seen as f64),
                });
            }
            cells
        };
        let what = match thing {
            Thing::Port => "ports",
            Thing::Country => "source countries",
        };
        let title = format!(
            "The most active {what} of {}, and their places before",
            self.month.name()
        );
        let mut columns = vec![
            "#Place",
            thing.heading(),
            "#Accesses",
            "#Share",
            "#Per point and day",
            "#Against last month",
            "#Places moved",
            "#Against a year ago",
            "#Places moved in a year",
            "#Sources",
        ];
        if thing == Thing::Port {
            columns.push("#Points that saw it");
        }
        let rows: Vec<_> = self.answers.rows(id).map(|row| cells(&row)).collect();
        self.figure(Draft {
            id,
            unit: "accesses".to_owned(),
            alternative: String::new(),
            chart: None,
            table: table(title.clone(), &columns, rows),
            title,
            notes: if self.answers.rows(id).next().is_none() {
                Vec::new()
            } else {
                let words =
                    "Changes are of accesses per point and day. “new”: nothing was counted then.";
                let mut notes = vec![Words::new(words).done()];
                notes.extend(self.lower_bound_note());
                notes
            },
        })
    }

    /// Figure `rising`: ports against the 28 days before the month, and at how many points they rose.
    pub(in super::super) fn rising(&self) -> Block {
        let mut risers = self.risers();
        // If the weights of the points changed, the whole may rise though no point did.
        risers.retain(|riser| riser.all.exact() > 0 && riser.points_up > 0);
        risers.truncate(10);
        let month = self.month.name();
        let rate = |counted: Counted| per_point_day(counted.figure, counted.valid_seconds, 1);
        let series = |name: &str, hue, side: fn(&Riser<'_>) -> Counted| Series {
            name: name.to_owned(),
            hue,
            values: risers
                .iter()
                .map(|each| rate(side(each)).map(Rounded::value))
                .collect(),
        };
        let cells = |riser: &Riser<'_>| {
            vec![
                text(riser.all.port),
                rounded(rate(riser.all.now)),
                rounded(rate(riser.all.before)),
                draft::change(change(riser.all.now, riser.all.before)),
                Cell {
                    text: format!("{} of {}", riser.points_up, riser.points),
                    value: Some(riser.points_up as f64),
                },
                text(if riser.points_up == 1 {
                    "one point only"
                } else {
                    ""
                }),
            ]
        };
        let title = format!("Ports that rose in {month} against the 28 days before it");
        let compared = self.answers.rows("rising").next().is_some();
        let told = risers.iter().take(3).map(|riser| {
            format!(
                "{} at {} of {} points",
                riser.all.port, riser.points_up, riser.points
            )
        });
        let alternative = if risers.is_empty() {
            "No port rose.".to_owned()
        } else {
            format!(
                "Pairs of bars. Rose most: {}.",
                told.collect::<Vec<_>>().join("; ")
            )
        };
        self.figure(Draft {
            id: "rising",
            unit: "accesses per point and day".to_owned(),
            alternative,
            chart: (!risers.is_empty()).then(|| Chart::GroupedBars(Plot {
                x: Axis { title: "Port type".to_owned() },
                y: Axis { title: "Accesses per point and day".to_owned() },
                categories: risers.iter().map(|each| each.all.port.to_owned()).collect(),
                series: vec![
                    series("28 days before", Hue::Before, |each| each.all.before),
                    series(&month, Hue::Now, |each| each.all.now),
                ],
                shaded: Vec::new(),
            })),
            table: table(
                title.clone(),
                &["Port type", "#Now, per point and day", "#Before, per point and day", "#Change in per cent", "#Points where it rose", "Remark"],
                risers.iter().map(cells).collect(),
            ),
            title,
            notes: if !compared && self.now().accesses == 0 {
                vec![Words::new("No accesses were counted, so no port rose.").done()]
            } else if !compared {
                vec![Words::new("There is nothing to compare with: no point watched both in this month and in the 28 days before it.").done()]
            } else if risers.is_empty() {
                vec![Words::new("No port that is looked at rose over all points that watched in both. Looked at are the twenty most accessed ports of the month, the ten of the month before, of all ports the three that rose most against the month before, and those in focus.").done()]
            } else {
                vec![
                Words::new("A port rises at a point if its accesses per day there are more than in the 28 days before; points that did not watch then are left out. What rises at one point only may be an oddity of that point. Looked at are the twenty most accessed ports of the month, the ten of the month before, of all ports the three that rose most against the month before, and those in focus.").done(),
            ]},
        })
    }

    fn risers(&self) -> Vec<Riser<'a>> {
        let mut risers: BTreeMap<&str, Riser<'_>> = BTreeMap::new();
        for row in self.answers.rows("rising") {
            let now = Counted {
                figure: row.count("accesses"),
                valid_seconds: row.count("valid_seconds"),
            };
            let before = Counted {
                figure: row.count("accesses_baseline"),
                valid_seconds: row.count("baseline_valid_seconds"),
            };
            let port = row.text("port");
            let riser = risers.entry(port).or_insert_with(|| Riser {
                all: Move {
                    port,
                    now: Counted {
                        figure: 0,
                        valid_seconds: 0,
                    },
                    before: Counted {
                        figure: 0,
                        valid_seconds: 0,
                    },
                },
                points: 0,
                points_up: 0,
            });
            riser.all.now = riser.all.now.and(now);
            riser.all.before = riser.all.before.and(before);
            riser.points += 1;
            riser.points_up += i64::from(now.beside(before) > before.beside(now));
        }
        let mut risers: Vec<_> = risers.into_values().collect();
        risers.sort_by_key(|riser| (-riser.all.exact(), riser.all.port));
        risers
    }
}

/// A port against the 28 days before the month.
struct Riser<'a> {
    all: Move<'a>,
    points: i64,
    points_up: i64,
}

impl Study<'_> {
    /// Figure `causes`: where the ports of figure 1-2 fell and rose.
    pub(in super::super) fn causes_table<'a>(
        &self,
        causes: &Causes<'a>,
        moves: &[Move<'a>],
    ) -> Block {
        let other_points = causes.other_points().is_some();
        let signed = |number: Option<Rounded>| {
            number.map_or_else(
                || text("–"),
                |number| Cell {
                    text: number.signed(),
                    value: Some(number.value()),
                },
            )
        };
        let cells = |each: &Move<'a>| {
            let mut cells = vec![
                text(each.port),
                signed(each.difference()),
                text(causes.countries(each)),
                text(causes.points(each)),
            ];
            if other_points {
                let at_both = causes.at_both(each.port).difference();
                cells.insert(3, signed(at_both));
            }
            cells
        };
        let mut columns = vec![
            "Port type",
            "#Change",
            "Largest parts by source country",
            "Largest parts by point",
        ];
        if other_points {
            columns.insert(3, "#Change at the points of both months");
        }
        let title = format!(
            "Where accesses fell and rose, {} against {}",
            self.month.name(),
            self.month_before().name()
        );
        self.figure(Draft {
            id: "causes",
            unit: "accesses per point and day".to_owned(),
            alternative: String::new(),
            chart: None,
            table: table(
                title.clone(),
                &columns,
                moves.iter().map(cells).collect(),
            ),
            title,
            notes: if moves.is_empty() { Vec::new() } else { vec![
                Words::new("Changes per point and day; those of a point are its part in the average over the points that watched in both months. Countries and points that moved the other way are in the data.").done(),
            ]},
        })
    }
}
