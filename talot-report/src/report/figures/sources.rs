//! The sources more closely: from the table `sources`, where it is written as it is.

use super::super::{
    draft::{Draft, count, percent, rounded, table, text},
    model::{Axis, Block, Chart, Hue, Inline, Plot, Series},
    study::Study,
};
use super::days::ACCESSES;
use crate::{
    answers::Row,
    rounding::{self, Rounded, quotient, share},
    words::{self, Words},
};

impl Study<'_> {
    /// Whether any addresses are written.
    pub(in super::super) fn has_addresses(&self) -> bool {
        let row = self.answers.rows("concentration").next();
        row.is_some_and(|row| row.count("addresses") > 0)
    }

    /// Of how many days of points the sources are written as they are; nothing if of all.
    pub(in super::super) fn of_plain_sources(&self) -> Vec<Vec<Inline>> {
        let rows = || {
            self.answers
                .rows("forms")
                .filter(|row| row.count("ago") == 0)
        };
        let all: i64 = rows().map(|row| row.count("point_days")).sum();
        let plain: i64 = rows().map(|row| row.count("plain")).sum();
        if plain == all {
            return Vec::new();
        }
        let forms: Vec<_> = rows()
            .filter(|row| row.count("plain") < row.count("point_days"))
            .map(|row| match row.text("form") {
                "plain" => "plain but missing or refused".to_owned(),
                form => form.to_owned(),
            })
            .collect();
        let (plain, all) = (rounding::count(plain), rounding::count(all));
        let forms = words::enumeration(&forms);
        let said = format!(
            "Made from {plain} of {all} days of points, those whose sources are written as they are; the others are: {forms}."
        );
        vec![Words::new(said).done()]
    }

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
        self.figure(Draft {
            id: "addresses",
            unit: "addresses, sources".to_owned(),
            alternative: whole.map_or_else(String::new, |row| {
                let (addresses, sources) = (rounding::count(row.count("addresses")), rounding::count(row.count("sources")));
                format!("Lines by day. In the whole month {addresses} distinct addresses, {sources} sources.")
            }),
            chart: (!days.is_empty()).then(|| Chart::Lines(Plot {
                x: Axis { title: format!("Day of {}", self.month.name()) },
                y: Axis { title: "Per day".to_owned() },
                categories: watched.keys().map(|date| date.day().to_string()).collect(),
                series: vec![
                    series("Sources", Hue::Sources, "sources"),
                    series("Distinct addresses", Hue::Ranked(0), "addresses"),
                ],
                shaded: self.shaded(),
            })),
            table: table(title.clone(), &["Day", "#Distinct addresses", "#Sources", "#Accesses"], rows),
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
                "The ten busiest".to_owned(),
                figure("addresses").min(10),
                "of_first_10",
            ),
            (
                "The busiest hundredth".to_owned(),
                figure("first_hundredth"),
                "of_first_hundredth",
            ),
            ("All".to_owned(), figure("addresses"), "accesses"),
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
        let title = format!("Accesses of the busiest addresses, {}", self.month.name());
        self.figure(Draft {
            id: "concentration",
            unit: "% of accesses".to_owned(),
            alternative: format!(
                "Bars. The busiest address sent {}, the ten busiest {}, the busiest hundredth {} of all accesses.",
                percent(part("of_first")).text,
                percent(part("of_first_10")).text,
                percent(part("of_first_hundredth")).text
            ),
            chart: Some(Chart::GroupedBars(Plot {
                x: Axis { title: "Addresses".to_owned() },
                y: Axis { title: "% of accesses".to_owned() },
                categories: steps[..3].iter().map(|(name, ..)| name.clone()).collect(),
                series: vec![Series {
                    name: "Share of accesses".to_owned(),
                    hue: Hue::Accesses,
                    values: steps[..3].iter().map(|(_, _, column)| part(column).map(Rounded::value)).collect(),
                }],
                shaded: Vec::new(),
            })),
            table: table(title.clone(), &["Addresses", "#Number", "#Accesses", "#Share"], rows.collect()),
            title,
            notes: self.of_plain_sources(),
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
        let part = |row: &Row<'_>, column: &str, whole| share(row.count(column), whole);
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
                count(row.count("addresses")),
                percent(part(row, "addresses", addresses)),
                count(row.count("accesses")),
                percent(part(row, "accesses", accesses)),
            ]
        });
        let told: Vec<_> = rows
            .iter()
            .map(|row| {
                format!(
                    "{}: {} of the addresses",
                    name(row),
                    percent(part(row, "addresses", addresses)).text
                )
            })
            .collect();
        notes.extend(self.of_plain_sources());
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

    /// Figure `marks`: scanners' fingerprints, by port.
    pub(in super::super) fn marks(&self) -> Block {
        const MARKS: [&str; 3] = ["masscan", "mirai", "zmap"];
        let rows: Vec<_> = self.answers.rows("marks").collect();
        let shown = &rows[..rows.len().min(10)];
        let part = |row: &Row<'_>, column| share(row.count(column), row.count("accesses"));
        let series = MARKS.iter().enumerate().map(|(place, mark)| Series {
            name: (*mark).to_owned(),
            hue: Hue::Ranked(place),
            values: shown
                .iter()
                .map(|row| part(row, *mark).map(Rounded::value))
                .collect(),
        });
        let cells = rows.iter().map(|row| {
            let mut cells = vec![text(row.text("port")), count(row.count("accesses"))];
            cells.extend(MARKS.iter().map(|mark| percent(part(row, *mark))));
            cells.push(percent(part(row, "marked")));
            cells
        });
        let title = format!(
            "Accesses that bear a scanner’s mark, by port, {}",
            self.month.name()
        );
        let mut notes = vec![
            Words::new("A mark is a fingerprint that a scanner leaves in its packets. It can be forged, and scanners that leave none are not seen. A packet may bear several.").done(),
        ];
        notes.extend(self.of_plain_sources());
        let most = rows.iter().max_by(|one, other| {
            let marked = |row: &Row<'_>| part(row, "marked");
            marked(one).cmp(&marked(other))
        });
        self.figure(Draft {
            id: "marks",
            unit: "% of the port’s accesses".to_owned(),
            alternative: most.map_or_else(String::new, |row| {
                format!(
                    "Bars by port. Marked most: {} with {}.",
                    row.text("port"),
                    percent(part(row, "marked")).text
                )
            }),
            chart: (!shown.is_empty()).then(|| {
                Chart::GroupedBars(Plot {
                    x: Axis {
                        title: "Port type".to_owned(),
                    },
                    y: Axis {
                        title: "% of the port’s accesses".to_owned(),
                    },
                    categories: shown
                        .iter()
                        .map(|row| row.text("port").to_owned())
                        .collect(),
                    series: series.collect(),
                    shaded: Vec::new(),
                })
            }),
            table: table(
                title.clone(),
                &[
                    "Port type",
                    "#Accesses",
                    "#masscan",
                    "#mirai",
                    "#zmap",
                    "#Any mark",
                ],
                cells.collect(),
            ),
            title,
            notes,
        })
    }

    /// Figure `networks`: the networks with most accesses.
    pub(in super::super) fn networks(&self) -> Block {
        let rows: Vec<_> = self.answers.rows("networks").collect();
        let name = |row: &Row<'_>| match (row.integer("asn"), row.text("as_name")) {
            (None, _) => "Unknown network".to_owned(),
            (Some(asn), "") => format!("AS{asn}"),
            (Some(asn), name) => format!("AS{asn} {name}"),
        };
        let whole: i64 = self
            .answers
            .rows("concentration")
            .map(|row| row.count("accesses"))
            .sum();
        let parts: Vec<_> = rows
            .iter()
            .take(10)
            .enumerate()
            .map(|(place, row)| {
                let hue = if row.integer("asn").is_some() {
                    Hue::Ranked(place)
                } else {
                    Hue::Unknown
                };
                (name(row), hue, row.count("accesses"), false)
            })
            .collect();
        let shown: i64 = parts.iter().map(|(_, _, figure, _)| figure).sum();
        let mut parts = parts;
        if whole > shown {
            parts.push(("Other networks".to_owned(), Hue::Other, whole - shown, true));
        }
        let title = format!(
            "Accesses by network (autonomous system), {}",
            self.month.name()
        );
        self.parts(
            "networks",
            "Network",
            ACCESSES,
            title,
            &parts,
            self.of_plain_sources(),
        )
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

/// A rounded number as text, or a dash.
pub(in super::super) fn shown(number: Option<Rounded>) -> String {
    rounded(number).text
}
