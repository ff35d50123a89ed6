//! Records whose hashes are right and that cannot be: of a day like no day, of tables that contradict each other.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::support::{Report, copy_of_month, python, records, script};

/// Golden records of July 2011, to be changed.
struct July {
    python: PathBuf,
    folder: tempfile::TempDir,
}

impl July {
    fn new(python: PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let july = Self { python, folder };
        copy_of_month(&records(&july.python, "2011"), "2011-07", &july.records());
        july
    }

    fn records(&self) -> PathBuf {
        self.folder.path().join("records")
    }

    /// The file of a table on a day of July at point-01.
    fn file(&self, table: &str, day: u8) -> PathBuf {
        self.records()
            .join(format!("{table}/day=2011-07-{day:02}/point-01.parquet"))
    }

    fn rewrite(&self, table: &str, day: u8, query: &str) {
        let file = self.file(table, day);
        let beside = file.with_file_name("_point-01.sha256");
        let mut arguments = vec![file.to_str().unwrap(), query];
        if table == "coverage" {
            arguments.push(beside.to_str().unwrap());
        }
        script(&self.python, "rewrite.py", &arguments);
    }

    /// The report; DuckDB agrees with it.
    fn report(&self, more: &[&str]) -> Report {
        let (records, out) = (self.records(), self.folder.path().join("out"));
        let report = Report::make("2011-07", &records, &out, more);
        let folders = [records.to_str().unwrap(), out.to_str().unwrap()];
        assert_eq!(script(&self.python, "recompute.py", &folders).trim(), "41");
        report
    }
}

/// What a report names, and nothing besides: file, what is wrong, what follows.
fn names(report: &Report, expected: &[(String, &str, &str)]) {
    let problems = report.json["problems"].as_array().unwrap();
    for (file, what, consequence) in expected {
        let found = problems.iter().find(|problem| problem["file"] == **file);
        let found = found.unwrap_or_else(|| panic!("{file} is not named: {problems:#?}"));
        assert!(found["what"].as_str().unwrap().contains(what), "{found}");
        assert_eq!(found["consequence"], *consequence, "{found}");
    }
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
}

fn named(table: &str, day: u8) -> String {
    format!("{table}/day=2011-07-{day:02}/point-01.parquet")
}

const LEFT_OUT: &str = "point and day left out";
const WITHOUT_SOURCES: &str = "left out of the figures made from sources";

#[test]
fn days_like_no_day_are_refused() {
    let Some(python) = python("days_like_no_day_are_refused") else {
        return;
    };
    let july = July::new(python);
    let like_none = "no day is like that";
    let contradicts = "it contradicts the coverage record";
    let cases = [
        ("coverage", "(seen + 1) AS seen", "something became of"),
        ("coverage", "NULL::BIGINT AS seen", "it has no seen"),
        ("coverage", "-1::BIGINT AS missed", like_none),
        (
            "coverage",
            "(281474976710657)::BIGINT AS conversations_forgotten",
            like_none,
        ),
        (
            "coverage",
            "0::BIGINT AS observed_seconds",
            "no day of status `full`",
        ),
        ("coverage", "'down' AS status", "no day of status `down`"),
        ("coverage", "1::BIGINT AS overflow", "no lower bound"),
        (
            "coverage",
            "(access * 2)::BIGINT AS overflow, true AS sources_lower_bound",
            "found no room",
        ),
        ("ports", "(packets + 1) AS packets", contradicts),
        (
            "ports",
            "packets AS overflow_packets, 0::BIGINT AS sources",
            contradicts,
        ),
        (
            "ports",
            "(packets + 1) AS sources",
            "more overflow or sources than packets",
        ),
        (
            "ports",
            "(packets + 1) AS overflow_packets",
            "more overflow or sources than packets",
        ),
        (
            "ports",
            "9223372036854775807 AS packets",
            "more than can be",
        ),
    ];
    let mut expected = Vec::new();
    for (day, (table, change, what)) in (5..).zip(cases) {
        july.rewrite(
            table,
            day,
            &format!("SELECT * REPLACE ({change}) FROM file"),
        );
        expected.push((named(table, day), what, LEFT_OUT));
    }
    // As the ports tell, so must the coverage record.
    july.rewrite(
        "coverage",
        30,
        "SELECT * REPLACE (1::BIGINT AS overflow, true AS sources_lower_bound) FROM file",
    );
    expected.push((
        named("ports", 30),
        "0 packets of it have no source, by that 1",
        LEFT_OUT,
    ));
    let report = july.report(&["--no-verify"]);
    names(&report, &expected);
    let of = report.figure("change")["rows"][0].clone();
    assert_eq!(of[5], 300 - expected.len(), "{of}");
}

