//! Parts of the month's whole.

use super::super::{
    draft::{Draft, count, percent, table, text},
    model::{Block, Cell, Chart, Hue, Inline, Part},
    study::{OTHER, Study, Thing},
};
use super::days::Measure;
use crate::{rounding::share, words};

impl Study<'_> {
    /// Figures 2-3, 2-4, 2-6 and 2-8.
    pub(in super::super) fn shares(
        &self,
        id: &'static str,
        thing: Thing,
        measure: Measure,
    ) -> Block {
        let by = match thing {
            Thing::Port => "destination (port type)",
            Thing::Country => "source country",
        };
        let title = format!("{} by {by}, {}", measure.name, self.month.name());
        let notes = match measure.column {
            "sources" => self.lower_bound_note(),
            _ => Vec::new(),
        };
        self.breakdown(id, thing, measure, title, notes)
    }

    /// A whole in parts: rows with the columns of a thing and of a figure, in their order.
    pub(in super::super) fn breakdown(
        &self,
        id: &'static str,
        thing: Thing,
        measure: Measure,
        title: String,
        notes: Vec<Vec<Inline>>,
    ) -> Block {
        let rows = self.answers.rows(id);
        let parts: Vec<_> = rows
            .map(|row| (row.text(thing.column()), row.count(measure.column)))
            .collect();
        let names: Vec<_> = parts.iter().map(|(name, _)| *name).collect();
        let hues = self.hues(thing, &names);
        let parts: Vec<_> = parts
            .iter()
            .zip(hues)
            .map(|((name, figure), hue)| (thing.name(name), hue, *figure, *name == OTHER))
            .collect();
        self.parts(id, thing.heading(), measure, title, &parts, notes)
    }

    /// The same of parts that have their names.
    pub(super) fn parts(
        &self,
        id: &'static str,
        heading: &str,
        measure: Measure,
        title: String,
        parts: &[(String, Hue, i64, bool)],
        notes: Vec<Vec<Inline>>,
    ) -> Block {
        let whole: i64 = parts.iter().map(|(_, _, figure, _)| figure).sum();
        let measured = measure.name.to_lowercase();
        let cell = |figure| percent(share(figure, whole));
        let mut notes = notes;
        if whole == 0 {
            let words = format!("There is nothing to show: no {measured} were counted.");
            notes.push(words::Words::new(words).done());
        }
        let drawn = parts.iter().map(|(name, hue, figure, _)| Part {
            name: name.clone(),
            hue: *hue,
            cell: cell(*figure),
        });
        let mut rows: Vec<Vec<Cell>> = parts
            .iter()
            .map(|(name, _, figure, _)| vec![text(name), count(*figure), cell(*figure)])
            .collect();
        rows.push(vec![text("All"), count(whole), cell(whole)]);
        let first = parts.iter().filter(|(_, _, _, other)| !other).take(3);
        let first: Vec<_> = first
            .map(|(name, _, figure, _)| format!("{name} {}", cell(*figure).text))
            .collect();
        let alternative = if first.is_empty() {
            String::new()
        } else {
            format!(
                "Bars of shares of {measured}: first {}.",
                words::enumeration(&first)
            )
        };
        self.figure(Draft {
            id,
            unit: format!("% of {measured}"),
            alternative,
            chart: (whole > 0).then(|| Chart::Breakdown {
                unit: format!("% of {measured}"),
                parts: drawn.collect(),
            }),
            table: table(
                title.clone(),
                &[heading, &format!("#{}", measure.name), "#Share"],
                rows,
            ),
            title,
            notes,
        })
    }
}
