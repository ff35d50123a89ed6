//! Mistakes of whoever calls: on the command line, or in the edition.

use std::fmt;

/// A mistake; the exit status is 2.
#[derive(Debug)]
pub struct Mistake(anyhow::Error);

impl From<anyhow::Error> for Mistake {
    fn from(error: anyhow::Error) -> Self {
        Self(error)
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl std::error::Error for Mistake {}
