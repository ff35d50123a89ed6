//! Walks a table. Every key that is asked for is a known key; whatever else stands there is a
//! mistake.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    document::{At, Document, printable},
    mistake::Wrong,
};

/// A table of the document, or one that is not there and says nothing.
pub(super) struct Section<'a> {
    document: &'a Document<'a>,
    path: &'static str,
    at: usize,
    table: Option<&'a DeTable<'a>>,
    known: Vec<&'static str>,
}

impl<'a> Section<'a> {
    pub(super) fn new(
        document: &'a Document<'a>,
        path: &'static str,
        at: usize,
        table: Option<&'a DeTable<'a>>,
    ) -> Self {
        Self {
            document,
            path,
            at,
            table,
            known: Vec::new(),
        }
    }

    /// Reads it, and notes the keys that were not asked for.
    pub(super) fn read<T>(mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let value = read(&mut self);
        for (key, _) in self.table.into_iter().flatten() {
            if !self.known.contains(&key.get_ref().as_ref()) {
                let wrong = Wrong::new("unknown key", self.known.join(", "));
                let path = self.path_of(&printable(key.get_ref()));
                self.document.note(key.span().start, &path, wrong);
            }
        }
        value
    }

    fn path_of(&self, key: &str) -> String {
        if key.is_empty() {
            return self.path.to_string();
        }
        match self.path {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        }
    }

    fn find(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.known.push(key);
        self.table?.get(key)
    }

    /// Where the table begins.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Whether the key is given, rightly or wrongly.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// Notes a mistake at a byte of the document.
    pub(super) fn note(&self, at: usize, key: &str, wrong: Wrong) {
        self.document.note(at, &self.path_of(key), wrong);
    }

    /// The key's value; none if it is not given, or wrong.
    pub(super) fn get<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&DeValue<'_>) -> Result<T, Wrong>,
    ) -> Option<At<T>> {
        let found = self.find(key)?;
        let at = found.span().start;
        match parse(found.get_ref()) {
            Ok(value) => Some(At { at, value }),
            Err(wrong) => {
                self.note(at, key, wrong);
                None
            }
        }
    }

    /// The key's value, or the default.
    pub(super) fn get_or<T>(
        &mut self,
        key: &'static str,
        default: T,
        parse: impl FnOnce(&DeValue<'_>) -> Result<T, Wrong>,
    ) -> T {
        self.get(key, parse).map_or(default, |found| found.value)
    }

    /// The key's value, or the default; none if it is wrong, so that nothing is concluded from it.
    pub(super) fn right_or<T>(
        &mut self,
        key: &'static str,
        default: T,
        parse: impl FnOnce(&DeValue<'_>) -> Result<T, Wrong>,
    ) -> Option<At<T>> {
        let default = At {
            at: self.at,
            value: default,
        };
        let given = self.has(key);
        self.get(key, parse).or((!given).then_some(default))
    }

    /// The value of a key that has no default.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&DeValue<'_>) -> Result<T, Wrong>,
    ) -> Option<At<T>> {
        if self.table.is_some() && !self.has(key) {
            self.note(self.at, key, Wrong::new("missing, and has no default", ""));
        }
        self.get(key, parse)
    }

    /// The elements of the key's array that are right; none if the key is not given, or not an
    /// array, or empty though it must not be.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        may_be_empty: bool,
        allowed: &str,
        parse: impl Fn(&DeValue<'_>) -> Result<T, Wrong>,
    ) -> Option<Vec<At<T>>> {
        let array = self.get(key, |value| {
            let elements = value
                .as_array()
                .ok_or_else(|| wrong_type(value, "array", allowed))?;
            if elements.is_empty() && !may_be_empty {
                return Err(Wrong::new("an empty array", allowed));
            }
            Ok(elements
                .iter()
                .map(|element| At {
                    at: element.span().start,
                    value: parse(element.get_ref()),
                })
                .collect::<Vec<_>>())
        })?;
        let mut right = Vec::new();
        for At { at, value } in array.value {
            match value {
                Ok(value) => right.push(At { at, value }),
                Err(wrong) => self.note(at, key, wrong),
            }
        }
        Some(right)
    }

    /// Reads the table `[key]`, whether it is there or not.
    pub(super) fn table<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Section<'_>) -> T,
    ) -> T {
        let (mut at, mut table) = (self.at, None);
        if let Some(found) = self.find(key) {
            at = found.span().start;
            table = found.get_ref().as_table();
            if table.is_none() {
                let wrong = wrong_type(found.get_ref(), "table", &format!("[{key}]"));
                self.note(at, key, wrong);
            }
        }
        Section::new(self.document, key, at, table).read(read)
    }

    /// Reads each table `[[key]]`.
    pub(super) fn tables<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Section<'_>) -> T,
    ) -> Vec<T> {
        let Some(found) = self.find(key) else {
            return Vec::new();
        };
        let allowed = format!("[[{key}]], as often as needed");
        let Some(elements) = found.get_ref().as_array() else {
            let wrong = wrong_type(found.get_ref(), "array of tables", &allowed);
            self.note(found.span().start, key, wrong);
            return Vec::new();
        };
        let mut values = Vec::new();
        for element in elements {
            let at = element.span().start;
            let Some(table) = element.get_ref().as_table() else {
                self.note(at, key, wrong_type(element.get_ref(), "table", &allowed));
                continue;
            };
            values.push(Section::new(self.document, key, at, Some(table)).read(&mut read));
        }
        values
    }
}

/// Says which type stands where another belongs.
pub(super) fn wrong_type(value: &DeValue<'_>, expected: &str, allowed: &str) -> Wrong {
    let found = value.type_str();
    Wrong::new(
        format!("{} where {} belongs", a(found), a(expected)),
        allowed,
    )
}

fn a(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'i']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {noun}")
}
