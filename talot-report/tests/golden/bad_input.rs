//! Records that are not as they should be: refused or named, never silently counted.

use std::{fs, path::Path};

use crate::support::{Report, copy_of_month, fail, python, records, script};

/// Files of a point's day.
fn file(records: &Path, table: &str, day: &str, point: &str) -> std::path::PathBuf {
    records.join(format!("{table}/day={day}/{point}.parquet"))
}

#[test]
fn what_is_wrong_with_files_is_named_and_left_out() {
    let Some(python) = python("what_is_wrong_with_files_is_named_and_left_out") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let records_folder = folder.path().join("records");
    copy_of_month(&records(&python, "2011"), "2011-07", &records_folder);
    let at = |table: &str, day: &str, point: &str| file(&records_folder, table, day, point);

    // Damaged: one bit.
    let damaged = at("ports", "2011-07-05", "point-01");
    let mut bytes = fs::read(&damaged).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&damaged, bytes).unwrap();
    // Cut short.
    let cut = at("coverage", "2011-07-06", "point-02");
    let bytes = fs::read(&cut).unwrap();
    fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    // Gone.
    fs::remove_file(at("ports", "2011-07-07", "point-03")).unwrap();
    // The sources damaged: the rest counts.
    fs::write(at("sources", "2011-07-08", "point-04"), "nothing").unwrap();
    // No hash beside it.
    fs::remove_file(records_folder.join("coverage/day=2011-07-09/_point-05.sha256")).unwrap();
    // No coverage record.
    fs::remove_file(at("coverage", "2011-07-10", "point-06")).unwrap();
    // Of an older definition.
    let older = at("coverage", "2011-07-11", "point-07");
    let beside = records_folder.join("coverage/day=2011-07-11/_point-07.sha256");
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let query = "SELECT * REPLACE (0::INTEGER AS definition) FROM file";
    script(
        &python,
        "rewrite.py",
        &[&text(&older), query, &text(&beside)],
    );
    // Of another day, under this day's name.
    fs::copy(
        at("coverage", "2011-07-13", "point-08"),
        at("coverage", "2011-07-12", "point-08"),
    )
    .unwrap();
    fs::copy(
        records_folder.join("coverage/day=2011-07-13/_point-08.sha256"),
        records_folder.join("coverage/day=2011-07-12/_point-08.sha256"),
    )
    .unwrap();
    // Foreign.
    fs::write(records_folder.join("ports/day=2011-07-14/notes.txt"), "x").unwrap();
    fs::create_dir(records_folder.join("coverage/day=yesterday")).unwrap();
    // A point that went: no records from the 20th.
    for day in 20..=31 {
        for table in ["sources", "ports", "coverage"] {
            fs::remove_file(at(table, &format!("2011-07-{day}"), "point-10")).unwrap();
        }
        fs::remove_file(
            records_folder.join(format!("coverage/day=2011-07-{day}/_point-10.sha256")),
        )
        .unwrap();
    }

    let report = Report::make("2011-07", &records_folder, &folder.path().join("out"), &[]);
    let problems = report.json["problems"].as_array().unwrap();
    let named = |file: &str, what: &str, consequence: &str| {
        let found = problems.iter().find(|problem| problem["file"] == file);
        let found = found.unwrap_or_else(|| panic!("{file} is not named: {problems:#?}"));
        assert!(found["what"].as_str().unwrap().contains(what), "{found}");
        assert_eq!(found["consequence"], consequence, "{found}");
    };
    let left_out = "point and day left out";
    named(
        "ports/day=2011-07-05/point-01.parquet",
        "not what the hash",
        left_out,
    );
    named(
        "coverage/day=2011-07-06/point-02.parquet",
        "not what its hash",
        left_out,
    );
    named("ports/day=2011-07-07/point-03.parquet", "missing", left_out);
    named(
        "sources/day=2011-07-08/point-04.parquet",
        "hash",
        "left out of the figures made from sources",
    );
    named(
        "coverage/day=2011-07-09/point-05.parquet",
        "no _point-05.sha256",
        "read, unverified",
    );
    named(
        "ports/day=2011-07-10/point-06.parquet",
        "no coverage record",
        "not read",
    );
    named(
        "coverage/day=2011-07-11/point-07.parquet",
        "definition 0",
        left_out,
    );
    named(
        "coverage/day=2011-07-12/point-08.parquet",
        "another day",
        left_out,
    );
    named(
        "ports/day=2011-07-14/notes.txt",
        "not named as a record",
        "not read",
    );
    named("coverage/day=yesterday", "not a day", "not read");

    // 310 less maintenance (10), what is left out above (6), and the point that went (12).
    let row = report.figure("change")["rows"][0].clone();
    assert_eq!(row[5], 282, "{row}");
    let words = report.words();
    assert!(
        words.contains("Without a record, and so not observed: 13 point-days."),
        "{words}"
    );
    for said in [
        "With records that were refused: five point-days.",
        "Left out of all figures (record refused: it is not what the hash in the coverage record says): 5 July 2011 at point-01.",
    ] {
        assert!(words.contains(said), "{said}\n{words}");
    }
    assert!(
        words.contains("Made from 281 of 282 days of points")
            || report.figure("forms")["rows"][0][3] == 281
    );
    assert!(
        words.contains("One coverage record are unverified") || words.contains("unverified"),
        "{words}"
    );
    let page = fs::read_to_string(folder.path().join("out/index.html")).unwrap();
    assert!(page.contains("ports/day=2011-07-05/point-01.parquet"));

    // DuckDB reads what the report read, and nothing else.
    let folders = [text(&records_folder), text(&folder.path().join("out"))];
    let folders = folders.each_ref().map(String::as_str);
    assert_eq!(script(&python, "recompute.py", &folders).trim(), "41");
}

