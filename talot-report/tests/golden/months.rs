//! The two months that were reported.

use std::{fs, process::Command};

use crate::support::{Report, copy_of_month, fail, python, records, script, succeed};

/// The figures of both reports of TALOT2, by the numbers that they have here.
const SEEDS: [&str; 19] = [
    "1-1", "1-2", "1-3", "2-1", "2-2", "2-3", "2-4", "2-5", "2-6", "2-7", "2-8", "3-1", "3-2",
    "3-3", "3-4", "2.1.1", "2.1.2", "2.2.1", "2.2.2",
];

#[test]
fn july_2011_comes_out_as_it_was_reported() {
    let Some(python) = python("july_2011_comes_out_as_it_was_reported") else {
        return;
    };
    let out = tempfile::tempdir().unwrap();
    let report = Report::make("2011-07", &records(&python, "2011"), out.path(), &[]);

    let headline = report.json["headline"].as_str().unwrap();
    assert_eq!(
        headline,
        "In July 2011, 102,888 unsolicited (one-sided) accesses from 46,222 sources were observed at ten monitoring points: on \
         average, 343 accesses from 154 sources at one monitoring point per day."
    );
    let words = report.words();
    for said in [
        "Left out of all figures (maintenance work): 2 July 2011.",
        "310 point-days were to be expected, 300.0 were valid",
        "Access to 445/tcp fell most, access to 11083/tcp rose most.",
        "Access to 11083/tcp was observed at a single monitoring point, point-07, since 3 July",
        "mainly from the United States",
        "may not add up to 100 per cent",
        "it is assumed that an ordinary user’s connection receives as much",
    ] {
        assert!(words.contains(said), "{said}\n{words}");
    }
    // 2 July is in no figure: what was sent on that day went to a port of its own.
    assert!(
        !fs::read_to_string(report.folder.join("data/ports.csv"))
            .unwrap()
            .contains("4444/tcp")
    );
    assert_eq!(
        report.json["focus"],
        serde_json::json!(["445/tcp", "11083/tcp"])
    );
    for id in SEEDS {
        let figure = report.figure(id);
        assert!(!figure["rows"].as_array().unwrap().is_empty(), "{id}");
    }
    for figure in report.json["figures"].as_array().unwrap() {
        for file in ["csv", "sql"] {
            let path = report.folder.join(figure[file].as_str().unwrap());
            assert!(path.is_file(), "{}", path.display());
        }
    }
    let row = |id: &str, place: usize| report.figure(id)["rows"][place].clone();
    assert_eq!(
        row("1-1", 5),
        serde_json::json!(["2011-07", 102_888, 46_222, 300 * 86_400, 0])
    );
    assert_eq!(
        script(
            &python,
            "recompute.py",
            &[
                records(&python, "2011").to_str().unwrap(),
                out.path().to_str().unwrap()
            ]
        )
        .trim(),
        "41"
    );
}

#[test]
fn october_2007_comes_out_as_it_was_reported() {
    let Some(python) = python("october_2007_comes_out_as_it_was_reported") else {
        return;
    };
    let out = tempfile::tempdir().unwrap();
    let edition = out.path().join("edition.toml");
    fs::write(
        &edition,
        r#"
        title = "Observation status, October 2007"
        publisher = "An agency"
        published = 2007-11-26
        focus = ["135/tcp", "445/tcp"]
        [port_groups]
        "1026/udp, 1027/udp" = ["1026/udp", "1027/udp"]
        [sections]
        focus = "Most of these accesses come from **bots**."
        [ports]
        "4899/tcp" = "Our own words."
        "#,
    )
    .unwrap();
    let edition = ["--edition", edition.to_str().unwrap()];
    let folder = out.path().join("2007-10");
    let report = Report::make("2007-10", &records(&python, "2007"), &folder, &edition);

    let words = report.words();
    for said in [
        "278,497 unsolicited",
        "898 accesses from 233 sources",
        "every day 233 unknown sources knock at a point, each about 4 times",
        "In focus: 135/tcp and 445/tcp, chosen by the publisher",
        "Most of these accesses come from **bots**.",
        "Japan",
    ] {
        assert!(words.contains(said), "{said}\n{words}");
    }
    let ports = fs::read_to_string(folder.join("data/2-3.csv")).unwrap();
    assert!(
        ports.contains("\"1026/udp, 1027/udp\"") && !ports.contains("\n1026/udp"),
        "{ports}"
    );
    let page = fs::read_to_string(folder.join("index.html")).unwrap();
    for said in [
        "Observation status, October 2007",
        "An agency",
        "26 November 2007",
        "Our own words.",
        "<strong>bots</strong>",
    ] {
        assert!(page.contains(said), "{said}");
    }
    let records = records(&python, "2007");
    let compared = script(
        &python,
        "recompute.py",
        &[records.to_str().unwrap(), folder.to_str().unwrap()],
    );
    assert_eq!(compared.trim(), "41");

    // The page of back numbers.
    succeed(&["index", "--out", out.path().to_str().unwrap()]);
    let page = fs::read_to_string(out.path().join("index.html")).unwrap();
    assert!(
        page.contains("2007-10/index.html") && page.contains("898 accesses from 233 sources"),
        "{page}"
    );
}

