//! Deleting old days.

use jiff::{Span, civil::date};

use super::*;
use crate::records::delete_old;

/// A data directory in which two points have closed days, from this one on.
fn days(first: Date, count: i32) -> (TempDir, Journal) {
    let dir = TempDir::new().unwrap();
    let sections = (0..count).flat_map(|number| {
        let day = first + Span::new().days(number);
        ["a", "b"].map(|point| vec![section(day, point, vec![random_row(&mut Random(1))])])
    });
    let (mut journal, _) = journal_of(dir.path(), sections.collect::<Vec<_>>());
    for (day, point) in journal.days() {
        close(dir.path(), &journal, day, &point);
        journal.forget(day, &point).unwrap();
    }
    (dir, journal)
}

fn left(dir: &Path) -> Vec<String> {
    let files = tree(&dir.join("records")).into_keys();
    files.map(|path| path.display().to_string()).collect()
}

#[test]
fn old_days_go_whole_and_no_others() {
    let first = date(2026, 2, 26);
    let (dir, _journal) = days(first, 6);
    let today = date(2026, 3, 4);
    let none = [].into();
    assert!(delete_old(dir.path(), 6, today, &none).unwrap().is_empty());
    assert_eq!(left(dir.path()).len(), 6 * 2 * 4);
    // A point's day that is not closed stays, though an old file of it is there.
    let open = (first, "b".to_owned());
    let deleted = delete_old(dir.path(), 4, today, &[open].into()).unwrap();
    let expected = [
        (first, "a"),
        (date(2026, 2, 27), "a"),
        (date(2026, 2, 27), "b"),
    ];
    let expected = expected.map(|(day, point)| (day, point.to_owned()));
    assert_eq!(deleted, expected.into());
    let of = |day: &str| {
        let mut files = left(dir.path());
        files.retain(|file| file.contains(day));
        files
    };
    assert_eq!(of("2026-02-27"), [""; 0]);
    assert!(!dir.path().join("records/sources/day=2026-02-27").exists());
    assert_eq!(
        of("2026-02-26"),
        [
            "coverage/day=2026-02-26/_b.sha256",
            "coverage/day=2026-02-26/b.parquet",
            "ports/day=2026-02-26/b.parquet",
            "sources/day=2026-02-26/b.parquet"
        ]
    );
    assert_eq!(left(dir.path()).len(), 4 * 2 * 4 + 4);
    assert_eq!(rows(dir.path(), Table::Coverage).len(), 4 * 2 + 1);
}

#[test]
fn what_an_interrupted_deletion_left_goes_next_time() {
    let (dir, _journal) = days(date(2026, 2, 26), 2);
    fs::remove_dir_all(dir.path().join("records/coverage/day=2026-02-26")).unwrap();
    let deleted = delete_old(dir.path(), 1, date(2026, 2, 28), &[].into()).unwrap();
    assert_eq!(deleted.len(), 2);
    assert!(
        left(dir.path())
            .iter()
            .all(|file| file.contains("2026-02-27"))
    );
}

#[test]
fn a_clock_that_is_ahead_deletes_nothing_and_no_number_is_too_large() {
    let (dir, _journal) = days(date(2026, 2, 26), 2);
    for (keep_days, today) in [(2, date(2038, 1, 1)), (u32::MAX, date(2026, 2, 28))] {
        let deleted = delete_old(dir.path(), keep_days, today, &[].into()).unwrap();
        assert!(deleted.is_empty());
    }
    let nothing = TempDir::new().unwrap();
    let deleted = delete_old(nothing.path(), 1, date(2026, 2, 28), &[].into()).unwrap();
    assert!(deleted.is_empty());
}
