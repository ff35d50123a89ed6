//! Tables: numbers to the right, wider ones scroll by themselves.

use maud::{Markup, html};

use crate::report::model::{Cell, Table};

/// The table in a box of its own, which `name` names to those who cannot see it.
pub(crate) fn draw(table: &Table, name: &str) -> Markup {
    html! {
        div.scroll role="group" aria-label=(name) tabindex="0" {
            table {
                @if !table.caption.is_empty() { caption { (table.caption) } }
                thead {
                    tr {
                        @for column in &table.columns {
                            th scope="col" class=[column.numeric.then_some("n")] { (column.title) }
                        }
                    }
                }
                tbody { @for row in &table.rows { (self::row(table, row)) } }
            }
        }
    }
}

/// A row; its first cell names it, unless it is a number.
fn row(table: &Table, cells: &[Cell]) -> Markup {
    html! {
        tr {
            @for (place, (column, cell)) in table.columns.iter().zip(cells).enumerate() {
                @if place == 0 && !column.numeric {
                    th scope="row" { (cell.text) }
                } @else {
                    td class=[column.numeric.then_some("n")] { (cell.text) }
                }
            }
        }
    }
}