#[test]
fn days_are_left_out_by_choice() {
    let Some(python) = python("days_are_left_out_by_choice") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let records = records(&python, "2011");
    let exclude = [
        "--exclude",
        "2011-07-10=power cut",
        "--exclude",
        "2011-07-11/point-03=cable pulled",
        "--exclude",
        "2011-06-12/point-04=a test of ours",
    ];
    let report = Report::make("2011-07", &records, folder.path(), &exclude);
    assert_eq!(report.figure("change")["rows"][0][6], (300 - 11) * 86_400);
    let words = report.words();
    for said in [
        "Left out of all figures (power cut): 10 July 2011.",
        "Left out of all figures (cable pulled): 11 July 2011 at point-03.",
        "Left out of all figures (a test of ours): 12 June 2011 at point-04.",
        "Left out of all figures (maintenance work): 2 July 2011.",
    ] {
        assert!(words.contains(said), "{said}\n{words}");
    }
    // Each day of a point is one thing only.
    for row in report.figure("coverage")["table"]["rows"]
        .as_array()
        .unwrap()
    {
        let number = |column: usize| row[column].as_str().unwrap().parse::<u32>().unwrap();
        // Expected; full, partial, maintenance, left out, … ; valid point-days, share.
        let kinds = 2..row.as_array().unwrap().len() - 2;
        assert_eq!(number(1), kinds.map(number).sum::<u32>(), "{row}");
    }
    let compared = script(
        &python,
        "recompute.py",
        &[records.to_str().unwrap(), folder.path().to_str().unwrap()],
    );
    assert_eq!(compared.trim(), "41");
}

#[test]
fn what_cannot_be_reported_is_refused() {
    let Some(python) = python("what_cannot_be_reported_is_refused") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let golden = folder.path().join("records");
    copy_of_month(&records(&python, "2011"), "2011-07", &golden);
    let golden = golden.to_str().unwrap();
    let out = folder.path().join("out");
    let out = out.to_str().unwrap();
    let month = |month: &str, records: &str, more: &[&str], status: i32, said: &str| {
        let mut arguments = vec!["month", month, "--records", records, "--out", out];
        arguments.extend(more);
        fail(&arguments, status, said);
        assert!(!Path::new(out).exists(), "nothing is written");
    };
    month(
        "2012-01",
        golden,
        &[],
        1,
        "there are no records of January 2012",
    );
    month("2011-07", "/nowhere", &[], 1, "--records names the folder");
    month("2011-7", golden, &[], 2, "write it as 2011-07");
    month(
        "2011-07",
        golden,
        &["--exclude", "yesterday=x"],
        2,
        "is not a day",
    );
    month(
        "2011-07",
        golden,
        &["--exclude", "2011-08-01=x"],
        2,
        "there is no such record up to July 2011",
    );
    let days: Vec<_> = (1..=31)
        .flat_map(|day| ["--exclude".to_owned(), format!("2011-07-{day:02}=x")])
        .collect();
    let days: Vec<_> = days.iter().map(String::as_str).collect();
    month("2011-07", golden, &days, 1, "no day of July 2011 counts");
    month(
        "2011-07",
        golden,
        &["--edition", "/nowhere.toml"],
        2,
        "/nowhere.toml",
    );
    let edition = folder.path().join("edition.toml");
    for (text, said) in [
        ("titel = \"x\"", "unknown field `titel`"),
        (
            "[sections]\nnowhere = \"x\"",
            "there is no section `nowhere`",
        ),
        ("published = \"soon\"", "`soon` is not a day"),
        (
            "focus = [\"1026/udp\"]\n[port_groups]\nx = [\"1026/udp\"]",
            "part of the port group `x`",
        ),
    ] {
        fs::write(&edition, text).unwrap();
        month(
            "2011-07",
            golden,
            &["--edition", edition.to_str().unwrap()],
            2,
            said,
        );
    }
    fail(&["index", "--out", "/nowhere"], 1, "/nowhere");
    fail(
        &["sql", "SELECT nothing FROM ports", "--records", golden],
        1,
        "nothing",
    );
    fail(
        &["sql", "SELECT 1; SELECT 2", "--records", golden],
        1,
        "not one SQL statement",
    );
}
