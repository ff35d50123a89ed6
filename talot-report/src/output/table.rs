//! Answers as CSV (RFC 4180) and as lines of JSON.

use serde::{Serialize, Serializer};

use crate::report::model::{Data, Value};

/// Comma-separated values, with a header; NULL is empty, empty text is quoted.
pub fn csv(data: &Data) -> String {
    let mut text = line(data.columns.iter().map(|name| quoted(name)));
    for row in &data.rows {
        text += &line(row.iter().map(|value| match value {
            Value::Null => String::new(),
            Value::Integer(number) => number.to_string(),
            Value::Boolean(is) => is.to_string(),
            Value::Text(text) => quoted(text),
        }));
    }
    text
}

/// One object per line, nulls spelled out.
pub fn json_lines(data: &Data) -> String {
    let line = |row| serde_json::to_string(&Object(&data.columns, row)).expect("text as keys");
    data.rows.iter().map(|row| line(row) + "\n").collect()
}

/// A row as an object, its columns in their order.
struct Object<'a>(&'a [String], &'a [Value]);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().zip(self.1))
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Boolean(is) => serializer.serialize_bool(*is),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

fn line(cells: impl Iterator<Item = String>) -> String {
    cells.collect::<Vec<_>>().join(",") + "\n"
}

fn quoted(text: &str) -> String {
    if text.is_empty() || text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_quoted_where_it_must_be() {
        let data = Data {
            columns: vec!["a".into(), "b".into()],
            rows: vec![
                vec![Value::Integer(-1), Value::Text("x, \"y\"".into())],
                vec![Value::Null, Value::Text(String::new())],
            ],
        };
        assert_eq!(csv(&data), "a,b\n-1,\"x, \"\"y\"\"\"\n,\"\"\n");
        let lines = "{\"a\":-1,\"b\":\"x, \\\"y\\\"\"}\n{\"a\":null,\"b\":\"\"}\n";
        assert_eq!(json_lines(&data), lines);
    }
}
