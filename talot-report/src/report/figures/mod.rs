//! The figures: charts and tables from answers.

mod averages;
pub(super) mod comparison;
mod coverage;
pub(super) mod days;
mod focus;
mod half_year;
mod points;
mod scatter;
mod shares;
pub(super) mod sources;
