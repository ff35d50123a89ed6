//! Charts as SVG.
//!
//! Each figure is drawn twice, for a page and for a telephone, with text of the same size; the page's
//! style sheet shows one of the two, and gives the classes their colours in light and dark. What
//! colour tells, a dash, a marker, a hatching or a name beside it tells as well. Coordinates
//! have one decimal and come from the four basic operations: the same figure gives the same bytes.

mod axis;
mod bars;
mod boxes;
mod canvas;
mod labels;
mod legend;
mod lines;
mod matrix;
mod rows;
mod scale;
mod stacks;
mod text;
mod timeline;

use maud::{Markup, html};

use crate::report::model::{Chart, Figure};
use canvas::{Drawing, Layout};

/// The figure's chart as two SVG elements that stand within a page, `figure-<id>-wide` and
/// `figure-<id>-narrow`; nothing if it has none.
pub fn svg(figure: &Figure) -> Markup {
    html! {
        @if let Some(chart) = &figure.chart {
            @for layout in [Layout::WIDE, Layout::NARROW] {
                (element(figure, chart, &layout))
            }
        }
    }
}

fn element(figure: &Figure, chart: &Chart, layout: &Layout) -> Markup {
    let id = format!("figure-{}-{}", figure.id, layout.name);
    let Drawing { height, body } = draw(chart, layout, &id);
    canvas::element(
        &id,
        layout,
        height,
        &format!("{}: {}", figure.label, figure.title),
        &figure.alternative,
        &body,
    )
}

fn draw(chart: &Chart, layout: &Layout, id: &str) -> Drawing {
    match chart {
        Chart::Lines(plot) => lines::draw(plot, layout),
        Chart::GroupedBars(plot) if timeline::is_time(&plot.categories) => {
            bars::draw(plot, layout, id)
        }
        Chart::GroupedBars(plot) => rows::grouped(plot, layout, id),
        Chart::StackedBars(plot) => stacks::days(plot, layout, id),
        Chart::Shares(plot) => stacks::shares(plot, layout, id),
        Chart::Breakdown { unit, parts } => rows::breakdown(unit, parts, layout, id),
        Chart::Matrix {
            unit,
            columns,
            rows,
        } => matrix::draw(unit, columns, rows, layout),
        Chart::Boxes { y, boxes } => boxes::draw(&y.title, boxes, layout),
    }
}

#[cfg(test)]
mod tests;
