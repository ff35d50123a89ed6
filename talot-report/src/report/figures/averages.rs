//! Accesses and sources per point and day, month by month.

use std::collections::BTreeMap;

use super::super::{
    draft::{Draft, change, maybe, rounded, table, text},
    model::{Axis, Block, Cell, Chart, Hue, Inline, Plot, Series},
    study::Study,
};
use crate::{
    answers::Row,
    month::Month,
    rounding::{self, Counted, Rounded, average, per_point_day, point_days},
    words::{self, Words},
};

impl Study<'_> {
    /// Figures 1-1, 2.2.1 and 2.2.2.
    pub(in super::super) fn averages(&self, id: &'static str) -> Block {
        let months = self.months(id);
        let span = match (months.first(), months.last()) {
            (Some((first, _)), Some((last, _))) if first != last => {
                format!("{} to {}", first.name(), last.name())
            }
            _ => self.month.name(),
        };
        let series = |name: &str, hue, column| Series {
            name: name.to_owned(),
            hue,
            values: months
                .iter()
                .map(|(_, row)| rate(row.as_ref(), column).map(Rounded::value))
                .collect(),
        };
        let cells = |(month, row): &(Month, Option<Row<'_>>)| {
            let counted = |column| maybe(row.as_ref().map(|row| row.count(column)));
            vec![
                text(month.name()),
                rounded(rate(row.as_ref(), "accesses")),
                at_least(row.as_ref(), rounded(rate(row.as_ref(), "sources"))),
                counted("accesses"),
                at_least(row.as_ref(), counted("sources")),
                rounded(
                    row.as_ref()
                        .map(|row| point_days(row.count("valid_seconds"))),
                ),
            ]
        };
        let unit = "per point and day";
        self.figure(Draft {
            id,
            title: format!("Unsolicited accesses and sources {unit}, {span}"),
            unit: format!("accesses and sources {unit}"),
            alternative: in_words(&months),
            chart: Some(Chart::Lines(Plot {
                x: Axis {
                    title: "Month".to_owned(),
                },
                y: Axis {
                    title: "Per point and day".to_owned(),
                },
                categories: months.iter().map(|(month, _)| month.short_name()).collect(),
                series: vec![
                    series("Accesses", Hue::Accesses, "accesses"),
                    series("Sources", Hue::Sources, "sources"),
                ],
                shaded: Vec::new(),
            })),
            table: table(
                format!("Accesses and sources by month, {span}"),
                &[
                    "Month",
                    "#Accesses per point and day",
                    "#Sources per point and day",
                    "#Accesses",
                    "#Sources",
                    "#Valid point-days",
                ],
                months.iter().map(cells).collect(),
            ),
            notes: lower_bounds(months.iter().filter_map(|(_, row)| row.as_ref())),
        })
    }

    /// The months from the first of an answer to that of the report, with their rows; a month without records has none.
    fn months(&self, id: &str) -> Vec<(Month, Option<Row<'_>>)> {
        let rows: BTreeMap<Month, Row<'_>> = self
            .answers
            .rows(id)
            .map(|row| (row.text("month").parse().expect("a month"), row))
            .collect();
        let first = rows
            .keys()
            .next()
            .map_or(0, |first| first.months_before(self.month));
        let months = (0..=first).rev().filter_map(|ago| self.month.back(ago));
        months
            .map(|month| (month, rows.get(&month).copied()))
            .collect()
    }

    /// Figure `change`: the month against the month before and that of a year ago.
    pub(in super::super) fn change(&self) -> Block {
        let now = self.now();
        let mut rows = Vec::new();
        for (measure, figure) in [
            (
                "Accesses",
                Study::accesses as fn(&Self, i64) -> Option<Counted>,
            ),
            ("Sources", Study::sources),
        ] {
            let this = figure(self, 0);
            for (ago, name) in [(1, "the month before"), (12, "a year ago")] {
                let month = self.month.back(ago).map_or_else(String::new, Month::name);
                let then = figure(self, i64::from(ago));
                let rate = |counted: Option<Counted>| {
                    counted
                        .and_then(|counted| per_point_day(counted.figure, counted.valid_seconds, 1))
                };
                // Nobody knows by how much what was not counted changed.
                let bound = |ago| {
                    let totals = self.totals(ago).filter(|totals| totals.is_lower_bound());
                    totals.is_some() && measure == "Sources"
                };
                let told = |ago, counted| match rounded(rate(counted)) {
                    cell if bound(ago) => bounded(&cell),
                    cell => cell,
                };
                let known = !bound(0) && !bound(i64::from(ago));
                let both = this.zip(then).filter(|_| known);
                let mut row: Vec<Cell> = vec![text(measure), text(format!("{month} ({name})"))];
                row.extend([
                    told(0, this),
                    told(i64::from(ago), then),
                    both.and_then(|(now, then)| rounding::difference(now, then, 1))
                        .map_or_else(
                            || text("–"),
                            |number| Cell {
                                text: number.signed(),
                                value: Some(number.value()),
                            },
                        ),
                    change(both.and_then(|(now, then)| rounding::change(now, then))),
                ]);
                rows.push(row);
            }
        }
        let month = now.month.name();
        self.figure(Draft {
            id: "change",
            title: format!("{month} against the month before and the same month a year ago"),
            unit: "per point and day".to_owned(),
            alternative: String::new(),
            chart: None,
            table: table(
                format!("Changes of {month}, per point and day"),
                &[
                    "Measure",
                    "Compared with",
                    "#Now",
                    "#Then",
                    "#Change",
                    "#Change in per cent",
                ],
                rows,
            ),
            notes: lower_bounds(self.answers.rows("change").collect::<Vec<_>>().iter()),
        })
    }

    /// Which months of an answer have only a lower bound of sources.
    pub(in super::super) fn lower_bounds_of(&self, id: &str) -> Vec<Vec<Inline>> {
        let months = self.months(id).into_iter().filter(|(_, row)| {
            row.as_ref()
                .is_some_and(|row| row.count("lower_bound_days") > 0)
        });
        let months: Vec<_> = months.map(|(month, _)| month.name()).collect();
        if months.is_empty() {
            return Vec::new();
        }
        let words = format!(
            "Of {} more sources came than found room to be counted.",
            words::enumeration(&months)
        );
        vec![Words::new(words).done()]
    }

    fn accesses(&self, ago: i64) -> Option<Counted> {
        self.totals(ago).map(super::super::study::Totals::accesses)
    }

    fn sources(&self, ago: i64) -> Option<Counted> {
        self.totals(ago).map(super::super::study::Totals::sources)
    }
}

