//! Upright bars side by side, over days or months.

use maud::html;

use super::canvas::{Area, Drawing, Layout, decimals, label, number, values};
use super::legend::{self, Entry, Swatch};
use super::scale::{Scale, f64_of};
use super::{axis, timeline};
use crate::report::model::Plot;

/// Draws the plot.
pub(crate) fn draw(plot: &Plot, layout: &Layout, id: &str) -> Drawing {
    let decimals = decimals(values(plot));
    let scale = Scale::up_to(values(plot).fold(0.0, f64::max), 5, decimals == 0);
    let entries: Vec<_> = plot
        .series
        .iter()
        .map(|series| Entry {
            name: &series.name,
            look: legend::look(series.hue),
        })
        .collect();
    let (legend, legend_height) = if entries.len() > 1 {
        legend::lines(&entries, Swatch::Fill, id, layout, 0.0)
    } else {
        (html! {}, 0.0)
    };
    let top = legend_height + 4.0 + axis::head(layout);
    let area = Area {
        left: axis::room(&scale, layout),
        top,
        right: layout.width - 2.0,
        bottom: top + if layout.is_narrow() { 200.0 } else { 260.0 },
    };
    let count = plot.categories.len();
    let group =
        (area.width() / f64_of(count.max(1)) * 0.8).min(30.0 * f64_of(entries.len().max(1)));
    let thickness = group / f64_of(entries.len().max(1));
    let place = |category: usize, order: usize, value: f64| {
        let left =
            timeline::centre(&area, count, category) - group / 2.0 + thickness * f64_of(order);
        Area {
            left,
            top: axis::height_of(value, &scale, &area),
            right: left + thickness * 0.94,
            bottom: area.bottom,
        }
    };
    let widest = values(plot)
        .map(|value| layout.bold(&number(value, decimals)))
        .fold(0.0, f64::max);
    let valued = widest <= thickness;
    let body = html! {
        @if entries.iter().any(|entry| entry.look.hatched) { (legend::hatching(id)) }
        (legend)
        (timeline::shaded(plot, &area))
        (axis::vertical(&plot.y.title, &scale, &area, layout))
        @for (order, (series, entry)) in plot.series.iter().zip(&entries).enumerate() {
            @for (category, value) in series.values.iter().enumerate() {
                @if let Some(value) = value {
                    @let bar = place(category, order, *value);
                    @let text = number(*value, decimals);
                    @let tooltip = format!("{}, {}: {text}", series.name, plot.categories[category]);
                    (legend::fill(id, &entry.look, &bar, &tooltip))
                    @if valued {
                        (label("value middle", (bar.left + bar.right) / 2.0, bar.top - 4.0, &text))
                    }
                }
            }
        }
        (timeline::draw(plot, &area, layout))
    };
    Drawing {
        height: area.bottom + timeline::room(plot, layout) + 4.0,
        body,
    }
}
