//! Names of countries.

use std::{collections::BTreeMap, sync::LazyLock};

const LIST: &str = include_str!("../data/countries.txt");

/// Countries that a sentence names with an article.
const WITH_ARTICLE: [&str; 12] = [
    "AE", "BS", "CD", "CF", "DO", "GB", "MH", "MV", "NL", "PH", "SC", "US",
];

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

/// The name as it stands in a sentence: `the United States`, `unknown countries`.
pub fn in_sentence(code: &str) -> String {
    match code {
        "ZZ" => "unknown countries".to_owned(),
        code if WITH_ARTICLE.contains(&code) => format!("the {}", name(code)),
        code => name(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_have_names() {
        assert_eq!(name("JP"), "Japan");
        assert_eq!(name("ZZ"), "Unknown");
        assert_eq!(name("Q9"), "Q9");
        assert_eq!(in_sentence("US"), "the United States");
        assert_eq!(in_sentence("JP"), "Japan");
        assert!(NAMES.len() > 249, "{}", NAMES.len());
        assert!(NAMES.keys().all(|code| code.len() == 2));
    }
}
