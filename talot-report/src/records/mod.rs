//! The records: which there are, whether they can be trusted.
//!
//! A point-day is there if its coverage file is. What cannot be read or trusted
//! leaves its point-day out, and is named.

mod constant;
mod coverage;
pub(crate) mod file;
mod layout;
mod load;
mod names;
pub(crate) mod places;
mod ports;
mod problem;
mod schema;
mod sources;
pub(crate) mod sums;

use std::{collections::BTreeSet, path::PathBuf};

use datafusion::arrow::array::RecordBatch;
use jiff::civil::Date;

pub use layout::is_point_name;
pub use load::{Load, load};
pub(crate) use ports::{Class, Sum};
pub use problem::{Consequence, Problem};
pub use schema::Table;
pub use sums::{Summing, Sums};

/// The version of the counting rules that this report understands.
pub const DEFINITION: i32 = 1;

/// Records that can be read.
#[derive(Debug)]
pub struct Records {
    /// By day, then point.
    pub point_days: Vec<PointDay>,
    /// The coverage rows of all of them, in the same order.
    pub coverage: RecordBatch,
    /// What the `ports` of those that count add up to, if that was asked for.
    pub sums: Sums,
    /// What was found besides.
    pub problems: Vec<Problem>,
}

impl Records {
    /// The days of points whose records are refused, and what is wrong with them.
    pub fn refused(&self) -> impl Iterator<Item = (Date, &str, &str)> {
        let refused = self.problems.iter();
        refused
            .filter(|problem| problem.consequence == Consequence::LeftOut)
            .filter_map(|problem| Some((problem.date?, problem.point.as_deref()?, &*problem.what)))
    }

    /// All days of points that have a coverage file, refused ones among them.
    pub fn days(&self) -> BTreeSet<(Date, &str)> {
        let read = self.point_days.iter();
        let read = read.map(|day| (day.date, day.point.as_str()));
        let refused = self.refused().map(|(date, point, _)| (date, point));
        read.chain(refused).collect()
    }
}

/// A point's day.
#[derive(Clone, Debug)]
pub struct PointDay {
    /// The local day.
    pub date: Date,
    /// The point.
    pub point: String,
    /// Its file of `ports`.
    pub ports: PathBuf,
    /// Its file of `sources`; none if sources are not written, or not of use.
    pub sources: Option<PathBuf>,
}
