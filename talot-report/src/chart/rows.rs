//! Lying bars, one row for each category: a breakdown of a whole, or groups to compare.

use maud::{Markup, html};

use super::canvas::{Area, Drawing, Layout, decimals, label, number, values};
use super::legend::{self, Entry, Look, Swatch};
use super::scale::{Scale, f64_of};
use super::{axis, text};
use crate::report::model::{Part, Plot};

/// A bar and what is written at its end.
struct Bar {
    look: Look,
    value: Option<f64>,
    text: String,
}

/// A whole and its parts, each with its share.
pub(crate) fn breakdown(unit: &str, parts: &[Part], layout: &Layout, id: &str) -> Drawing {
    let rows: Vec<_> = parts
        .iter()
        .map(|part| {
            let bar = Bar {
                look: legend::look(part.hue),
                value: part.cell.value,
                text: part.cell.text.clone(),
            };
            (part.name.as_str(), vec![bar])
        })
        .collect();
    draw(unit, &rows, &[], layout, id)
}

/// Groups of bars: as many in a row as there are series.
pub(crate) fn grouped(plot: &Plot, layout: &Layout, id: &str) -> Drawing {
    let decimals = decimals(values(plot));
    let rows: Vec<_> = plot
        .categories
        .iter()
        .enumerate()
        .map(|(place, name)| {
            let bars = plot.series.iter().map(|series| {
                let value = series.values.get(place).copied().flatten();
                Bar {
                    look: legend::look(series.hue),
                    value,
                    text: value.map_or_else(|| "–".to_owned(), |value| number(value, decimals)),
                }
            });
            (name.as_str(), bars.collect())
        })
        .collect();
    let entries: Vec<_> = plot
        .series
        .iter()
        .map(|series| Entry {
            name: &series.name,
            look: legend::look(series.hue),
        })
        .collect();
    draw(&plot.y.title, &rows, &entries, layout, id)
}

fn draw(
    unit: &str,
    rows: &[(&str, Vec<Bar>)],
    entries: &[Entry<'_>],
    layout: &Layout,
    id: &str,
) -> Drawing {
    let (legend, top) = if entries.len() > 1 {
        let (legend, height) = legend::lines(entries, Swatch::Fill, id, layout, 0.0);
        (legend, height + 6.0)
    } else {
        (html! {}, 4.0)
    };
    let bars = || rows.iter().flat_map(|(_, bars)| bars);
    let names = layout
        .widest(rows.iter().map(|(name, _)| *name))
        .min(layout.width * 0.4);
    let texts = bars().map(|bar| layout.bold(&bar.text)).fold(0.0, f64::max);
    let thickness = if entries.len() > 1 {
        layout.size + 3.0
    } else {
        17.0
    };
    let most = rows.iter().map(|(_, bars)| bars.len()).max().unwrap_or(1);
    let pitch = thickness * f64_of(most) + if most > 1 { 10.0 } else { 7.0 };
    let left = names + 10.0;
    let area = Area {
        left,
        top,
        right: layout.width - texts - 12.0,
        bottom: top + pitch * f64_of(rows.len()),
    };
    let maximum = bars().filter_map(|bar| bar.value).fold(0.0, f64::max);
    let whole = decimals(bars().filter_map(|bar| bar.value)) == 0;
    let scale = Scale::up_to(maximum, axis::steps(area.width()), whole);
    let body = html! {
        @if bars().any(|bar| bar.look.hatched) { (legend::hatching(id)) }
        (legend)
        (axis::horizontal(unit, &scale, &area, layout))
        @for (place, (name, bars)) in rows.iter().enumerate() {
            @let row = Row {
                top: area.top + pitch * f64_of(place),
                pitch,
                thickness,
            };
            (row.draw(name, bars, &scale, &area, layout, id))
        }
        (axis::wall(&area))
    };
    Drawing {
        height: area.bottom + axis::foot(layout),
        body,
    }
}

struct Row {
    top: f64,
    pitch: f64,
    thickness: f64,
}

impl Row {
    fn draw(
        &self,
        name: &str,
        bars: &[Bar],
        scale: &Scale,
        area: &Area,
        layout: &Layout,
        id: &str,
    ) -> Markup {
        let middle = self.top + self.pitch / 2.0;
        let first = middle - self.thickness * f64_of(bars.len()) / 2.0;
        let short = text::fitted(name, layout.size, area.left - 8.0);
        html! {
            (label("name end", area.left - 8.0, middle + layout.size * 0.36, &short))
            @for (order, bar) in bars.iter().enumerate() {
                @let top = first + self.thickness * f64_of(order);
                @let end = axis::distance_of(bar.value.unwrap_or(0.0), scale, area);
                @let rectangle = Area {
                    left: area.left,
                    top: top + 0.5,
                    right: end,
                    bottom: top + self.thickness - 0.5,
                };
                (legend::fill(id, &bar.look, &rectangle, ""))
                @let y = top + self.thickness / 2.0 + layout.size * 0.36;
                (label("value", end + 5.0, y, &bar.text))
            }
        }
    }
}
