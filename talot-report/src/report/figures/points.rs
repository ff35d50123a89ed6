//! Point by point.

use std::collections::BTreeMap;

use super::super::{
    draft::{Draft, rounded, table, text},
    model::{Axis, Block, BoxPlot, Cell, Chart},
    study::Study,
};
use crate::{
    rounding::{self, Counted, Rounded, per_point_day, quartile},
    words::Words,
};

/// Rows of the matrix at most.
const SHOWN: usize = 40;

impl<'a> Study<'a> {
    /// Figure `points`: points and top ports as a matrix.
    pub(in super::super) fn points(&self) -> Block {
        let (ports, rates) = self.point_rates();
        let mut totals: BTreeMap<&str, Counted> = BTreeMap::new();
        for row in self.answers.rows("spread") {
            let counted = Counted {
                figure: row.count("accesses"),
                valid_seconds: row.count("valid_seconds"),
            };
            totals.insert(row.text("point"), counted);
        }
        let mut shown: Vec<_> = totals.keys().copied().collect();
        if shown.len() > SHOWN {
            let rate =
                |point: &str| totals[point].figure * rounding::DAY / totals[point].valid_seconds;
            shown.sort_by_key(|point| (-rate(point), *point));
            shown.truncate(SHOWN);
            shown.sort_unstable();
        }
        let cell = |counted: Option<&Counted>| {
            rounded(
                counted.and_then(|counted| per_point_day(counted.figure, counted.valid_seconds, 1)),
            )
        };
        let rows: Vec<(String, Vec<Cell>)> = shown
            .iter()
            .map(|point| {
                let cells = ports.iter().map(|port| cell(rates.get(&(*port, *point))));
                ((*point).to_owned(), cells.collect())
            })
            .collect();
        let table_rows = shown.iter().zip(&rows).map(|(point, (name, cells))| {
            let mut row = vec![text(name), cell(totals.get(point))];
            row.extend(cells.iter().cloned());
            row
        });
        let mut columns = vec!["Monitoring point".to_owned(), "#All ports".to_owned()];
        columns.extend(ports.iter().map(|port| format!("#{port}")));
        let columns: Vec<_> = columns.iter().map(String::as_str).collect();
        let title = format!(
            "Accesses per day at each point, by port, {}",
            self.month.name()
        );
        let mut notes = Vec::new();
        if totals.len() > shown.len() {
            let words = format!(
                "The {SHOWN} points with most accesses, of {}; all are in the data.",
                totals.len()
            );
            notes.push(Words::new(words).done());
        }
        let highest = rows
            .iter()
            .flat_map(|(point, cells)| {
                cells
                    .iter()
                    .zip(&ports)
                    .map(move |(cell, port)| (cell, port, point))
            })
            .max_by(|(one, ..), (other, ..)| one.value.partial_cmp(&other.value).expect("finite"));
        let alternative = highest.map_or_else(String::new, |(cell, port, point)| {
            format!(
                "A grid of points and ports; most: {} a day for {port} at {point}.",
                cell.text
            )
        });
        self.figure(Draft {
            id: "points",
            unit: "accesses per day".to_owned(),
            alternative,
            chart: (!ports.is_empty()).then(|| Chart::Matrix {
                unit: "accesses per day".to_owned(),
                columns: ports.iter().map(|port| (*port).to_owned()).collect(),
                rows: rows.clone(),
            }),
            table: table(title.clone(), &columns, table_rows.collect()),
            title,
            notes,
        })
    }

    /// Figure `spread`: median and quartiles over the points.
    pub(in super::super) fn spread(&self) -> Block {
        let mut groups: Vec<(String, Vec<Counted>)> = Vec::new();
        let all = self.answers.rows("spread").map(|row| Counted {
            figure: row.count("accesses"),
            valid_seconds: row.count("valid_seconds"),
        });
        groups.push(("All ports".to_owned(), all.collect()));
        let (ports, rates) = self.point_rates();
        for port in ports {
            let of_port = rates.iter().filter(|((name, _), _)| *name == port);
            groups.push((
                port.to_owned(),
                of_port.map(|(_, counted)| *counted).collect(),
            ));
        }
        for (_, rates) in &mut groups {
            rates.sort_by(|one, other| one.beside(*other).cmp(&other.beside(*one)));
        }
        let five = |rates: &[Counted]| [0, 1, 2, 3, 4].map(|quarters| quartile(rates, quarters));
        let boxes = groups.iter().map(|(name, rates)| {
            let [a, b, c, d, e] = five(rates).map(|number| number.map(Rounded::value));
            let five = (|| Some([a?, b?, c?, d?, e?]))();
            BoxPlot {
                name: name.clone(),
                five,
            }
        });
        let boxes: Vec<_> = boxes.collect();
        let rows = groups.iter().map(|(name, rates)| {
            let mut row = vec![text(name)];
            row.extend(five(rates).map(rounded));
            row
        });
        let title = format!(
            "How the points differ: accesses per day, {}",
            self.month.name()
        );
        let [low, _, middle, _, high] = five(&groups[0].1).map(|number| rounded(number).text);
        self.figure(Draft {
            id: "spread",
            unit: "accesses per day".to_owned(),
            alternative: format!(
                "Boxes over the points. All ports: from {low} to {high}, median {middle}."
            ),
            chart: Some(Chart::Boxes {
                y: Axis {
                    title: "Accesses per day at a point".to_owned(),
                },
                boxes,
            }),
            table: table(
                title.clone(),
                &[
                    "Port type",
                    "#Least",
                    "#Lower quartile",
                    "#Median",
                    "#Upper quartile",
                    "#Most",
                ],
                rows.collect(),
            ),
            title,
            notes: Vec::new(),
        })
    }

    /// The ports of figure `points` in order, and what each counted at each point.
    fn point_rates(&self) -> (Vec<&'a str>, BTreeMap<(&'a str, &'a str), Counted>) {
        let answers = self.answers;
        let mut ports = BTreeMap::new();
        let mut rates = BTreeMap::new();
        for row in answers.rows("points") {
            ports.insert(row.count("place"), row.text("port"));
            let counted = Counted {
                figure: row.count("accesses"),
                valid_seconds: row.count("valid_seconds"),
            };
            rates.insert((row.text("port"), row.text("point")), counted);
        }
        (ports.into_values().collect(), rates)
    }
}
