//! The report as plain data, between the queries and the page.

mod absent;
mod draft;
mod figures;
pub mod model;
pub mod sections;
mod study;

pub use sections::document;
pub(crate) use study::OTHER;
pub use study::Study;
