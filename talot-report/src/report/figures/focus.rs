//! The ports in focus.

use super::super::{
    draft::{Draft, count, percent, table, text},
    model::{Axis, Block, Chart, Hue, Plot, Series},
    study::{Study, Thing},
};
use super::days::{ACCESSES, ByDay, Days};
use crate::{
    rounding::{Rounded, share},
    words::{self, Words},
};

impl Study<'_> {
    /// Figure 2.1.1: the ports in focus by source country.
    pub(in super::super) fn focus_by_country(&self) -> Block {
        let rows: Vec<_> = self.answers.rows("2.1.1").collect();
        let (first, rest) = rows.split_at(rows.len().min(10));
        let names: Vec<_> = first.iter().map(|row| row.text("country")).collect();
        let hues = self.hues(Thing::Country, &names);
        let mut parts: Vec<_> = first
            .iter()
            .zip(hues)
            .map(|(row, hue)| {
                let name = Thing::Country.name(row.text("country"));
                (name, hue, row.count("accesses"), false)
            })
            .collect();
        if !rest.is_empty() {
            let figure = rest.iter().map(|row| row.count("accesses")).sum();
            let name = format!("Other countries ({})", rest.len());
            parts.push((name, Hue::Other, figure, true));
        }
        let title = format!(
            "Accesses to {} by source country, {}, {}",
            words::enumeration(self.focus),
            self.month.name(),
            self.at_points()
        );
        self.parts("2.1.1", "Country", ACCESSES, title, &parts, Vec::new())
    }

    /// Figure 2.1.2: the ports in focus by day.
    pub(in super::super) fn focus_by_day(&self) -> Block {
        let by_day = ByDay::of(self.answers.rows("2.1.2"), Thing::Port, ACCESSES);
        let title = format!(
            "Accesses to {} by day, {}, {}",
            words::enumeration(self.focus),
            self.month.name(),
            self.at_points()
        );
        let days = self.all_days();
        let mut draft = self.stacked("2.1.2", &by_day, &days, Thing::Port, ACCESSES, title);
        if let Some(Chart::StackedBars(plot)) = draft.chart {
            draft.chart = Some(Chart::Lines(plot));
        }
        self.figure(draft)
    }

    /// Figure 1-3: one port at one point, by day and country.
    pub(in super::super) fn spot(&self) -> Option<Block> {
        let first = self.answers.rows("1-3").next()?;
        let (port, point) = (first.text("port"), first.text("point"));
        let mut totals = std::collections::BTreeMap::<&str, i64>::new();
        let counted = || {
            let rows = self.answers.rows("1-3");
            rows.filter(|row| !row.text("country").is_empty())
        };
        for row in counted() {
            *totals.entry(row.text("country")).or_default() += row.count("accesses");
        }
        let mut names: Vec<_> = totals
            .iter()
            .map(|(name, figure)| (-figure, *name))
            .collect();
        names.sort_unstable();
        let mut by_day = ByDay {
            names: names.iter().take(10).map(|(_, name)| *name).collect(),
            counted: std::collections::BTreeMap::new(),
        };
        for row in counted() {
            let name = row.text("country");
            let name = if by_day.names.contains(&name) {
                name
            } else {
                super::super::study::OTHER
            };
            if let Some(date) = row.date("date") {
                *by_day.counted.entry((date, name)).or_default() += row.count("accesses");
            }
        }
        if names.len() > by_day.names.len() {
            by_day.names.push(super::super::study::OTHER);
        }
        let title = format!(
            "Accesses to {port} at one monitoring point ({point}), by day and source country, {}",
            self.month.name()
        );
        let of_point: std::collections::BTreeSet<_> = self
            .answers
            .rows("1-3")
            .filter_map(|row| row.date("date"))
            .collect();
        let days = self.watched().into_keys();
        let days = Days {
            watched: days.map(|date| (date, of_point.contains(&date))).collect(),
            absent: Box::new(|date| self.absent_at(date, point)),
        };
        let mut draft = self.stacked("1-3", &by_day, &days, Thing::Country, ACCESSES, title);
        draft.notes.clear();
        let port = (self.focus.len() > 1)
            .then_some("Of the ports in focus it is the one that the fewest points saw");
        let point = (self.now().points > 1).then_some("the point is the one that saw most of it");
        let said: Vec<_> = [port, point].into_iter().flatten().collect();
        if !said.is_empty() {
            let note = words::capital(&format!("{}.", said.join("; ")));
            draft.notes.push(Words::new(note).done());
        }
        Some(self.figure(draft))
    }

    /// Figure `knocks`: how often a single source knocks.
    pub(in super::super) fn knocks(&self) -> Block {
        const STEPS: [(&str, &str); 4] = [
            ("once", "once"),
            ("to_9_times", "2 to 9 times"),
            ("to_99_times", "10 to 99 times"),
            ("more_often", "100 times or more"),
        ];
        let rows: Vec<_> = self.answers.rows("knocks").collect();
        let part =
            |row: &crate::answers::Row<'_>, column| share(row.count(column), row.count("sources"));
        let series = STEPS
            .iter()
            .enumerate()
            .map(|(place, (column, name))| Series {
                name: (*name).to_owned(),
                hue: Hue::Ranked(place),
                values: rows
                    .iter()
                    .map(|row| part(row, *column).map(Rounded::value))
                    .collect(),
            });
        let cells = rows.iter().map(|row| {
            let mut cells = vec![text(row.text("port")), count(row.count("sources"))];
            cells.extend(STEPS.iter().map(|(column, _)| percent(part(row, *column))));
            cells.push(count(row.count("most")));
            cells
        });
        let title = format!(
            "How often a single source knocks at {} on one day, {}",
            words::enumeration(self.focus),
            self.month.name()
        );
        let alternative: Vec<_> = rows
            .iter()
            .map(|row| {
                let once = percent(part(row, "once")).text;
                let most = words::counted(row.count("most"), "time", "times");
                format!(
                    "{}: {once} of the sources once, the busiest {most}",
                    row.text("port")
                )
            })
            .collect();
        self.figure(Draft {
            id: "knocks",
            unit: "% of sources".to_owned(),
            alternative: alternative.join("; "),
            chart: (!rows.is_empty()).then(|| {
                Chart::Shares(Plot {
                    x: Axis {
                        title: "Port type".to_owned(),
                    },
                    y: Axis {
                        title: "% of sources".to_owned(),
                    },
                    categories: rows.iter().map(|row| row.text("port").to_owned()).collect(),
                    series: series.collect(),
                    shaded: Vec::new(),
                })
            }),
            table: table(
                title.clone(),
                &[
                    "Port type",
                    "#Sources",
                    "#Once",
                    "#2 to 9 times",
                    "#10 to 99 times",
                    "#100 times or more",
                    "#Most by one source",
                ],
                cells.collect(),
            ),
            title,
            notes: {
                let mut notes = self.of_plain_sources();
                notes.extend(self.lower_bound_note());
                notes
            },
        })
    }
}
