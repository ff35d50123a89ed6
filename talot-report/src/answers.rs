//! What the queries answered, by figure.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::report::model::{Data, Value};

/// The answers of all figures.
#[derive(Debug, Default)]
pub struct Answers(BTreeMap<&'static str, Data>);

impl Answers {
    /// Adds an answer.
    pub fn insert(&mut self, id: &'static str, data: Data) {
        self.0.insert(id, data);
    }

    /// The answer of a figure.
    ///
    /// # Panics
    /// When it was not asked.
    pub fn of(&self, id: &str) -> &Data {
        self.0
            .get(id)
            .unwrap_or_else(|| panic!("{id} was not asked"))
    }

    /// The rows of a figure's answer.
    pub fn rows(&self, id: &str) -> impl DoubleEndedIterator<Item = Row<'_>> + Clone {
        let data = self.of(id);
        let columns = data.columns.as_slice();
        data.rows.iter().map(move |values| Row { columns, values })
    }
}

/// A row of an answer; columns go by their names.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    columns: &'a [String],
    values: &'a [Value],
}

impl<'a> Row<'a> {
    /// An integer; none where it is NULL.
    ///
    /// # Panics
    /// When there is no such column, or it is not of integers.
    pub fn integer(&self, column: &str) -> Option<i64> {
        match self.value(column) {
            Value::Integer(number) => Some(*number),
            Value::Null => None,
            other => panic!("{column} is {other:?}"),
        }
    }

    /// An integer that is never NULL, or 0 where it is.
    pub fn count(&self, column: &str) -> i64 {
        self.integer(column).unwrap_or(0)
    }

    /// Text; empty where it is NULL.
    ///
    /// # Panics
    /// When there is no such column, or it is not of text.
    pub fn text(&self, column: &str) -> &'a str {
        match self.value(column) {
            Value::Text(text) => text,
            Value::Null => "",
            other => panic!("{column} is {other:?}"),
        }
    }

    /// A day; none where it is NULL.
    pub fn date(&self, column: &str) -> Option<Date> {
        self.text(column).parse().ok()
    }

    fn value(&self, column: &str) -> &'a Value {
        let place = self.columns.iter().position(|name| name == column);
        &self.values[place.unwrap_or_else(|| panic!("there is no column {column}"))]
    }
}
