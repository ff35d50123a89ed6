//! Why a capture cannot be read, or not to its end.

use std::{error::Error, fmt};

/// What is wrong with a capture, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where the part begins that cannot be read: bytes from the start of what the file holds, once
    /// unpacked.
    pub at: u64,
    /// What was expected there, and what was found.
    pub what: String,
}

impl Damage {
    pub(super) fn new(at: u64, what: impl Into<String>) -> Self {
        let what = what.into();
        Self { at, what }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: {}", self.at, self.what)
    }
}

impl Error for Damage {}
