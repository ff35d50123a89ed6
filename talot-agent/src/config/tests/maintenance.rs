use super::{mistakes, only_mistake, parse, point};

#[test]
fn every_mistake_is_named_with_its_line() {
    let text = "\
[[maintenance]]
from = 2011-07-02T00:00:00
to = '2011-07-32T00:00'
till = 1
[[maintenance]]
point = 'nowhere'
";
    let found = mistakes(text);
    let starts = [
        "2: maintenance.from: a datetime where a string belongs; allowed: a local time",
        "3: maintenance.to: \"2011-07-32T00:00\" is not a local time",
        "4: maintenance.till: unknown key; allowed: point, from, to, note",
        "5: maintenance.from: missing, and has no default",
        "5: maintenance.to: missing, and has no default",
        "6: maintenance.point: there is no point \"nowhere\"",
    ];
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (found, start) in found.iter().zip(starts) {
        assert!(found.starts_with(start), "{found:?} is not {start:?}");
    }
}

#[test]
fn a_window_ends_after_it_begins() {
    let window = |zone: &str, from: &str, to: &str| {
        format!("timezone = '{zone}'\n[[maintenance]]\nfrom = '{from}'\nto = '{to}'\n")
    };
    for (zone, from, to) in [
        ("UTC", "2011-07-02T00:00", "2011-07-02T00:00"),
        ("UTC", "2011-07-02T00:00", "2011-07-01T00:00"),
        // The hour that no clock shows.
        ("Europe/Berlin", "2026-03-29T02:00", "2026-03-29T03:00"),
    ] {
        let start = format!("4: maintenance.to: {to}:00 is not after from, {from}:00");
        only_mistake(&window(zone, from, to), &start, "allowed: a later time");
    }
    // Of the hour that comes twice, the first 02:00 to the second 02:01.
    let twice = window("Europe/Berlin", "2026-10-25T02:00", "2026-10-25T02:01");
    let config = parse(&twice).unwrap();
    let window = &config.maintenance[0];
    assert_eq!(window.end.as_second() - window.start.as_second(), 61 * 60);
}

#[test]
fn without_a_point_it_is_for_all() {
    let text = point("") + "[[maintenance]]\nfrom = '2011-07-02T00:00'\nto = '2011-07-03T00:00'\n";
    assert_eq!(parse(&text).unwrap().maintenance[0].point, None);
    let text = text + "point = 'p'\n";
    let point = parse(&text).unwrap().maintenance[0].point.clone();
    assert_eq!(point.as_deref(), Some("p"));
}