fn rate(row: Option<&Row<'_>>, column: &str) -> Option<Rounded> {
    let row = row?;
    average(Counted {
        figure: row.count(column),
        valid_seconds: row.count("valid_seconds"),
    })
}

/// A figure of sources, as a lower bound if it is one.
fn at_least(row: Option<&Row<'_>>, cell: Cell) -> Cell {
    let is_bound = row.is_some_and(|row| row.count("lower_bound_days") > 0);
    if is_bound { bounded(&cell) } else { cell }
}

fn bounded(cell: &Cell) -> Cell {
    Cell {
        text: format!("≥ {}", cell.text),
        value: cell.value,
    }
}

/// What `≥` means, where it occurs.
fn lower_bounds<'a>(mut rows: impl Iterator<Item = &'a Row<'a>>) -> Vec<Vec<Inline>> {
    let any = rows.any(|row| row.count("lower_bound_days") > 0);
    let words = "≥: at least so many sources, as some found no room to be counted.";
    any.then(|| Words::new(words).done()).into_iter().collect()
}

fn in_words(months: &[(Month, Option<Row<'_>>)]) -> String {
    let told = months.iter().map(|(month, row)| {
        let rates = rate(row.as_ref(), "accesses").zip(rate(row.as_ref(), "sources"));
        rates.map_or_else(
            || format!("{}: nothing that counts", month.name()),
            |(accesses, sources)| {
                format!(
                    "{}: {}, {}",
                    month.name(),
                    words::of(&accesses.to_string(), "access", "accesses"),
                    words::of(&sources.to_string(), "source", "sources")
                )
            },
        )
    });
    format!("Lines by month. {}.", told.collect::<Vec<_>>().join("; "))
}
