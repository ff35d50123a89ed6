//! The figures: charts and tables from answers.

mod averages;
pub(super) mod comparison;
mod coverage;
pub(super) mod days;
mod focus;
mod half_year;
mod marks;
pub(super) mod plain;
mod points;
mod scatter;
mod shares;
mod sources;
