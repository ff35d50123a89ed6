//! What was watched.

use super::super::{
    draft::{Draft, count, percent, rounded, table, text},
    model::{Axis, Block, Chart, Hue, Plot, Series, Table},
    study::Study,
};
use crate::{
    answers::Row,
    rounding::{DAY, per_point_day, point_days, quotient, share},
    words,
};

/// What may become of a point's day.
struct Kind {
    heading: &'static str,
    /// In the answer; none: what has no record.
    column: Option<&'static str>,
    is_always_told: bool,
    note: Option<&'static str>,
}

const fn kind(heading: &'static str, column: &'static str) -> Kind {
    Kind {
        heading,
        column: Some(column),
        is_always_told: false,
        note: None,
    }
}

const KINDS: [Kind; 8] = [
    Kind {
        is_always_told: true,
        ..kind("#Days expected", "days")
    },
    Kind {
        is_always_told: true,
        ..kind("#Full", "full_days")
    },
    kind("#Partial", "partial_days"),
    Kind {
        note: Some("Down: nothing was observed."),
        ..kind("#Down", "down_days")
    },
    kind("#Maintenance", "maintenance_days"),
    Kind {
        note: Some("Left out: by choice."),
        ..kind("#Left out", "left_out_days")
    },
    Kind {
        note: Some(
            "Refused: there is a record, but it cannot be trusted; the point may have watched, and nothing of that day counts.",
        ),
        ..kind("#Refused", "refused_days")
    },
    Kind {
        column: None,
        ..kind("#No record", "")
    },
];

