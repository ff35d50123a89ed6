//! Captures written by hand from the formats' specifications.

mod build;
mod damaged;
mod formats;
mod points;
mod records;
