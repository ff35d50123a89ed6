//! What a report says of records that are not whole: nothing but what they tell.

use std::{fs, path::Path};

use serde_json::json;

use crate::{
    hand_made::{Day, make, report},
    support::{Report, fail, python, script},
};

/// A row of `sources`: address, accesses to 22/tcp, marks.
type Source<'a> = (&'a str, u32, &'a str);

/// Writes the sources of a point's day.
fn write_sources(python: &Path, records: &Path, day: &str, point: &str, rows: &[Source<'_>]) {
    let rows: Vec<_> = rows
        .iter()
        .map(|(source, packets, marks)| format!("('{source}', {packets}, '{marks}')"))
        .collect();
    let query = format!(
        "SELECT f.* REPLACE (v.source AS source, v.packets::BIGINT AS packets, v.marks AS marks, 22::INTEGER AS port, \
         '22/tcp' AS port_type, 64500::BIGINT AS asn) \
         FROM (SELECT * FROM file WHERE class = 'access' AND protocol = 6 LIMIT 1) f, (VALUES {}) v(source, packets, marks)",
        rows.join(", ")
    );
    rewrite(python, records, "sources", day, point, &query);
}

fn rewrite(python: &Path, records: &Path, table: &str, day: &str, point: &str, query: &str) {
    let file = records.join(format!("{table}/day={day}/{point}.parquet"));
    script(python, "rewrite.py", &[file.to_str().unwrap(), query]);
}

/// The report of July 2011; DuckDB agrees with it.
fn made(python: &Path, records: &Path, out: &Path) -> Report {
    let report = Report::make("2011-07", records, out, &["--no-verify"]);
    let folders = [records.to_str().unwrap(), out.to_str().unwrap()];
    assert_eq!(script(python, "recompute.py", &folders).trim(), "41");
    report
}

/// Of a figure's table as it is read: the row that begins so.
fn row(report: &Report, figure: &str, first: &str) -> Vec<String> {
    let rows = report.figure(figure)["table"]["rows"].as_array().unwrap();
    let found = rows.iter().find(|row| row[0] == first);
    let found = found.unwrap_or_else(|| panic!("{figure} has no row {first}: {rows:#?}"));
    serde_json::from_value(found.clone()).unwrap()
}

fn says(report: &Report, all: &[&str]) {
    let words = report.words();
    for said in all {
        assert!(words.contains(said), "{said}\n{words}");
    }
}

/// Of 100 accesses 60 have sources: shares are of 100.
#[test]
fn accesses_without_a_source_are_in_the_denominators() {
    let Some(python) = python("accesses_without_a_source_are_in_the_denominators") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let records = folder.path().join("records");
    let days: [Day<'_>; 2] = [
        ("2011-06-30", "point-01", Some(&[(22, 10)])),
        ("2011-07-01", "point-01", Some(&[(22, 100)])),
    ];
    make(&python, &days, &records);
    let (june, july) = ("2011-06-30", "2011-07-01");
    write_sources(
        &python,
        &records,
        june,
        "point-01",
        &[("192.0.2.1", 10, "")],
    );
    let sources = [
        ("192.0.2.1", 30, "mirai"),
        ("192.0.2.2", 20, ""),
        ("2001:db8::1", 10, ""),
    ];
    write_sources(&python, &records, july, "point-01", &sources);
    let query = "SELECT * REPLACE (40::BIGINT AS overflow_packets, 3::BIGINT AS sources) FROM file";
    rewrite(&python, &records, "ports", july, "point-01", query);
    let query = "SELECT * REPLACE (40::BIGINT AS overflow, true AS sources_lower_bound) FROM file";
    rewrite(&python, &records, "coverage", july, "point-01", query);
    let report = made(&python, &records, &folder.path().join("out"));

    let rest = "Without a source (overflow)";
    for (figure, first, share) in [
        ("concentration", "The busiest address", "30.0 %"),
        ("concentration", "All addresses", "60.0 %"),
        ("concentration", rest, "40.0 %"),
        ("families", "IPv4", "50.0 %"),
        ("families", "IPv6", "10.0 %"),
        ("families", "Without a source", "40.0 %"),
        ("returning", "Returning", "30.0 %"),
        ("returning", "New", "30.0 %"),
        ("returning", "Without a source", "40.0 %"),
        ("networks", rest, "40.0 %"),
        ("networks", "All", "100.0 %"),
        ("marks", "22/tcp", "30.0 %"),
    ] {
        let row = row(&report, figure, first);
        assert_eq!(row.last().unwrap(), share, "{figure}: {row:?}");
    }
    says(
        &report,
        &[
            "There were at least 3 sources and at least 3 distinct addresses (",
            "The busiest address sent 30.0 % of the accesses",
            "from at least 3.0 sources",
            "every day at least 3.0 unknown sources knock at a point.",
            "sources went from",
            "there were at least so many sources",
        ],
    );
    let page = fs::read_to_string(folder.path().join("out/index.html")).unwrap();
    for said in [
        "40 accesses found no room for their sources (overflow)",
        "have lost their marks too",
        "≥ 3.0",
    ] {
        assert!(page.contains(said), "{said}");
    }
}

/// A point whose records are all refused is there all the same.
#[test]
fn refused_days_are_not_days_without_observation() {
    let Some(python) = python("refused_days_are_not_days_without_observation") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (records, out) = (folder.path().join("records"), folder.path().join("out"));
    let days: [Day<'_>; 4] = [
        ("2011-07-01", "point-01", Some(&[(22, 5)])),
        ("2011-07-01", "point-02", Some(&[(22, 5)])),
        ("2011-07-02", "point-01", Some(&[(22, 5)])),
        ("2011-07-02", "point-02", Some(&[(22, 5)])),
    ];
    make(&python, &days, &records);
    for (day, point) in [("01", "point-02"), ("02", "point-01"), ("02", "point-02")] {
        let file = records.join(format!("ports/day=2011-07-{day}/{point}.parquet"));
        fs::write(file, "nothing").unwrap();
    }
    let more = [
        "--no-verify",
        "--exclude",
        "2011-07-02/point-02=disk broken",
    ];
    let report = Report::make("2011-07", &records, &out, &more);
    let folders = [records.to_str().unwrap(), out.to_str().unwrap()];
    assert_eq!(script(&python, "recompute.py", &folders).trim(), "41");

    says(
        &report,
        &[
            "Two monitoring points had records of July 2011, one of them only such as were refused: 62 point-days were to be \
             expected, 1.0 were valid",
            "With records that were refused: three point-days.",
            "Without a record, and so not observed: 58 point-days.",
            "(record refused: it is not a whole Parquet file",
            "; disk broken): 2 July 2011 at point-02.",
        ],
    );
    let of_point = row(&report, "coverage", "point-02");
    assert_eq!(
        of_point[..5],
        ["point-02", "31", "0", "2", "29"],
        "expected, full, refused, without a record"
    );
    let days = &report.figure("coverage-days")["rows"];
    assert_eq!(days[0], json!(["2011-07-01", 1, 86_400, 1]));
    assert_eq!(days[1], json!(["2011-07-02", 0, 0, 2]));
    let refused = report.figure("left-out")["rows"].as_array().unwrap();
    assert_eq!(refused.len(), 3, "{refused:?}");
    assert!(refused.iter().all(|row| row[2] == "refused"), "{refused:?}");
    // Day by day: 2 July was refused, 3 July was not observed.
    assert_eq!(row(&report, "2-1", "2 July 2011")[1], "refused");
    assert_eq!(row(&report, "2-1", "3 July 2011")[1], "not observed");
    let page = fs::read_to_string(out.join("index.html")).unwrap();
    assert!(page.contains(">refused</text>") && page.contains(">not observed</text>"));
    assert!(!page.contains(">left out</text>"));
}

#[test]
fn a_month_of_refused_records_is_refused() {
    let Some(python) = python("a_month_of_refused_records_is_refused") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let records = folder.path().join("records");
    make(
        &python,
        &[("2011-07-01", "point-01", Some(&[(22, 5)]))],
        &records,
    );
    fs::write(records.join("ports/day=2011-07-01/point-01.parquet"), "").unwrap();
    let (from, to) = (records.to_str().unwrap(), folder.path().join("out"));
    let to = to.to_str().unwrap();
    let arguments = [
        "month",
        "2011-07",
        "--records",
        from,
        "--out",
        to,
        "--no-verify",
    ];
    fail(&arguments, 1, "no record of July 2011");
    fail(
        &arguments,
        1,
        "one point-day is refused for the reasons above",
    );
}

#[test]
fn one_access_is_told_as_one() {
    let Some(python) = python("one_access_is_told_as_one") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let days: [Day<'_>; 2] = [
        ("2011-07-01", "point-01", Some(&[(22, 1)])),
        ("2011-07-02", "point-01", Some(&[])),
    ];
    let report = report(&python, &days, folder.path());
    assert_eq!(
        report.json["headline"].as_str().unwrap(),
        "In July 2011, 1 unsolicited (one-sided) access from 1 source was observed at one monitoring point: on average, 0.5 \
         accesses from 0.5 sources at one monitoring point per day."
    );
    says(
        &report,
        &[
            "Put otherwise: a point sees one access every 2.0 days, on average.",
            "1 access came to it from",
            "0 packets of backscatter and 0 strays",
            "Of July 2011 no day counts"
                .replace("July", "June")
                .as_str(),
        ],
    );
    let json = report.json.to_string();
    for wrong in [
        "\"1 accesses",
        " 1 accesses",
        " 1 sources",
        " 1 points",
        " 1 point-days",
        " 1 times",
    ] {
        assert!(!json.contains(wrong), "{wrong}");
    }
}

#[test]
fn a_month_without_accesses_says_so() {
    let Some(python) = python("a_month_without_accesses_says_so") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let report = report(
        &python,
        &[("2011-07-01", "point-01", Some(&[]))],
        folder.path(),
    );
    let headline = report.json["headline"].as_str().unwrap();
    assert!(
        headline.contains("on average, 0 accesses from 0 sources"),
        "{headline}"
    );
    says(
        &report,
        &[
            "No accesses were counted, so no port is in focus.",
            "There is nothing to explain",
            "breaks the accesses down by destination. ",
        ],
    );
    assert!(!report.words().contains("Put otherwise"));
    assert!(!report.words().contains("publisher’s own"));
}

/// Half of July's days of points have plain sources, June's are anonymised.
#[test]
fn figures_of_a_part_are_told_as_such() {
    let Some(python) = python("figures_of_a_part_are_told_as_such") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let records = folder.path().join("records");
    let days: [Day<'_>; 4] = [
        ("2011-06-29", "point-01", Some(&[(22, 10)])),
        ("2011-06-30", "point-01", Some(&[(22, 10)])),
        ("2011-07-01", "point-01", Some(&[(22, 30)])),
        ("2011-07-01", "point-02", Some(&[(22, 10)])),
    ];
    make(&python, &days, &records);
    let july = "2011-07-01";
    write_sources(
        &python,
        &records,
        july,
        "point-01",
        &[("192.0.2.1", 30, "")],
    );
    let form = |day, point, form| {
        let query = format!("SELECT * REPLACE ('{form}' AS sources_form) FROM file");
        rewrite(&python, &records, "coverage", day, point, &query);
    };
    form(july, "point-02", "none");
    form("2011-06-29", "point-01", "anonymised:0123abcd");
    form("2011-06-30", "point-01", "anonymised:0123abcd");
    let report = made(&python, &records, &folder.path().join("out"));
    says(
        &report,
        &[
            "On 1 of 2 days of points (those whose sources are written as they are, with 75.0 % of all accesses), the ",
            "On 1 of 2 days of points (those whose sources are written as they are, with 75.0 % of all accesses), 100.0 % of the sources",
            "New and returning addresses cannot be told apart: of June 2011 no sources are written as they are: \
             they are anonymised:0123abcd.",
        ],
    );

    // One of June's two days in plain form: what returns is a lower bound.
    form("2011-06-29", "point-01", "plain");
    write_sources(
        &python,
        &records,
        "2011-06-29",
        "point-01",
        &[("192.0.2.1", 10, "")],
    );
    let report = made(&python, &records, &folder.path().join("out"));
    says(
        &report,
        &["Of the addresses, at least 100.0 % had been seen in June 2011 too"],
    );
    let page = fs::read_to_string(folder.path().join("out/index.html")).unwrap();
    assert!(page.contains("on 1 of 2 days of points only (the others are: anonymised:0123abcd)"));
}

/// A day that the one point did not watch is no day without accesses.
#[test]
fn a_single_point_is_told_by_its_own_days() {
    let Some(python) = python("a_single_point_is_told_by_its_own_days") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (records, out) = (folder.path().join("records"), folder.path().join("out"));
    let days: [Day<'_>; 7] = [
        ("2011-05-31", "point-01", Some(&[(80, 5)])),
        ("2011-07-01", "point-01", Some(&[(22, 5)])),
        ("2011-07-02", "point-01", Some(&[(22, 5)])),
        ("2011-07-03", "point-01", Some(&[(22, 5)])),
        ("2011-07-04", "point-01", Some(&[(22, 5)])),
        ("2011-07-01", "point-02", Some(&[(22, 5), (3000, 5)])),
        ("2011-07-02", "point-02", Some(&[(22, 5)])),
    ];
    make(&python, &days, &records);
    let edition = folder.path().join("edition.toml");
    fs::write(&edition, "focus = [\"3000/tcp\"]").unwrap();
    let more = [
        "--no-verify",
        "--edition",
        edition.to_str().unwrap(),
        "--exclude",
        "2011-07-04/point-02=never there",
    ];
    // There is nothing to leave out on the 4th at point-02.
    let (from, to) = (records.to_str().unwrap(), out.to_str().unwrap());
    let arguments = ["month", "2011-07", "--records", from, "--out", to];
    fail(
        &[&arguments[..], &more[..]].concat(),
        2,
        "there is no such record",
    );
    let report = Report::make("2011-07", &records, &out, &more[..3]);
    assert_eq!(script(&python, "recompute.py", &[from, to]).trim(), "41");
    assert_eq!(row(&report, "1-3", "1 July 2011")[1], "5");
    assert_eq!(row(&report, "1-3", "2 July 2011")[1], "0");
    assert_eq!(row(&report, "1-3", "3 July 2011")[1], "not observed");
    assert_eq!(row(&report, "2-1", "3 July 2011")[1], "5");
    let page = fs::read_to_string(out.join("index.html")).unwrap();
    for said in [
        "Not all points watched all day on each of these days",
        "Of June 2011 no day counts.",
    ] {
        assert!(page.contains(said), "{said}");
    }
    says(
        &report,
        &["Of the two months that count, accesses per point and day were"],
    );
}
