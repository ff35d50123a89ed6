//! Bars of series upon one another: absolute over days, or all of equal length over months.

use maud::{Markup, html};

use super::canvas::{Area, Drawing, Layout, decimals, label, n, number, values};
use super::legend::{self, Entry, Swatch};
use super::scale::{Scale, f64_of};
use super::{axis, text, timeline};
use crate::report::model::{Plot, Series};

/// A part of a bar.
struct Segment {
    category: usize,
    series: usize,
    value: f64,
    area: Area,
}

/// Stacked bars whose length is the sum.
pub(crate) fn days(plot: &Plot, layout: &Layout, id: &str) -> Drawing {
    let sums = (0..plot.categories.len()).map(|place| column(plot, place).map(|(_, v)| v).sum());
    let scale = Scale::up_to(sums.fold(0.0, f64::max), 5, decimals(values(plot)) == 0);
    stacked(plot, &scale, layout, id, false)
}

/// Bars of equal length: the values are per cent.
pub(crate) fn shares(plot: &Plot, layout: &Layout, id: &str) -> Drawing {
    stacked(plot, &Scale::per_cent(4), layout, id, true)
}

fn stacked(plot: &Plot, scale: &Scale, layout: &Layout, id: &str, shares: bool) -> Drawing {
    let entries: Vec<_> = plot.series.iter().map(entry).collect();
    let gutter = legend::gutter(&entries, Swatch::Fill, layout);
    let named = entries.len() > 1;
    let names_beside = named && gutter <= layout.width * 0.36 && (shares || !layout.is_narrow());
    let top = axis::head(layout);
    let area = Area {
        left: axis::room(scale, layout),
        top,
        right: layout.width - if names_beside { gutter } else { 2.0 },
        bottom: top + height(entries.len(), layout),
    };
    let segments = segments(
        plot,
        scale,
        &area,
        if shares && !layout.is_narrow() {
            0.72
        } else {
            0.84
        },
    );
    let below = area.bottom + timeline::room(plot, layout);
    let (names, names_height) = if names_beside {
        let places = middles(plot, scale, &area);
        let places: Vec<_> = entries.iter().copied().zip(places).collect();
        (
            legend::beside(&places, Swatch::Fill, id, layout, &area),
            0.0,
        )
    } else {
        let named = if named { &entries[..] } else { &[] };
        legend::lines(named, Swatch::Fill, id, layout, below + 4.0)
    };
    let body = html! {
        @if entries.iter().any(|entry| entry.look.hatched) { (legend::hatching(id)) }
        (timeline::shaded(plot, &area))
        (axis::vertical(&plot.y.title, scale, &area, layout))
        @for segment in &segments {
            @let look = &entries[segment.series].look;
            (legend::fill(id, look, &segment.area, &tooltip(plot, segment, shares, layout)))
            @if shares { (share(segment, look, layout)) }
        }
        (timeline::draw(plot, &area, layout))
        (names)
    };
    Drawing {
        height: below + names_height + 4.0,
        body,
    }
}

/// A single series needs less room.
fn height(series: usize, layout: &Layout) -> f64 {
    match (series, layout.is_narrow()) {
        (0 | 1, _) => 180.0,
        (_, true) => 300.0,
        (_, false) => 330.0,
    }
}

fn entry(series: &Series) -> Entry<'_> {
    Entry {
        name: &series.name,
        look: legend::look(series.hue),
    }
}

/// What there is at a category: the series and its value.
fn column(plot: &Plot, place: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
    plot.series
        .iter()
        .enumerate()
        .filter_map(move |(order, series)| {
            let value = series.values.get(place).copied().flatten()?;
            (value > 0.0).then_some((order, value))
        })
}

fn segments(plot: &Plot, scale: &Scale, area: &Area, thickness: f64) -> Vec<Segment> {
    let count = plot.categories.len();
    let half = area.width() / f64_of(count.max(1)) * thickness / 2.0;
    let half = half.min(34.0);
    let mut segments = Vec::new();
    for category in 0..count {
        let x = timeline::centre(area, count, category);
        let mut sum = 0.0;
        for (series, value) in column(plot, category) {
            let bottom = axis::height_of(sum, scale, area);
            sum += value;
            segments.push(Segment {
                category,
                series,
                value,
                area: Area {
                    left: x - half,
                    // Rounded shares may add up to a little more than the whole.
                    top: axis::height_of(sum.min(scale.end()), scale, area),
                    right: x + half,
                    bottom,
                },
            });
        }
    }
    segments
}

/// The share, in the middle of its segment if it fits.
fn share(segment: &Segment, look: &legend::Look, layout: &Layout) -> Markup {
    let size = layout.size - 1.5;
    let text = number(segment.value, 1);
    let Area {
        left,
        right,
        top,
        bottom,
    } = segment.area;
    let fits = bottom - top >= size + 2.0 && text::width(&text, size) <= right - left - 2.0;
    html! {
        @if fits {
            @let hatched = if look.hatched { " hatched" } else { "" };
            g class={ (look.class) " in" (hatched) } font-size=(n(size)) {
                (label("middle", (left + right) / 2.0, (top + bottom) / 2.0 + size * 0.36, &text))
            }
        }
    }
}

fn tooltip(plot: &Plot, segment: &Segment, shares: bool, layout: &Layout) -> String {
    if layout.is_narrow() {
        return String::new();
    }
    let value = number(segment.value, decimals(values(plot)));
    let unit = if shares { " %" } else { "" };
    let series = &plot.series[segment.series].name;
    format!(
        "{series}, {}: {value}{unit}",
        plot.categories[segment.category]
    )
}

/// The middle of each series' segment in the last bar that there is, also of those that it lacks.
fn middles(plot: &Plot, scale: &Scale, area: &Area) -> Vec<f64> {
    let value = |series: &Series, place: usize| series.values.get(place).copied().flatten();
    let is_there = |place: &usize| {
        plot.series
            .iter()
            .any(|series| value(series, *place).is_some())
    };
    let last = (0..plot.categories.len()).rev().find(is_there).unwrap_or(0);
    let mut sum = 0.0;
    let middle = |series| {
        let own = value(series, last).unwrap_or(0.0);
        sum += own;
        axis::height_of((sum - own / 2.0).min(scale.end()), scale, area)
    };
    plot.series.iter().map(middle).collect()
}
