//! A figure: caption, chart, notes, links to its data and query, and its data as a table.

use maud::{Markup, html};

use super::{section, table};
use crate::chart;
use crate::report::model::Figure;

/// The figure. Without a chart, its table stands open.
pub(crate) fn draw(figure: &Figure) -> Markup {
    let name = format!("{}: {}", figure.label, figure.table.caption);
    let rows = !figure.table.rows.is_empty();
    html! {
        figure id=(section::anchor(&figure.id)) {
            figcaption {
                span.number { (figure.label) } " " span.title { (figure.title) }
                @if figure.chart.is_none() && !figure.unit.is_empty() {
                    " " span.unit { "(" (figure.unit) ")" }
                }
            }
            (chart::svg(figure))
            @if figure.chart.is_none() && rows { (table::draw(&figure.table, &name)) }
            @for note in &figure.notes { p.note { (section::line(note)) } }
            div.behind {
                p.files {
                    a href=(figure.csv) { "Data" span.unseen { " of " (figure.label) } " (CSV)" }
                    " "
                    a href=(figure.sql) { "Query" span.unseen { " of " (figure.label) } " (SQL)" }
                }
                @if figure.chart.is_some() && rows {
                    details {
                        summary { "Table" span.unseen { " of " (figure.label) } }
                        (table::draw(&figure.table, &name))
                    }
                }
            }
        }
    }
}
