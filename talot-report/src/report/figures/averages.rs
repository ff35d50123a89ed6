//! Accesses and sources per point and day, month by month.

use super::super::{
    draft::{Draft, change, count, rounded, table, text},
    model::{Axis, Block, Cell, Chart, Hue, Plot, Series},
    study::Study,
};
use crate::{
    answers::Row,
    month::Month,
    rounding::{self, Counted, per_point_day, point_days},
};

impl Study<'_> {
    /// Figures 1-1, 2.2.1 and 2.2.2.
    pub(in super::super) fn averages(&self, id: &'static str) -> Block {
        let rows: Vec<_> = self.answers.rows(id).collect();
        let month = |row: &Row<'_>| row.text("month").parse::<Month>().expect("a month");
        let span = match (rows.first(), rows.last()) {
            (Some(first), Some(last)) if rows.len() > 1 => {
                format!("{} to {}", month(first).name(), month(last).name())
            }
            _ => self.month.name(),
        };
        let rate = |row: &Row<'_>, column| {
            per_point_day(row.count(column), row.count("valid_seconds"), 0)
        };
        let series = |name: &str, hue, column| Series {
            name: name.to_owned(),
            hue,
            values: rows
                .iter()
                .map(|row| rate(row, column).map(rounding::Rounded::value))
                .collect(),
        };
        let cells = |row: &Row<'_>| {
            vec![
                text(month(row).name()),
                rounded(rate(row, "accesses")),
                rounded(rate(row, "sources")),
                count(row.count("accesses")),
                count(row.count("sources")),
                rounded(Some(point_days(row.count("valid_seconds")))),
            ]
        };
        let unit = "per point and day";
        self.figure(Draft {
            id,
            title: format!("Unsolicited accesses and sources {unit}, {span}"),
            unit: format!("accesses and sources {unit}"),
            alternative: self.averages_in_words(&rows),
            chart: Some(Chart::Lines(Plot {
                x: Axis {
                    title: "Month".to_owned(),
                },
                y: Axis {
                    title: "Per point and day".to_owned(),
                },
                categories: rows.iter().map(|row| month(row).short_name()).collect(),
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
                rows.iter().map(cells).collect(),
            ),
            notes: Vec::new(),
        })
    }

    fn averages_in_words(&self, rows: &[Row<'_>]) -> String {
        let months = rows.iter().map(|row| {
            let rate = |column| {
                let rate = per_point_day(row.count(column), row.count("valid_seconds"), 0);
                rate.map_or_else(|| "unknown".to_owned(), |rate| rate.to_string())
            };
            format!("{}: {} accesses, {} sources", row.text("month"), rate("accesses"), rate("sources"))
        });
        format!("Lines by month. {}.", months.collect::<Vec<_>>().join("; "))
    }

    /// Figure `change`: the month against the month before and that of a year ago.
    pub(in super::super) fn change(&self) -> Block {
        let now = self.now();
        let mut rows = Vec::new();
        for (measure, figure) in [
            ("Accesses", Study::accesses as fn(&Self, i64) -> Option<Counted>),
            ("Sources", Study::sources),
        ] {
            let this = figure(self, 0);
            for (ago, name) in [(1, "the month before"), (12, "a year ago")] {
                let month = self.month.back(ago).map_or_else(String::new, Month::name);
                let then = figure(self, i64::from(ago));
                let rate = |counted: Option<Counted>| {
                    counted.and_then(|counted| per_point_day(counted.figure, counted.valid_seconds, 1))
                };
                let both = this.zip(then);
                let mut row: Vec<Cell> = vec![text(measure), text(format!("{month} ({name})"))];
                row.extend([
                    rounded(rate(this)),
                    rounded(rate(then)),
                    both.and_then(|(now, then)| rounding::difference(now, then, 1))
                        .map_or_else(|| text("–"), |number| Cell { text: number.signed(), value: Some(number.value()) }),
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
                &["Measure", "Compared with", "#Now", "#Then", "#Change", "#Change in per cent"],
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