impl Study<'_> {
    /// Figure `coverage`: each point's days. Of what may become of a day, what became of any.
    pub(in super::super) fn coverage(&self) -> Block {
        let rows: Vec<_> = self.answers.rows("coverage").collect();
        let days = |row: &Row<'_>, kind: &Kind| match kind.column {
            Some(column) => row.count(column),
            None => row.count("days") - row.count("recorded") - row.count("refused_days"),
        };
        let kinds = KINDS.iter().filter(|kind| {
            let any = rows.iter().any(|row| days(row, kind) > 0);
            any || kind.is_always_told
        });
        let kinds: Vec<_> = kinds.collect();
        let cells = |name: &str, rows: &[Row<'_>]| {
            let sum = |of: &dyn Fn(&Row<'_>) -> i64| rows.iter().map(of).sum::<i64>();
            let valid_seconds = sum(&|row| row.count("valid_seconds"));
            let expected = sum(&|row| row.count("days"));
            let mut cells = vec![text(name)];
            cells.extend(kinds.iter().map(|kind| count(sum(&|row| days(row, kind)))));
            cells.push(rounded(Some(point_days(valid_seconds))));
            cells.push(percent(share(valid_seconds, expected * DAY)));
            cells
        };
        let each = rows.iter().map(|row| cells(row.text("point"), &[*row]));
        let all = cells("All", &rows);
        let mut columns = vec!["Monitoring point"];
        columns.extend(kinds.iter().map(|kind| kind.heading));
        columns.extend(["#Valid point-days", "#Share"]);
        let title = format!("What the points watched, {}", self.month.name());
        let notes = kinds.iter().filter_map(|kind| kind.note);
        let notes = notes.collect::<Vec<_>>().join(" ");
        self.figure(Draft {
            id: "coverage",
            unit: "days".to_owned(),
            alternative: String::new(),
            chart: None,
            table: table(title.clone(), &columns, each.chain([all]).collect()),
            title,
            notes: match notes.as_str() {
                "" => Vec::new(),
                _ => vec![words::Words::new(notes).done()],
            },
        })
    }

    /// Figure `coverage-days`: the points that watched on each day.
    pub(in super::super) fn coverage_by_day(&self) -> Block {
        let rows: Vec<_> = self.answers.rows("coverage-days").collect();
        let watched = |row: &Row<'_>| quotient(row.count("valid_seconds").into(), DAY.into(), 2);
        let title = format!(
            "Monitoring points that watched, by day of {}",
            self.month.name()
        );
        let days = |row: &Row<'_>| row.date("date").map_or_else(String::new, words::day);
        let cells = rows.iter().map(|row| {
            vec![
                text(days(row)),
                count(row.count("points")),
                rounded(watched(row)),
                count(row.count("refused")),
            ]
        });
        let fewest = rows
            .iter()
            .map(|row| row.count("points"))
            .min()
            .unwrap_or(0);
        let most = rows
            .iter()
            .map(|row| row.count("points"))
            .max()
            .unwrap_or(0);
        self.figure(Draft {
            id: "coverage-days",
            unit: "points".to_owned(),
            alternative: if fewest == most {
                format!(
                    "Bars by day: {} on every day.",
                    words::many(most, "point", "points")
                )
            } else {
                format!("Bars by day: from {fewest} to {most} points.")
            },
            chart: Some(Chart::StackedBars(Plot {
                x: Axis {
                    title: format!("Day of {}", self.month.name()),
                },
                y: Axis {
                    title: "Points, by the share of the day".to_owned(),
                },
                categories: rows
                    .iter()
                    .map(|row| {
                        row.date("date")
                            .map_or_else(String::new, |date| date.day().to_string())
                    })
                    .collect(),
                series: vec![Series {
                    name: "Points".to_owned(),
                    hue: Hue::Accesses,
                    values: rows
                        .iter()
                        .map(|row| watched(row).map(crate::rounding::Rounded::value))
                        .collect(),
                }],
                shaded: self.shaded(),
            })),
            table: table(
                title.clone(),
                &["Day", "#Points", "#Valid point-days", "#Records refused"],
                cells.collect(),
            ),
            title,
            notes: Vec::new(),
        })
    }

    /// Figure `left-out`: the days of points that do not count, and why.
    pub(in super::super) fn left_out(&self) -> Option<Block> {
        let groups = self.left_out_groups();
        if groups.is_empty() {
            return None;
        }
        /// Beyond this many, the rest is in the data.
        const SHOWN: usize = 100;
        let mut rows = Vec::new();
        let mut more = 0;
        for group in &groups {
            for (points, dates) in &group.parts {
                if rows.len() == SHOWN {
                    more += 1;
                    continue;
                }
                let which = self.which_points(points, dates);
                rows.push(vec![
                    text(words::days(dates)),
                    text(which.unwrap_or_else(|| "all".to_owned())),
                    text(match group.status {
                        status @ ("maintenance" | "refused") => status,
                        _ => "left out",
                    }),
                    text(&group.reason),
                    count((points.len() * dates.len()) as i64),
                ]);
            }
        }
        if more > 0 {
            let mut last = vec![text(format!("… and {more} more in the data"))];
            last.extend([text(""), text(""), text(""), text("")]);
            rows.push(last);
        }
        let title = format!(
            "Days of points that are left out or refused, {}",
            self.month.name()
        );
        Some(self.figure(Draft {
            id: "left-out",
            unit: "days".to_owned(),
            alternative: String::new(),
            chart: None,
            table: table(
                title.clone(),
                &["Days", "Monitoring points", "Status", "Reason", "#Point-days"],
                rows,
            ),
            title,
            notes: vec![
                words::Words::new("Each point and day is in the data. Of the months before, which this one is compared with, only days that were left out by choice or refused are listed.")
                    .done(),
            ],
        }))
    }

    /// Figure `dispositions`: what became of every packet.
    pub(in super::super) fn dispositions(&self) -> Block {
        const WORDS: [(&str, &str); 9] = [
            ("access", "unsolicited: access"),
            ("backscatter", "unsolicited: backscatter"),
            ("stray", "unsolicited: stray"),
            (
                "solicited",
                "solicited: of conversations that the watched host began or answered",
            ),
            ("excluded", "excluded by a rule of the sensor"),
            ("elsewhere", "not to one of the point’s addresses"),
            ("link_control", "control of the local link"),
            ("malformed", "malformed"),
            ("non_ip", "neither IPv4 nor IPv6"),
        ];
        let row = self.answers.rows("dispositions").next();
        let figure = |column: &str| row.as_ref().map_or(0, |row| row.count(column));
        let seen = figure("seen");
        let valid = self.now().valid_seconds;
        let cells = |(column, words): (&str, &str)| {
            vec![
                text(column),
                text(words),
                count(figure(column)),
                percent(share(figure(column), seen)),
                rounded(per_point_day(figure(column), valid, 1)),
            ]
        };
        let mut rows: Vec<_> = WORDS.into_iter().map(cells).collect();
        rows.push(cells(("seen", "all that the points saw")));
        let title = format!("What became of every packet seen, {}", self.month.name());
        self.figure(Draft {
            id: "dispositions",
            unit: "packets".to_owned(),
            alternative: String::new(),
            chart: None,
            table: table(
                title.clone(),
                &[
                    "Disposition",
                    "Meaning",
                    "#Packets",
                    "#Share",
                    "#Per point and day",
                ],
                rows,
            ),
            title,
            notes: Vec::new(),
        })
    }

    /// Figure `databases`: who named countries and networks.
    pub(in super::super) fn databases(&self) -> Block {
        let named = |name: &str, date: Option<jiff::civil::Date>| match (name, date) {
            ("", _) => "none".to_owned(),
            (name, None) => format!("{name} (no date)"),
            (name, Some(date)) => format!("{name} ({})", words::day(date)),
        };
        let cells = |row: &Row<'_>| {
            vec![
                text(named(
                    row.text("country_database"),
                    row.date("country_database_date"),
                )),
                text(named(
                    row.text("asn_database"),
                    row.date("asn_database_date"),
                )),
                count(row.count("point_days")),
            ]
        };
        let rows = self
            .answers
            .rows("databases")
            .map(|row| cells(&row))
            .collect();
        let title = format!("Databases of countries and networks, {}", self.month.name());
        self.figure(Draft {
            id: "databases",
            unit: "days of points".to_owned(),
            alternative: String::new(),
            chart: None,
            table: table(
                title.clone(),
                &[
                    "Country database (its date)",
                    "Network database (its date)",
                    "#Days of points",
                ],
                rows,
            ),
            title,
            notes: Vec::new(),
        })
    }

    /// Figure `forms`: in what form sources are written.
    pub(in super::super) fn forms(&self) -> Block {
        let month = |row: &Row<'_>| match row.count("ago") {
            0 => self.month.name(),
            _ => self.month_before().name(),
        };
        let cells = |row: &Row<'_>| {
            vec![
                text(month(row)),
                text(row.text("form")),
                count(row.count("point_days")),
                count(row.count("plain")),
            ]
        };
        let rows = self.answers.rows("forms").map(|row| cells(&row)).collect();
        let title = format!("In what form sources are written, {}", self.month.name());
        self.figure(Draft {
            id: "forms",
            unit: "days of points".to_owned(),
            alternative: String::new(),
            chart: None,
            table: table(
                title.clone(),
                &["Month", "Form", "#Days of points", "#Of use as they are"],
                rows,
            ),
            title,
            notes: Vec::new(),
        })
    }

    /// Files that were refused, not read, or read without a hash.
    pub(in super::super) fn problems(&self) -> Option<Table> {
        /// Beyond this many, the rest is counted.
        const SHOWN: usize = 50;
        let cells = |problem: &crate::records::Problem| {
            vec![
                text(&problem.file),
                text(&problem.what),
                text(problem.consequence.to_string()),
            ]
        };
        let mut rows: Vec<_> = self.problems.iter().take(SHOWN).map(cells).collect();
        if self.problems.len() > SHOWN {
            let more = self.problems.len() - SHOWN;
            rows.push(vec![text(format!("… and {more} more")), text(""), text("")]);
        }
        let columns = ["File", "What is wrong", "What follows"];
        (!rows.is_empty()).then(|| {
            table(
                "Files of the records that were not as they should be",
                &columns,
                rows,
            )
        })
    }
}
