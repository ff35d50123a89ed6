//! Tables: numbers to the right, wider ones scroll by themselves.

use maud::{Markup, html};

use crate::report::model::{Cell, Table};

/// Text of more characters is broken into lines.
const LONG: usize = 24;
/// Tables of as many columns are set smaller.
const MANY: usize = 8;

/// The table in a box of its own, which `name` names to those who cannot see it.
pub(crate) fn draw(table: &Table, name: &str) -> Markup {
    html! {
        div.scroll role="group" aria-label=(name) tabindex="0" {
            table class=[(table.columns.len() >= MANY).then_some("dense")] {
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

/// Numbers stand to the right; longer text may break, but not into a narrow column of words.
fn class(numeric: bool, text: &str) -> Option<&'static str> {
    match numeric {
        true => Some("n"),
        false => (text.chars().count() > LONG).then_some("long"),
    }
}

/// A row; its first cell names it, unless it is a number.
fn row(table: &Table, cells: &[Cell]) -> Markup {
    html! {
        tr {
            @for (place, (column, cell)) in table.columns.iter().zip(cells).enumerate() {
                @let class = class(column.numeric, &cell.text);
                @if place == 0 && !column.numeric {
                    th scope="row" class=[class] { (cell.text) }
                } @else {
                    td class=[class] { (cell.text) }
                }
            }
        }
    }
}
