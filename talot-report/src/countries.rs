//! Names of countries.

use std::{collections::BTreeMap, sync::LazyLock};

const LIST: &str = include_str!("../data/countries.txt");

static NAMES: LazyLock<BTreeMap<&str, &str>> = LazyLock::new(|| {
    let lines = LIST.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(' ')).collect()
});

/// The English name of a country; a code that is not known is its own name.
pub fn name(code: &str) -> String {
    NAMES
        .get(code)
        .map_or_else(|| code.to_owned(), |name| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_have_names() {
        assert_eq!(name("JP"), "Japan");
        assert_eq!(name("ZZ"), "Unknown");
        assert_eq!(name("Q9"), "Q9");
        assert!(NAMES.len() > 249, "{}", NAMES.len());
        assert!(NAMES.keys().all(|code| code.len() == 2));
    }
}
