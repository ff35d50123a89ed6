//! Shares month by month, over six months.

use std::collections::BTreeMap;

use super::super::{
    draft::{Draft, percent, table, text},
    model::{Axis, Block, Chart, Plot, Series},
    study::{OTHER, Study, Thing},
};
use super::days::Measure;
use crate::{
    month::Month,
    rounding::{Rounded, share},
    words::Words,
};

impl Study<'_> {
    /// Months between the first and that of the report that are not there.
    fn missing_months(&self, there: &[Month]) -> Vec<String> {
        let first = there
            .first()
            .map_or(0, |first| first.months_before(self.month));
        let months = (0..first).rev().filter_map(|ago| self.month.back(ago));
        let missing = months.filter(|month| !there.contains(month));
        missing.map(Month::name).collect()
    }

    /// Figures 3-1 to 3-4.
    pub(in super::super) fn half_year(
        &self,
        id: &'static str,
        thing: Thing,
        measure: Measure,
    ) -> Block {
        let mut places = BTreeMap::new();
        let mut figures: BTreeMap<(Month, &str), i64> = BTreeMap::new();
        let mut wholes: BTreeMap<Month, i64> = BTreeMap::new();
        for row in self.answers.rows(id) {
            let month: Month = row.text("month").parse().expect("a month");
            let (name, figure) = (row.text(thing.column()), row.count(measure.column));
            places.insert(row.count("place"), name);
            *figures.entry((month, name)).or_default() += figure;
            *wholes.entry(month).or_default() += figure;
        }
        let names: Vec<_> = places.into_values().collect();
        let part = |month, name| {
            let figure = figures.get(&(month, name)).copied().unwrap_or(0);
            share(figure, wholes[&month])
        };
        let hues = self.hues(thing, &names);
        let series = names.iter().zip(hues).map(|(&name, hue)| Series {
            name: thing.name(name),
            hue,
            values: wholes
                .keys()
                .map(|&month| part(month, name).map(Rounded::value))
                .collect(),
        });
        let series: Vec<_> = series.collect();
        let mut columns = vec!["Month".to_owned()];
        columns.extend(names.iter().map(|name| format!("#{}", thing.name(name))));
        let columns: Vec<_> = columns.iter().map(String::as_str).collect();
        let rows = wholes.keys().map(|&month| {
            let mut row = vec![text(month.name())];
            row.extend(names.iter().map(|name| percent(part(month, name))));
            row
        });
        let by = match thing {
            Thing::Port => "destination (port type)",
            Thing::Country => "source country",
        };
        let span = match (wholes.keys().next(), wholes.keys().next_back()) {
            (Some(first), Some(last)) if first != last => {
                format!("{} to {}", first.name(), last.name())
            }
            _ => self.month.name(),
        };
        let mut notes = Vec::new();
        let missing = self.missing_months(&wholes.keys().copied().collect::<Vec<_>>());
        if !missing.is_empty() {
            let words = format!("Of {} no day counts.", crate::words::enumeration(&missing));
            notes.push(Words::new(words).done());
        }
        if measure.column == "sources" {
            notes.extend(self.lower_bounds_of("1-1"));
        }
        let measured = measure.name.to_lowercase();
        let title = format!("Shares of {measured} by {by}, {span}");
        let now: Vec<_> = names
            .iter()
            .filter(|name| **name != OTHER)
            .take(3)
            .filter_map(|name| {
                Some(format!(
                    "{} {} %",
                    thing.name(name),
                    wholes
                        .contains_key(&self.month)
                        .then(|| part(self.month, name))??
                ))
            })
            .collect();
        self.figure(Draft {
            id,
            unit: format!("% of {measured}"),
            alternative: if now.is_empty() {
                "Bars of shares by month.".to_owned()
            } else {
                format!(
                    "Bars of shares by month. In {}: {}.",
                    self.month.name(),
                    crate::words::enumeration(&now)
                )
            },
            chart: (!wholes.is_empty()).then(|| {
                Chart::Shares(Plot {
                    x: Axis {
                        title: "Month".to_owned(),
                    },
                    y: Axis {
                        title: format!("% of {measured}"),
                    },
                    categories: wholes.keys().map(|month| month.short_name()).collect(),
                    series,
                    shaded: Vec::new(),
                })
            }),
            table: table(title.clone(), &columns, rows.collect()),
            title,
            notes,
        })
    }
}
