//! Putting figures and tables together.

use super::{
    model::{Block, Cell, Chart, Column, Figure, Inline, Table},
    study::Study,
};
use crate::{
    queries::query,
    rounding::{self, Rounded},
    words::Words,
};

/// A figure before it has its label and its data.
pub(super) struct Draft {
    pub(super) id: &'static str,
    pub(super) title: String,
    pub(super) unit: String,
    pub(super) alternative: String,
    pub(super) chart: Option<Chart>,
    pub(super) table: Table,
    pub(super) notes: Vec<Vec<Inline>>,
}

impl Study<'_> {
    /// Makes a figure of a draft.
    pub(super) fn figure(&self, draft: Draft) -> Block {
        let query = query(draft.id);
        let mut notes = draft.notes;
        if draft.table.rows.is_empty() && notes.is_empty() {
            notes.push(Words::new("There is nothing to show.").done());
        }
        Block::Figure(Box::new(Figure {
            id: query.id.to_owned(),
            label: query.label.to_owned(),
            title: draft.title,
            unit: draft.unit,
            notes,
            alternative: draft.alternative,
            chart: draft.chart,
            table: draft.table,
            data: self.answers.of(query.id).clone(),
            csv: format!("data/{}.csv", query.id),
            sql: format!("sql/{}.sql", query.id),
        }))
    }
}

/// A table; columns whose heading begins with `#` are of numbers.
pub(super) fn table(caption: impl Into<String>, columns: &[&str], rows: Vec<Vec<Cell>>) -> Table {
    let column = |heading: &&str| Column {
        title: heading.trim_start_matches('#').to_owned(),
        numeric: heading.starts_with('#'),
    };
    Table {
        caption: caption.into(),
        columns: columns.iter().map(column).collect(),
        rows,
    }
}

/// Words.
pub(super) fn text(text: impl Into<String>) -> Cell {
    Cell {
        text: text.into(),
        value: None,
    }
}

/// A whole number.
pub(super) fn count(number: i64) -> Cell {
    Cell {
        text: rounding::count(number),
        value: Some(number as f64),
    }
}

/// A whole number, or a dash.
pub(super) fn maybe(number: Option<i64>) -> Cell {
    number.map_or_else(dash, count)
}

/// A rounded number, or a dash.
pub(super) fn rounded(number: Option<Rounded>) -> Cell {
    number.map_or_else(dash, |number| Cell {
        text: number.to_string(),
        value: Some(number.value()),
    })
}

/// A share, or a dash.
pub(super) fn percent(number: Option<Rounded>) -> Cell {
    number.map_or_else(dash, |number| Cell {
        text: format!("{number} %"),
        value: Some(number.value()),
    })
}

/// A change in per cent with its sign, or a dash.
pub(super) fn change(number: Option<Rounded>) -> Cell {
    number.map_or_else(dash, |number| Cell {
        text: format!("{} %", number.signed()),
        value: Some(number.value()),
    })
}

/// A change of place: up, down, new.
pub(super) fn moved(now: i64, before: Option<i64>) -> Cell {
    let value = before.map(|before| (before - now) as f64);
    let text = match before.map(|before| before - now) {
        None => "new".to_owned(),
        Some(0) => "=".to_owned(),
        Some(up) if up > 0 => format!("▲ {up}"),
        Some(down) => format!("▼ {}", -down),
    };
    Cell { text, value }
}

fn dash() -> Cell {
    text("–")
}
