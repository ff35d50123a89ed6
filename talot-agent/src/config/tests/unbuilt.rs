use super::{EXAMPLE, mistakes, only_mistake};

#[test]
fn the_example_yields_exactly_the_refusals() {
    assert_eq!(
        mistakes(EXAMPLE),
        ["20: maintenance: `[[maintenance]]` is not supported by this version: leave it out",]
    );
}

#[test]
fn what_is_not_built_is_refused_by_name() {
    only_mistake(
        "[[maintenance]]",
        "1: maintenance: `[[maintenance]]` is not supported by this version",
        "",
    );
}

#[test]
fn what_is_refused_is_checked_all_the_same() {
    let text = "\
[[maintenance]]
from = 2011-07-02T00:00:00
to = '2011-07-32T00:00'
till = 1
";
    let found = mistakes(text);
    let starts = [
        "1: maintenance: `[[maintenance]]` is not supported",
        "2: maintenance.from: a datetime where a string belongs; allowed: a local time",
        "3: maintenance.to: \"2011-07-32T00:00\" is not a local time",
        "4: maintenance.till: unknown key; allowed: point, from, to, note",
    ];
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (found, start) in found.iter().zip(starts) {
        assert!(found.starts_with(start), "{found:?} is not {start:?}");
    }
}
