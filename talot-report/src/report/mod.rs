//! The report as plain data, between the queries and the page.

pub mod model;
