//! The sources more closely: addresses, from the table `sources` where it is written as it is.

use super::super::{
    draft::{Draft, count, percent, table, text},
    model::{Axis, Block, Chart, Hue, Inline, Plot, Series},
    study::Study,
};
use super::plain::WITHOUT_SOURCE;
use crate::{
    answers::Row,
    rounding::{Rounded, quotient, share},
    words::{self, Words},
};

impl Study<'_> {
    /// Figure `addresses`: distinct addresses beside sources.
    pub(in super::super) fn addresses(&self) -> Block {
        let days: Vec<_> = self
            .answers
            .rows("addresses")
            .filter(|row| row.date("date").is_some())
            .collect();
        let watched = self.watched();
        let of_day = |date, column| {
            let row = days.iter().find(|row| row.date("date") == Some(date));
            row.map(|row| row.count(column))
        };
        let series = |name: &str, hue, column| Series {
            name: name.to_owned(),
            hue,
            values: watched
                .keys()
                .map(|date| of_day(*date, column).map(|figure| figure as f64))
                .collect(),
        };
        let cells = |name: String, row: &Row<'_>| {
            vec![
                text(name),
                count(row.count("addresses")),
                count(row.count("sources")),
                count(row.count("accesses")),
            ]
        };
        let mut rows: Vec<_> = days
            .iter()
            .map(|row| cells(row.date("date").map_or_else(String::new, words::day), row))
            .collect();
        let whole = self
            .answers
            .rows("addresses")
            .find(|row| row.date("date").is_none());
        if let Some(whole) = &whole {
            rows.push(cells("Whole month".to_owned(), whole));
        }
        let title = format!(
            "Distinct addresses and sources, by day of {}",
            self.month.name()
        );
        let mut notes = vec![
            Words::new("A source counts once for each point, port type and day; a distinct address counts once, wherever and however often it is seen.").done(),
        ];
        notes.extend(self.of_plain_sources());
        notes.extend(self.lower_bound_note());
        self.figure(Draft {
            id: "addresses",
            unit: "addresses, sources".to_owned(),
            alternative: whole.map_or_else(String::new, |row| {
                format!(
                    "Lines by day. In the whole month {}, {}.",
                    words::counted(
                        row.count("addresses"),
                        "distinct address",
                        "distinct addresses"
                    ),
                    words::counted(row.count("sources"), "source", "sources")
                )
            }),
            chart: (!days.is_empty()).then(|| {
                Chart::Lines(Plot {
                    x: Axis {
                        title: format!("Day of {}", self.month.name()),
                    },
                    y: Axis {
                        title: "Per day".to_owned(),
                    },
                    categories: watched.keys().map(|date| date.day().to_string()).collect(),
                    series: vec![
                        series("Sources", Hue::Sources, "sources"),
                        series("Distinct addresses", Hue::Ranked(0), "addresses"),
                    ],
                    shaded: self.shaded(),
                })
            }),
            table: table(
                title.clone(),
                &["Day", "#Distinct addresses", "#Sources", "#Accesses"],
                rows,
            ),
            title,
            notes,
        })
    }

    /// Figure `concentration`: what the busiest addresses send.
    pub(in super::super) fn concentration(&self) -> Block {
        let row = self.answers.rows("concentration").next();
        let figure = |column: &str| row.as_ref().map_or(0, |row| row.count(column));
        let steps = [
            ("The busiest address".to_owned(), 1, "of_first"),
            (
                match figure("addresses").min(10) {
                    10 => "The ten busiest".to_owned(),
                    fewer => format!("The busiest (only {})", words::in_words(fewer)),
                },
                figure("addresses").min(10),
                "of_first_10",
            ),
            (
                "The busiest hundredth".to_owned(),
                figure("first_hundredth"),
                "of_first_hundredth",
            ),
            (
                "All addresses".to_owned(),
                figure("addresses"),
                "of_addresses",
            ),
        ];
        let part = |column| share(figure(column), figure("accesses"));
        let rows = steps.iter().map(|(name, addresses, column)| {
            vec![
                text(name),
                count(*addresses),
                count(figure(column)),
                percent(part(column)),
            ]
        });
        let mut rows: Vec<_> = rows.collect();
        if figure("without_source") > 0 {
            rows.push(vec![
                text(WITHOUT_SOURCE),
                text("–"),
                count(figure("without_source")),
                percent(part("without_source")),
            ]);
        }
        // Fewer than eleven addresses are all of the ten busiest.
        let drawn: Vec<_> = steps[..3]
            .iter()
            .filter(|(_, _, column)| *column != "of_first_10" || figure("addresses") > 10)
            .collect();
        let title = format!("Accesses of the busiest addresses, {}", self.month.name());
        self.figure(Draft {
            id: "concentration",
            unit: "% of accesses".to_owned(),
            alternative: format!(
                "Bars, shares of all accesses. {}.",
                drawn
                    .iter()
                    .map(|(name, _, column)| format!("{name}: {}", percent(part(column)).text))
                    .collect::<Vec<_>>()
                    .join("; ")
            ),
            chart: Some(Chart::GroupedBars(Plot {
                x: Axis {
                    title: "Addresses".to_owned(),
                },
                y: Axis {
                    title: "% of accesses".to_owned(),
                },
                categories: drawn.iter().map(|(name, ..)| name.clone()).collect(),
                series: vec![Series {
                    name: "Share of accesses".to_owned(),
                    hue: Hue::Accesses,
                    values: drawn
                        .iter()
                        .map(|(_, _, column)| part(column).map(Rounded::value))
                        .collect(),
                }],
                shaded: Vec::new(),
            })),
            table: table(
                title.clone(),
                &["Addresses", "#Number", "#Accesses", "#Share"],
                rows,
            ),
            title,
            notes: self.notes_of_sources(),
        })
    }

    /// Figures `returning` and `families`: addresses of two kinds.
    pub(in super::super) fn kinds(
        &self,
        id: &'static str,
        column: &'static str,
        heading: &str,
        title: String,
        mut notes: Vec<Vec<Inline>>,
    ) -> Block {
        let rows: Vec<_> = self.answers.rows(id).collect();
        let whole = |column: &str| rows.iter().map(|row| row.count(column)).sum::<i64>();
        let (addresses, accesses) = (whole("addresses"), whole("accesses"));
        let part = |row: &Row<'_>, of: &str, whole| {
            let has = of != "addresses" || row.text(column) != "without a source";
            has.then(|| share(row.count(of), whole)).flatten()
        };
        let name = |row: &Row<'_>| words::capital(row.text(column));
        let series = |name: &str, hue, column, whole| Series {
            name: name.to_owned(),
            hue,
            values: rows
                .iter()
                .map(|row| part(row, column, whole).map(Rounded::value))
                .collect(),
        };
        let cells = rows.iter().map(|row| {
            vec![
                text(name(row)),
                match row.text(column) {
                    "without a source" => text("–"),
                    _ => count(row.count("addresses")),
                },
                percent(part(row, "addresses", addresses)),
                count(row.count("accesses")),
                percent(part(row, "accesses", accesses)),
            ]
        });
        let told: Vec<_> = rows
            .iter()
            .map(|row| {
                let of_accesses = percent(part(row, "accesses", accesses)).text;
                part(row, "addresses", addresses).map_or_else(
                    || format!("{}: {of_accesses} of the accesses", name(row)),
                    |share| {
                        let of_addresses = percent(Some(share)).text;
                        format!(
                            "{}: {of_addresses} of the addresses, {of_accesses} of the accesses",
                            name(row)
                        )
                    },
                )
            })
            .collect();
        notes.extend(self.notes_of_sources());
        self.figure(Draft {
            id,
            unit: "% of addresses, % of accesses".to_owned(),
            alternative: format!("Bars. {}.", told.join("; ")),
            chart: (!rows.is_empty()).then(|| {
                Chart::GroupedBars(Plot {
                    x: Axis {
                        title: heading.to_owned(),
                    },
                    y: Axis {
                        title: "%".to_owned(),
                    },
                    categories: rows.iter().map(name).collect(),
                    series: vec![
                        series(
                            "% of distinct addresses",
                            Hue::Sources,
                            "addresses",
                            addresses,
                        ),
                        series("% of accesses", Hue::Accesses, "accesses", accesses),
                    ],
                    shaded: Vec::new(),
                })
            }),
            table: table(
                title.clone(),
                &[
                    heading,
                    "#Distinct addresses",
                    "#Share",
                    "#Accesses",
                    "#Share of accesses",
                ],
                cells.collect(),
            ),
            title,
            notes,
        })
    }

    /// How often an address was seen as a source, on average.
    pub(in super::super) fn sources_per_address(&self) -> Option<Rounded> {
        let whole = self
            .answers
            .rows("addresses")
            .find(|row| row.date("date").is_none())?;
        quotient(
            whole.count("sources").into(),
            whole.count("addresses").into(),
            1,
        )
    }
}
