//! What is wrong with a file, and what follows.

use std::fmt;

use jiff::civil::Date;

/// Something about the records that the reader of a report must know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The day, if it is about one.
    pub date: Option<Date>,
    /// The point, if it is about one.
    pub point: Option<String>,
    /// The file or folder, relative to the folder of the records.
    pub file: String,
    /// What is wrong with it.
    pub what: String,
    /// What follows.
    pub consequence: Consequence,
}

/// What follows from a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Consequence {
    /// The point's day is left out.
    LeftOut,
    /// The point's day counts, but not in the figures that are made from its sources.
    WithoutSources,
    /// The file is read, but nothing vouches for it.
    Unverified,
    /// The file is not read.
    NotRead,
}

impl fmt::Display for Consequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LeftOut => "point and day left out",
            Self::WithoutSources => "left out of the figures made from sources",
            Self::Unverified => "read, unverified",
            Self::NotRead => "not read",
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.file, self.what, self.consequence)
    }
}