#[test]
fn sources_that_cannot_be_are_not_used() {
    let Some(python) = python("sources_that_cannot_be_are_not_used") else {
        return;
    };
    let july = July::new(python);
    let mut expected = Vec::new();
    for (day, (query, what)) in (5..).zip([
        ("SELECT * FROM file LIMIT 3", "by the coverage record"),
        (
            "SELECT * REPLACE (-packets AS packets) FROM file",
            "so many packets as no source sends",
        ),
        (
            "SELECT * REPLACE ('banana' AS source) FROM file",
            "the source `banana` is no address",
        ),
        (
            "SELECT * REPLACE (NULL::VARCHAR AS source) FROM file",
            "it has a row without source",
        ),
    ]) {
        july.rewrite("sources", day, query);
        expected.push((named("sources", day), what, WITHOUT_SOURCES));
    }
    // The foot is whole, the pages are not.
    let damage = |day| {
        let file = july.file("sources", day);
        let mut bytes = fs::read(&file).unwrap();
        let pages = bytes.len() / 2;
        bytes[4..pages].fill(0);
        fs::write(&file, bytes).unwrap();
    };
    damage(10);
    expected.push((named("sources", 10), "", WITHOUT_SOURCES));
    // 2 July was maintenance, 11 July is left out: their sources are not asked for.
    damage(2);
    damage(11);
    let report = july.report(&[
        "--no-verify",
        "--exclude",
        "2011-07-11/point-01=disk broken",
    ]);
    names(&report, &expected);
    assert_eq!(report.figure("change")["rows"][0][5], 299);
    let forms = report.figure("forms")["rows"][0].clone();
    assert_eq!((&forms[2], &forms[3]), (&299.into(), &294.into()));
}

#[test]
fn sources_without_a_hash_are_read() {
    let Some(python) = python("sources_without_a_hash_are_read") else {
        return;
    };
    let july = July::new(python);
    let query = "SELECT * REPLACE (NULL::VARCHAR AS sources_sha256) FROM file";
    july.rewrite("coverage", 5, query);
    july.rewrite("coverage", 6, query);
    fs::remove_file(july.file("sources", 6)).unwrap();
    let report = july.report(&[]);
    let expected = [
        (
            named("sources", 5),
            "does not tell its hash",
            "read, unverified",
        ),
        (named("sources", 6), "it is missing", WITHOUT_SOURCES),
    ];
    names(&report, &expected);
    assert_eq!(report.figure("forms")["rows"][0][3], 299);
}

/// Statistics of columns within others are not those of the table's columns.
#[test]
fn columns_within_columns_are_not_those_of_the_table() {
    let Some(python) = python("columns_within_columns_are_not_those_of_the_table") else {
        return;
    };
    let july = July::new(python);
    let inner = "SELECT {'date': DATE '2011-01-01', 'point': 'nowhere', 'class': 'stray', 'packets': 7::BIGINT, \
                 'access': 7::BIGINT, 'observed_seconds': 7::BIGINT} AS inner, * FROM file";
    for (table, day) in [("coverage", 5), ("ports", 6), ("sources", 7)] {
        july.rewrite(table, day, inner);
    }
    let report = july.report(&["--no-verify"]);
    names(&report, &[]);
    let of = report.figure("change")["rows"][0].clone();
    assert_eq!((&of[5], &of[6]), (&300.into(), &(300 * 86_400).into()));
}

#[test]
fn a_file_in_the_place_of_a_folder_is_named() {
    let Some(python) = python("a_file_in_the_place_of_a_folder_is_named") else {
        return;
    };
    let july = July::new(python);
    let name = "coverage/day=2011-06-30";
    fs::write(july.records().join(Path::new(name)), "x").unwrap();
    let report = july.report(&["--no-verify"]);
    names(&report, &[(name.to_owned(), "in the place of", "not read")]);
}
