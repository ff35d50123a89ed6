//! Lines over days or months.

use maud::{Markup, html};

use super::canvas::{Area, Drawing, Layout, decimals, n, number, values};
use super::legend::{self, Entry, Swatch};
use super::scale::{Scale, f64_of};
use super::{axis, labels, timeline};
use crate::report::model::{Plot, Series};

/// Up to so many points in all, each carries its value.
const LABELLED: usize = 16;

/// Draws the plot.
pub(crate) fn draw(plot: &Plot, layout: &Layout) -> Drawing {
    let scale = Scale::up_to(
        values(plot).fold(0.0, f64::max),
        5,
        decimals(values(plot)) == 0,
    );
    let entries: Vec<_> = plot.series.iter().map(entry).collect();
    let named = entries.len() > 1;
    let labelled = values(plot).count() <= LABELLED && plot.series.len() <= 2;
    // A value above the highest point keeps clear of the axis' title.
    let top = axis::head(layout) + if labelled { layout.size } else { 0.0 };
    let gutter = if named && !layout.is_narrow() {
        legend::gutter(&entries, Swatch::Line, layout).min(layout.width * 0.36)
    } else {
        8.0
    };
    let area = Area {
        left: axis::room(&scale, layout),
        top,
        right: layout.width - gutter,
        bottom: top + height(plot, layout),
    };
    let below = area.bottom + timeline::room(plot, layout);
    let (legend, legend_height) = if named && layout.is_narrow() {
        legend::lines(&entries, Swatch::Line, "", layout, below + 4.0)
    } else {
        (beside(plot, &entries, &scale, &area, layout), 0.0)
    };
    let body = html! {
        (timeline::shaded(plot, &area))
        (axis::vertical_below(&plot.y.title, top - axis::head(layout), &scale, &area, layout))
        (timeline::draw(plot, &area, layout))
        @for order in (0..plot.series.len()).rev() {
            (line(plot, order, &scale, &area, layout))
        }
        @if labelled { (labels::draw(plot, &scale, &area, layout)) }
        @if named { (legend) }
    };
    Drawing {
        height: below + legend_height + 4.0,
        body,
    }
}

/// Many lines need room to be told apart.
fn height(plot: &Plot, layout: &Layout) -> f64 {
    let lines = f64_of(plot.series.len().min(10));
    if layout.is_narrow() {
        190.0 + 8.0 * lines
    } else {
        250.0 + 10.0 * lines
    }
}

fn entry(series: &Series) -> Entry<'_> {
    Entry {
        name: &series.name,
        look: legend::look(series.hue),
    }
}

fn beside(
    plot: &Plot,
    entries: &[Entry<'_>],
    scale: &Scale,
    area: &Area,
    layout: &Layout,
) -> Markup {
    let last = |series: &Series| series.values.iter().rev().find_map(|value| *value);
    let ends: Vec<_> = plot
        .series
        .iter()
        .zip(entries)
        .map(|(series, entry)| {
            (
                *entry,
                axis::height_of(last(series).unwrap_or(0.0), scale, area),
            )
        })
        .collect();
    legend::beside(&ends, Swatch::Line, "", layout, area)
}

fn line(plot: &Plot, order: usize, scale: &Scale, area: &Area, layout: &Layout) -> Markup {
    let series = &plot.series[order];
    let count = plot.categories.len();
    let look = legend::look(series.hue);
    let points: Vec<Option<(f64, f64)>> = (0..count)
        .map(|place| {
            let value = series.values.get(place).copied().flatten()?;
            Some((
                timeline::centre(area, count, place),
                axis::height_of(value, scale, area),
            ))
        })
        .collect();
    html! {
        g class=(look.class) {
            path class="line" d=(path(&points)) {}
            @for (x, y) in marked(order, &points) { (legend::marker(&look, x, y)) }
            @if !layout.is_narrow() { (tooltips(plot, series, &points)) }
        }
    }
}

/// A path with a gap wherever there is no value.
fn path(points: &[Option<(f64, f64)>]) -> String {
    let mut path = String::new();
    for run in points.split(Option::is_none) {
        let mut command = 'M';
        for (x, y) in run.iter().flatten() {
            path.push_str(&format!("{command}{} {}", n(*x), n(*y)));
            command = 'L';
        }
    }
    path
}

/// Where the line carries its marker: everywhere if there is room, else now and then, not where its
/// neighbour in the legend does, and wherever a point stands alone.
fn marked(order: usize, points: &[Option<(f64, f64)>]) -> Vec<(f64, f64)> {
    let every = points.len().div_ceil(12).max(1);
    let shift = order * 2 % every;
    let there = |place: usize| points.get(place).is_some_and(Option::is_some);
    let alone = |place: usize| !there(place.wrapping_sub(1)) && !there(place + 1);
    let chosen = |place: usize| place % every == shift || alone(place);
    let marked = points
        .iter()
        .enumerate()
        .filter(|(place, _)| chosen(*place));
    marked.filter_map(|(_, point)| *point).collect()
}

fn tooltips(plot: &Plot, series: &Series, points: &[Option<(f64, f64)>]) -> Markup {
    let decimals = decimals(values(plot));
    html! {
        @for ((point, category), value) in points.iter().zip(&plot.categories).zip(&series.values) {
            @if let (Some((x, y)), Some(value)) = (point, value) {
                circle class="hover" cx=(n(*x)) cy=(n(*y)) r="5" {
                    title { (series.name) ", " (category) ": " (number(*value, decimals)) }
                }
            }
        }
    }
}
