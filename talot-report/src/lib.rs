//! The monthly report: every figure from the records, by SQL that any engine can run again.

pub mod chart;
pub mod page;
pub mod report;

use std::process::ExitCode;

/// Runs the command line.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
