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

    /// What the figures from `sources` are made from, if not from the whole month.
    pub(in super::super) fn plain_part(&self) -> Option<PlainPart> {
        let rows = || {
            self.answers
                .rows("forms")
                .filter(|row| row.count("ago") == 0)
        };
        let all: i64 = rows().map(|row| row.count("point_days")).sum();
        let plain: i64 = rows().map(|row| row.count("plain")).sum();
        let concentration = self.answers.rows("concentration").next();
        let accesses = concentration.map_or(0, |row| row.count("accesses"));
        (plain < all).then(|| PlainPart {
            days: format!(
                "{} of {} days of points",
                rounding::count(plain),
                rounding::count(all)
            ),
            accesses: shown(share(accesses, self.now().accesses)),
        })
    }

    /// In what other forms sources are written, this month (`ago` 0) or the one before.
    pub(in super::super) fn other_forms(&self, ago: i64) -> String {
        let rows = self.answers.rows("forms");
        let others = rows
            .filter(|row| row.count("ago") == ago && row.count("plain") < row.count("point_days"))
            .map(|row| match row.text("form") {
                "plain" => "plain but missing or refused".to_owned(),
                form => form.to_owned(),
            });
        words::enumeration(&others.collect::<Vec<_>>())
    }

    /// Of what part of the month the sources are written as they are; nothing if of all.
    pub(in super::super) fn of_plain_sources(&self) -> Vec<Vec<Inline>> {
        let said = self.plain_part().map(|PlainPart { days, accesses }| {
            format!(
                "Made from {days}, those whose sources are written as they are, with {accesses} % of the month’s accesses; the others are: {}.",
                self.other_forms(0)
            )
        });
        said.map(|said| Words::new(said).done())
            .into_iter()
            .collect()
    }

    /// What the figures from `sources` must say of their accesses.
    fn notes_of_sources(&self) -> Vec<Vec<Inline>> {
        let mut notes = self.of_plain_sources();
        let row = self.answers.rows("concentration").next();
        let without = row.map_or(0, |row| row.count("without_source"));
        if without > 0 {
            let words = format!(
                "{} found no room for {} (overflow): {} counted in the whole, and {} no address.",
                words::counted(without, "access", "accesses"),
                words::form(without, "its source", "their sources"),
                words::form(without, "it is", "they are"),
                words::form(without, "has", "have"),
            );
            notes.push(Words::new(words).done());
        }
        notes
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

    /// Figure `marks`: scanners' fingerprints, by port.
    pub(in super::super) fn marks(&self) -> Block {
        const MARKS: [&str; 3] = ["masscan", "mirai", "zmap"];
        let rows: Vec<_> = self.answers.rows("marks").collect();
        let marked = rows.iter().filter(|row| row.count("marked") > 0);
        let shown: Vec<_> = marked.take(10).collect();
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
        if rows.iter().any(|row| row.count("without_source") > 0) {
            notes.push(Words::new("Accesses that found no room for their source (overflow) have lost their marks too: the shares are at least these.").done());
        }
        if rows.is_empty() {
            notes.push(Words::new("There is nothing to show: no port that is looked at had accesses on these days.").done());
        } else if rows.iter().all(|row| row.count("marked") == 0) {
            notes.push(Words::new("No access to the ports that are looked at bore a mark.").done());
        } else {
            notes.push(Words::new("The chart has the most accessed of the ports with marks; the table has all that are looked at.").done());
        }
        notes.extend(self.of_plain_sources());
        let most = rows.iter().max_by(|one, other| {
            let marked = |row: &Row<'_>| part(row, "marked");
            marked(one).cmp(&marked(other))
        });
        self.figure(Draft {
            id: "marks",
            unit: "% of the port’s accesses".to_owned(),
            alternative: most.filter(|row| row.count("marked") > 0).map_or_else(
                String::new,
                |row| {
                    format!(
                        "Bars by port. Marked most: {} with {}.",
                        row.text("port"),
                        percent(part(row, "marked")).text
                    )
                },
            ),
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
        let first = rows.first();
        let whole = first.map_or(0, |row| row.count("all_accesses"));
        let without = first.map_or(0, |row| row.count("without_source"));
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
        let others = whole - shown - without;
        if others > 0 {
            parts.push(("Other networks".to_owned(), Hue::Other, others, true));
        }
        if without > 0 {
            parts.push((WITHOUT_SOURCE.to_owned(), Hue::Unknown, without, true));
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
            self.notes_of_sources(),
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

/// The part of a month whose sources are written as they are.
pub(in super::super) struct PlainPart {
    /// `281 of 282 days of points`.
    pub(in super::super) days: String,
    /// Its accesses, in per cent of all.
    pub(in super::super) accesses: String,
}

/// What the rest is called.
const WITHOUT_SOURCE: &str = "Without a source (overflow)";

/// A rounded number as text, or a dash.
pub(in super::super) fn shown(number: Option<Rounded>) -> String {
    rounded(number).text
}
