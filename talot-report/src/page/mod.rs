//! The page, in HTML.

use crate::report::model::{BackNumbers, Document};

/// The report as one HTML file.
pub fn report(_document: &Document) -> String {
    String::new()
}

/// The page of back numbers.
pub fn back_numbers(_back_numbers: &BackNumbers) -> String {
    String::new()
}
