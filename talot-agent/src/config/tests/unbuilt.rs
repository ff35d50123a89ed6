use super::{Config, EXAMPLE, mistakes, only_mistake, parse};

#[test]
fn the_example_yields_exactly_the_refusals() {
    assert_eq!(
        mistakes(EXAMPLE),
        ["20: maintenance: `[[maintenance]]` is not supported by this version: leave it out",]
    );
}

#[test]
fn what_is_not_built_is_refused_by_name() {
    for (text, line, name) in [
        ("[[maintenance]]", 1, "maintenance: `[[maintenance]]`"),
        (
            "kernel.pin_dir = '/run/b'",
            1,
            "kernel.pin_dir: `[kernel] pin_dir = \"/run/b\"`",
        ),
    ] {
        only_mistake(
            text,
            &format!("{line}: {name} is not supported by this version"),
            "",
        );
    }
    let only = "kernel.pin_dir = '/sys/fs/bpf/talot'\n";
    assert_eq!(parse(only).unwrap(), Config::default());
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
