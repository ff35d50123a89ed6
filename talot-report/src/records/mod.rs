//! The records: which there are, whether they can be trusted.
//!
//! A point-day is there if its coverage file is. What cannot be read or trusted
//! leaves its point-day out, and is named.

mod coverage;
pub(crate) mod file;
mod layout;
mod load;
mod only_row;
mod problem;
mod schema;
pub(crate) mod sums;

use std::path::PathBuf;

use datafusion::arrow::array::RecordBatch;
use jiff::civil::Date;

pub use layout::is_point_name;
pub use load::{Load, load};
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
