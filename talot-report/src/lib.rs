//! The monthly report: every figure from the records, by SQL that any engine can run again.

pub mod answers;
mod arguments;
pub mod chart;
pub mod countries;
pub mod edition;
pub mod engine;
pub mod exclusion;
pub mod explanations;
pub mod index;
mod make;
pub mod mistake;
pub mod month;
pub mod output;
pub mod page;
mod parallel;
pub mod parameters;
mod port_types;
mod progress;
pub mod queries;
pub mod records;
pub mod report;
pub mod rounding;
mod run;
mod shared;
mod words;

pub use run::main;
