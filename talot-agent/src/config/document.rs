//! The document that is being read, and the mistakes found in it so far.

use std::{cell::RefCell, path::Path};

use toml::{Spanned, de::DeTable};

use super::{
    mistake::{Mistake, Mistakes, Wrong},
    section::Section,
};

/// A value, and the byte of the document at which it stands.
#[derive(Debug)]
pub(super) struct At<T> {
    pub(super) at: usize,
    pub(super) value: T,
}

/// A TOML document. Mistakes are noted, and the reading goes on.
pub(super) struct Document<'a> {
    file: &'a Path,
    text: &'a str,
    mistakes: RefCell<Vec<Mistake>>,
}

impl<'a> Document<'a> {
    pub(super) fn new(file: &'a Path, text: &'a str) -> Self {
        Self {
            file,
            text,
            mistakes: RefCell::default(),
        }
    }

    /// The line, counted from 1, of a byte; what is missing at the end belongs to the last line.
    pub(super) fn line(&self, at: usize) -> usize {
        let before = &self.text.as_bytes()[..at.min(self.text.len().saturating_sub(1))];
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    }

    pub(super) fn note(&self, at: usize, key: &str, wrong: Wrong) {
        let mistake = Mistake::new(self.file, Some(self.line(at)), key, wrong);
        self.mistakes.borrow_mut().push(mistake);
    }

    /// The document's tables; none if it is not TOML, for then its values would be guesses.
    pub(super) fn parse(&self) -> Option<Spanned<DeTable<'a>>> {
        let (root, errors) = DeTable::parse_recoverable(self.text);
        let mut readable = true;
        let mut broken_lines = Vec::new();
        for error in errors {
            let span = error.span().unwrap_or_default();
            if error.message() == "duplicate key" {
                let key = printable(self.text.get(span.clone()).unwrap_or_default());
                self.note(span.start, &key, Wrong::new("given twice", "once"));
                continue;
            }
            readable = false;
            // One error begets others: the first of a line tells.
            let line = self.line(span.start);
            if !broken_lines.contains(&line) {
                broken_lines.push(line);
                let what = format!("not TOML: {}", printable(error.message()));
                self.note(span.start, "", Wrong::new(what, ""));
            }
        }
        readable.then_some(root)
    }

    /// Reads the whole document.
    pub(super) fn read<T>(
        &self,
        root: &DeTable<'_>,
        read: impl FnOnce(&mut Section<'_>) -> T,
    ) -> T {
        Section::new(self, "", 0, Some(root)).read(read)
    }

    /// What was read, if it was read without a mistake.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Mistakes> {
        match (value, self.mistakes.into_inner()) {
            (Some(value), mistakes) if mistakes.is_empty() => Ok(value),
            (_, mistakes) => Err(Mistakes::new(mistakes)),
        }
    }
}

/// Text of the document as it may stand in a message of one line.
pub(super) fn printable(text: &str) -> String {
    if text.chars().any(char::is_control) {
        text.escape_debug().to_string()
    } else {
        text.to_owned()
    }
}
