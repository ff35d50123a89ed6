//! Names of countries.

use std::{collections::BTreeMap, sync::LazyLock};

use crate::{rounding::share, words::enumeration};

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

/// Where accesses came from, by the countries with most of them: `mainly from Japan (60.0 %) and China (12.0 %)`.
pub fn origins(parts: &[(i64, &str)], told: usize) -> String {
    let mut parts = parts.to_vec();
    parts.sort_by_key(|(accesses, country)| (-accesses, *country));
    let all: i64 = parts.iter().map(|(accesses, _)| accesses).sum();
    let first = &parts[..told.min(parts.len())];
    let of_first: i64 = first.iter().map(|(accesses, _)| accesses).sum();
    let names: Vec<_> = first
        .iter()
        .filter_map(|(accesses, country)| {
            Some(format!(
                "{} ({} %)",
                in_sentence(country),
                share(*accesses, all)?
            ))
        })
        .collect();
    let from = if first.len() == parts.len() {
        "from"
    } else if of_first * 2 >= all {
        "mainly from"
    } else {
        "from several countries, the largest parts from"
    };
    format!("{from} {}", enumeration(&names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mainly_is_said_of_half_or_more() {
        let parts = [(30, "JP"), (45, "CN"), (5, "DE"), (20, "US")];
        assert_eq!(
            origins(&parts, 2),
            "mainly from China (45.0 %) and Japan (30.0 %)"
        );
        assert_eq!(
            origins(&parts, 1),
            "from several countries, the largest parts from China (45.0 %)"
        );
        assert_eq!(origins(&parts[..1], 2), "from Japan (100.0 %)");
    }

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
