//! What is unsolicited but no access.

use super::super::{
    draft::{Draft, count, table, text},
    model::{Axis, Block, Chart, Hue, Plot, Series},
    study::{Study, Thing},
};
use super::days::Measure;
use crate::{rounding, words};

const PACKETS: Measure = Measure {
    column: "packets",
    name: "Packets",
};

impl Study<'_> {
    /// Figure `backscatter`: by the service that sent it.
    pub(in super::super) fn backscatter(&self) -> Block {
        let title = format!(
            "Backscatter by the service that sent it, {}",
            self.month.name()
        );
        self.breakdown("backscatter", Thing::Port, PACKETS, title, Vec::new())
    }

    /// Figure `backscatter-days`: backscatter and strays by day.
    pub(in super::super) fn backscatter_by_day(&self) -> Block {
        let rows: Vec<_> = self.answers.rows("backscatter-days").collect();
        let watched = self.watched();
        let of_day = |date, column| {
            let row = rows.iter().find(|row| row.date("date") == Some(date));
            row.map(|row| row.count(column) as f64)
        };
        let series = |name: &str, hue, column| Series {
            name: name.to_owned(),
            hue,
            values: watched.keys().map(|date| of_day(*date, column)).collect(),
        };
        let cells = rows.iter().map(|row| {
            vec![
                text(row.date("date").map_or_else(String::new, words::day)),
                count(row.count("backscatter")),
                count(row.count("stray")),
            ]
        });
        let sum = |column: &str| rounding::count(rows.iter().map(|row| row.count(column)).sum());
        let title = format!(
            "Backscatter and strays by day, {}, {}",
            self.month.name(),
            self.at_points()
        );
        self.figure(Draft {
            id: "backscatter-days",
            unit: "packets per day".to_owned(),
            alternative: format!(
                "Lines by day. In the month {} packets of backscatter, {} strays.",
                sum("backscatter"),
                sum("stray")
            ),
            chart: Some(Chart::Lines(Plot {
                x: Axis {
                    title: format!("Day of {}", self.month.name()),
                },
                y: Axis {
                    title: "Packets per day".to_owned(),
                },
                categories: watched.keys().map(|date| date.day().to_string()).collect(),
                series: vec![
                    series("Backscatter", Hue::Ranked(0), "backscatter"),
                    series("Strays", Hue::Ranked(1), "stray"),
                ],
                shaded: self.shaded(),
            })),
            table: table(
                title.clone(),
                &["Day", "#Backscatter", "#Strays"],
                cells.collect(),
            ),
            title,
            notes: Vec::new(),
        })
    }
}
