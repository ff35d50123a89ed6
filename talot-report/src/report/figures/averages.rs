//! Accesses and sources per point and day, month by month.

use std::collections::BTreeMap;

use super::super::{
    draft::{Draft, change, maybe, rounded, table, text},
    model::{Axis, Block, Cell, Chart, Hue, Plot, Series},
    study::Study,
};
use crate::{
    answers::Row,
    month::Month,
    rounding::{self, Counted, Rounded, per_point_day, point_days},
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
                rounded(rate(row.as_ref(), "sources")),
                counted("accesses"),
                counted("sources"),
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
            notes: Vec::new(),
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
                let both = this.zip(then);
                let mut row: Vec<Cell> = vec![text(measure), text(format!("{month} ({name})"))];
                row.extend([
                    rounded(rate(this)),
                    rounded(rate(then)),
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
            notes: Vec::new(),
        })
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
    per_point_day(row.count(column), row.count("valid_seconds"), 0)
}

fn in_words(months: &[(Month, Option<Row<'_>>)]) -> String {
    let told = months.iter().map(|(month, row)| {
        let rates = rate(row.as_ref(), "accesses").zip(rate(row.as_ref(), "sources"));
        rates.map_or_else(
            || format!("{}: no records", month.name()),
            |(accesses, sources)| {
                format!("{}: {accesses} accesses, {sources} sources", month.name())
            },
        )
    });
    format!("Lines by month. {}.", told.collect::<Vec<_>>().join("; "))
}