/// Whatever the number of processors.
#[test]
fn the_same_records_give_the_same_files() {
    let Some(python) = python("the_same_records_give_the_same_files") else {
        return;
    };
    let records = records(&python, "2011");
    let out = tempfile::tempdir().unwrap();
    let first = Report::make("2011-07", &records, &out.path().join("first"), &[]).files();
    let second = out.path().join("second");
    let mut alone = Command::new("taskset");
    alone.args([
        "-c",
        "0",
        env!("CARGO_BIN_EXE_talot-report"),
        "month",
        "2011-07",
        "--records",
    ]);
    let status = alone.arg(&records).arg("--out").arg(&second).status();
    assert!(status.expect("taskset, of util-linux").success());
    let json = serde_json::Value::Null;
    let second = Report {
        folder: second,
        json,
    }
    .files();
    assert_eq!(first.len(), second.len());
    for ((name, first), (other, second)) in first.iter().zip(&second) {
        assert_eq!(name, other);
        assert!(first == second, "{name} differs");
    }
}

#[test]
fn an_analyst_can_ask_the_rest() {
    let Some(python) = python("an_analyst_can_ask_the_rest") else {
        return;
    };
    let records = records(&python, "2011");
    let ask = |query: &str, format: &str| {
        succeed(&[
            "sql",
            query,
            "--records",
            records.to_str().unwrap(),
            "--format",
            format,
        ])
    };
    let query = "SELECT p.port, SUM(p.packets) AS accesses, NULL AS nothing FROM ports p JOIN coverage c ON c.date = p.date AND c.point = p.point \
                 WHERE p.class = 'access' AND c.status <> 'maintenance' AND p.date BETWEEN DATE '2011-07-01' AND DATE '2011-07-31' \
                 GROUP BY p.port ORDER BY accesses DESC LIMIT 1";
    assert_eq!(ask(query, "csv"), "port,accesses,nothing\n445,43406,\n");
    assert_eq!(
        ask(query, "json"),
        "{\"port\":445,\"accesses\":43406,\"nothing\":null}\n"
    );
    let first = "SELECT date, point, sources_lower_bound, closed_at FROM coverage ORDER BY date, point LIMIT 1";
    assert_eq!(
        ask(first, "csv"),
        "date,point,sources_lower_bound,closed_at\n2010-07-01,point-01,false,2010-07-02T00:01:00Z\n"
    );
    assert_eq!(
        ask(
            "SELECT sources_lower_bound AS is, NULL AS nothing FROM coverage LIMIT 1",
            "json"
        ),
        "{\"is\":false,\"nothing\":null}\n"
    );
}

/// Whoever may ask must not thereby write files, or read others than the records.
#[test]
fn a_question_can_only_read() {
    let Some(python) = python("a_question_can_only_read") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let few = folder.path().join("records");
    copy_of_month(&records(&python, "2011"), "2011-07-0", &few);
    let file = folder.path().join("stolen.csv");
    let shown = file.display();
    for (query, said) in [
        (format!("COPY (SELECT 1) TO '{shown}'"), "DML not supported"),
        (
            format!("EXPLAIN ANALYZE COPY (SELECT 1) TO '{shown}'"),
            "DML not supported",
        ),
        (
            "CREATE EXTERNAL TABLE t (line VARCHAR) STORED AS CSV LOCATION '/etc/passwd'".into(),
            "DDL not supported",
        ),
        (
            "SET datafusion.execution.batch_size = 1".into(),
            "not supported",
        ),
        ("SELECT * FROM '/etc/passwd'".into(), "not found"),
    ] {
        let records = few.to_str().unwrap();
        fail(&["sql", &query, "--records", records], 1, said);
    }
    assert!(!file.exists());
}
