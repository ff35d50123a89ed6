//! Rows and columns, darker for more. Each cell says its number where there is room.

use maud::{Markup, html};

use super::canvas::{Drawing, Layout, label, n, number};
use super::scale::{Scale, f64_of};
use super::text;
use crate::report::model::Cell;

/// Up to which part of the scale a shade goes; a cell of 0 has none.
const SHADES: [f64; 5] = [0.05, 0.1, 0.2, 0.5, 1.0];
const HEIGHT: f64 = 24.0;

/// Draws the matrix; columns that do not fit go into further bands below.
pub(crate) fn draw(
    unit: &str,
    columns: &[String],
    rows: &[(String, Vec<Cell>)],
    layout: &Layout,
) -> Drawing {
    let names = layout
        .widest(rows.iter().map(|(name, _)| name.as_str()))
        .min(layout.width * 0.36);
    let area_left = names + 10.0;
    let room = layout.width - area_left - 1.0;
    let cells = || rows.iter().flat_map(|(_, cells)| cells);
    let widest = layout.widest(cells().map(|cell| cell.text.as_str())) + 6.0;
    let least = if widest * f64_of(columns.len()) <= room || !layout.is_narrow() {
        widest.max(20.0)
    } else {
        20.0
    };
    let in_band = columns_in_band(columns.len(), room, least);
    let width = (room / f64_of(in_band)).min(72.0);
    let sheet = Sheet {
        layout,
        scale: Scale::up_to(
            cells().filter_map(|cell| cell.value).fold(0.0, f64::max),
            5,
            true,
        ),
        left: area_left,
        width,
        written: widest <= width,
        upright: layout.widest(columns.iter().map(String::as_str)) + 6.0 > width,
    };
    let (key, key_height) = sheet.key(unit);
    let mut top = key_height;
    let mut bands = Vec::new();
    for first in (0..columns.len()).step_by(in_band) {
        let last = (first + in_band).min(columns.len());
        let (band, height) = sheet.band(columns, rows, first..last, top);
        bands.push(band);
        top += height;
    }
    Drawing {
        height: top,
        body: html! {
            (key)
            @for band in &bands { (band) }
        },
    }
}

/// As many as fit, evenly over the bands.
fn columns_in_band(columns: usize, room: f64, least: f64) -> usize {
    let fit = (1..=columns.max(1)).take_while(|count| f64_of(*count) * least <= room);
    let fit = fit.last().unwrap_or(1);
    columns.max(1).div_ceil(columns.max(1).div_ceil(fit))
}

struct Sheet<'a> {
    layout: &'a Layout,
    scale: Scale,
    left: f64,
    width: f64,
    /// Whether cells say their numbers.
    written: bool,
    /// Whether headings stand upright.
    upright: bool,
}

impl Sheet<'_> {
    fn band(
        &self,
        columns: &[String],
        rows: &[(String, Vec<Cell>)],
        band: std::ops::Range<usize>,
        top: f64,
    ) -> (Markup, f64) {
        let size = self.layout.size;
        let headings = columns[band.clone()].iter().map(String::as_str);
        let head = if self.upright {
            self.layout.widest(headings).min(110.0)
        } else {
            size
        } + 8.0;
        let markup = html! {
            @for (place, name) in columns[band.clone()].iter().enumerate() {
                (self.heading(name, self.left + self.width * (f64_of(place) + 0.5), top + head))
            }
            @for (line, (name, cells)) in rows.iter().enumerate() {
                @let y = top + head + HEIGHT * f64_of(line);
                @let short = text::ends(name, size, self.left - 8.0);
                (label("name end", self.left - 8.0, y + HEIGHT / 2.0 + size * 0.36, &short))
                @for (place, cell) in cells[band.clone()].iter().enumerate() {
                    @let tooltip = format!("{name}, {}: {}", columns[band.start + place], cell.text);
                    (self.cell(cell, self.left + self.width * f64_of(place), y, &tooltip))
                }
            }
        };
        (markup, head + HEIGHT * f64_of(rows.len()) + 12.0)
    }

    fn heading(&self, name: &str, x: f64, bottom: f64) -> Markup {
        let size = self.layout.size;
        html! {
            @if self.upright {
                g transform={ "translate(" (n(x + size * 0.36)) " " (n(bottom - 6.0)) ") rotate(-90)" } {
                    (label("name", 0.0, 0.0, &text::fitted(name, size, 110.0)))
                }
            } @else {
                (label("name middle", x, bottom - 6.0, name))
            }
        }
    }

    fn cell(&self, cell: &Cell, x: f64, y: f64, tooltip: &str) -> Markup {
        let class = self.shade(cell.value.unwrap_or(0.0));
        html! {
            rect class={ "cell " (class) } x=(n(x + 0.5)) y=(n(y + 0.5))
                width=(n(self.width - 1.0)) height=(n(HEIGHT - 1.0)) {
                @if !self.layout.is_narrow() { title { (tooltip) } }
            }
            @if self.written {
                @let baseline = y + HEIGHT / 2.0 + self.layout.size * 0.36;
                g class={ "in " (class) } {
                    (label("middle", x + self.width / 2.0, baseline, &cell.text))
                }
            }
        }
    }

    fn shade(&self, value: f64) -> &'static str {
        const CLASSES: [&str; 5] = ["d1", "d2", "d3", "d4", "d5"];
        if value <= 0.0 {
            return "d0";
        }
        let reaches = |part: &f64| value <= part * self.scale.end();
        CLASSES[SHADES.iter().position(reaches).unwrap_or(CLASSES.len() - 1)]
    }

    /// What the shades mean, above the matrix.
    fn key(&self, unit: &str) -> (Markup, f64) {
        let size = self.layout.size;
        let bounds: Vec<_> = SHADES.iter().map(|part| part * self.scale.end()).collect();
        let decimals = usize::from(bounds.iter().any(|bound| bound.fract() != 0.0));
        let texts: Vec<_> = bounds
            .iter()
            .map(|bound| format!("≤ {}", number(*bound, decimals)))
            .collect();
        let widest = self.layout.widest(texts.iter().map(String::as_str));
        let step = (widest + 14.0).min(self.layout.width / f64_of(SHADES.len()));
        let top = size + 8.0;
        let markup = html! {
            (label("axis-title", 0.0, size, unit))
            @for ((place, text), bound) in texts.iter().enumerate().zip(&bounds) {
                @let x = step * f64_of(place);
                rect class={ "cell " (self.shade(*bound)) } x=(n(x)) y=(n(top)) width=(n(step - 1.0))
                    height="10" {}
                (label("tick-label", x, top + 12.0 + size, text))
            }
        };
        (markup, top + 12.0 + size + 16.0)
    }
}
