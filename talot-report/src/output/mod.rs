//! The files of a report.

mod folder;
mod json;
mod table;

pub use folder::{REPORT, write, write_all};
pub use json::{Headline, headline_of, report};
pub use table::{csv, json_lines};
