//! The monthly report: every figure from the records, by SQL that any engine can run again.

pub mod chart;
pub mod engine;
pub mod month;
pub mod page;
mod parallel;
pub mod records;
pub mod report;

use std::process::ExitCode;

/// Runs the command line.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
