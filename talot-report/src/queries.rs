//! The queries of the figures, one file each.

/// A figure's query.
#[derive(Clone, Copy, Debug)]
pub struct Query {
    /// The figure's id: its number in the report of July 2011, else in that of October 2007, else a name.
    pub id: &'static str,
    /// As the text calls it.
    pub label: &'static str,
    /// Its numbers in the report of October 2007, where it had one.
    pub in_2007: &'static str,
    /// The query.
    pub sql: &'static str,
}

macro_rules! queries {
    ($($id:literal $label:literal $in_2007:literal,)*) => {
        /// All figures.
        pub const QUERIES: &[Query] = &[$(Query {
            id: $id,
            label: concat!("Figure ", $label),
            in_2007: $in_2007,
            sql: include_str!(concat!("../sql/", $id, ".sql")),
        },)*];
    };
}

queries! {
    "1-1" "1-1" "1.1",
    "1-2" "1-2" "",
    "1-3" "1-3" "",
    "2-1" "2-1" "2.3.1",
    "2-2" "2-2" "2.3.2",
    "2-3" "2-3" "2.4.1",
    "2-4" "2-4" "2.4.2",
    "2-5" "2-5" "2.5.1",
    "2-6" "2-6" "2.5.2",
    "2-7" "2-7" "2.5.3",
    "2-8" "2-8" "2.5.4",
    "3-1" "3-1" "3.1.1",
    "3-2" "3-2" "3.1.2",
    "3-3" "3-3" "3.2.1",
    "3-4" "3-4" "3.2.2",
    "2.1.1" "2.1.1" "2.1.1",
    "2.1.2" "2.1.2" "2.1.2",
    "2.2.1" "2.2.1" "2.2.1",
    "2.2.2" "2.2.2" "2.2.2",
    "coverage" "A" "",
    "coverage-days" "B" "",
    "left-out" "C" "",
    "dispositions" "D" "",
    "change" "E" "",
    "causes" "F" "",
    "rising" "G" "",
    "knocks" "H" "",
    "ports" "I" "",
    "countries" "J" "",
    "points" "K" "",
    "spread" "L" "",
    "addresses" "M" "",
    "concentration" "N" "",
    "returning" "O" "",
    "families" "P" "",
    "marks" "Q" "",
    "networks" "R" "",
    "backscatter-days" "S" "",
    "backscatter" "T" "",
    "databases" "U" "",
    "forms" "V" "",
}

/// The query of a figure.
///
/// # Panics
/// When there is no such figure.
pub fn query(id: &str) -> &'static Query {
    let found = QUERIES.iter().find(|query| query.id == id);
    found.unwrap_or_else(|| panic!("there is no figure {id}"))
}
