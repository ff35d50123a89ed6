//! What is wrong with a configuration, and where.

use std::{
    error::Error,
    fmt,
    path::{Path, PathBuf},
};

/// What is wrong with a value, and what would be right. Empty `allowed`: `what` says it.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) what: String,
    pub(super) allowed: String,
}

impl Wrong {
    pub(super) fn new(what: impl Into<String>, allowed: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            allowed: allowed.into(),
        }
    }
}

/// One mistake in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    file: PathBuf,
    /// Counted from 1; none where it is the file as a whole.
    line: Option<usize>,
    /// Dotted, as in `drain.interval`; empty where no key is at fault.
    key: String,
    what: String,
    allowed: String,
}

impl Mistake {
    pub(super) fn new(file: &Path, line: Option<usize>, key: &str, wrong: Wrong) -> Self {
        Self {
            file: file.to_owned(),
            line,
            key: key.to_owned(),
            what: wrong.what,
            allowed: wrong.allowed,
        }
    }

    /// The line, counted from 1; none where the mistake is the file as a whole.
    pub fn line(&self) -> Option<usize> {
        self.line
    }
}

/// `FILE:LINE: key: what is wrong; allowed: …`
impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        if !self.key.is_empty() {
            write!(f, " {}:", self.key)?;
        }
        write!(f, " {}", self.what)?;
        if !self.allowed.is_empty() {
            write!(f, "; allowed: {}", self.allowed)?;
        }
        Ok(())
    }
}

/// Every mistake of a configuration file, by line; never none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// Sorts them by line.
    pub(super) fn new(mut mistakes: Vec<Mistake>) -> Self {
        mistakes.sort_by_key(|mistake| mistake.line);
        Self(mistakes)
    }

    /// The mistakes, by line.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Mistake> {
        self.0.iter()
    }
}

/// One line each, without a line break behind the last.
impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{mistake}")?;
        }
        Ok(())
    }
}

impl Error for Mistakes {}
