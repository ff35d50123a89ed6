//! Scanners' marks and networks: from the table `sources`, where it is written as it is.

use super::super::{
    draft::{Draft, count, percent, table, text},
    model::{Axis, Block, Chart, Hue, Plot, Series},
    study::Study,
};
use super::{days::ACCESSES, plain::WITHOUT_SOURCE};
use crate::{
    answers::Row,
    rounding::{Rounded, share},
    words::Words,
};

impl Study<'_> {
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
}
