//! Reports of a few days made by hand.

use std::{fs, path::Path};

use crate::support::{Report, python, records, script};

/// A point's day: the accesses to ports of TCP, or that nothing was observed.
pub(crate) type Day<'a> = (&'a str, &'a str, Option<&'a [(u16, u32)]>);

/// Writes days as they are told, in place of golden records.
pub(crate) fn make(python: &Path, days: &[Day<'_>], to: &Path) {
    let golden = records(python, "2011");
    for (day, point, accesses) in days {
        let copied = |table: &str| {
            let name = format!("{table}/day={day}/{point}.parquet");
            let file = to.join(&name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::copy(golden.join(&name), &file).unwrap();
            file
        };
        let rewrite = |table: &str, query: &str| {
            let file = copied(table);
            script(python, "rewrite.py", &[file.to_str().unwrap(), query]);
        };
        let ports = accesses.unwrap_or(&[(1, 0)]);
        let mut rows: Vec<_> = ports.iter().map(|row| format!("{row:?}")).collect();
        if rows.is_empty() {
            rows.push("(1, 0)".to_owned());
        }
        for (table, more) in [
            ("ports", ", LEAST(f.sources, v.packets)::BIGINT AS sources"),
            ("sources", ""),
        ] {
            rewrite(
                table,
                &format!(
                    "SELECT f.* REPLACE (v.port::INTEGER AS port, v.port || '/tcp' AS port_type, v.packets::BIGINT AS packets{more}) \
                     FROM (SELECT * FROM file WHERE class = 'access' AND protocol = 6 LIMIT 1) f, \
                     (VALUES {}) v(port, packets) WHERE v.packets > 0",
                    rows.join(", ")
                ),
            );
        }
        let access: u32 = ports.iter().map(|(_, packets)| packets).sum();
        let (seconds, status) = accesses.map_or((0, "down"), |_| (86_400, "full"));
        rewrite(
            "coverage",
            &format!(
                "SELECT * REPLACE ({access}::BIGINT AS access, 0::BIGINT AS backscatter, 0::BIGINT AS stray, \
                 (seen - backscatter - stray - access + {access})::BIGINT AS seen, 0::BIGINT AS maintenance_seconds, \
                 {seconds}::BIGINT AS observed_seconds, '{status}' AS status) FROM file"
            ),
        );
    }
}

/// The report of July 2011 of these days; DuckDB agrees with it.
pub(crate) fn report(python: &Path, days: &[Day<'_>], folder: &Path) -> Report {
    let (records, out) = (folder.join("records"), folder.join("out"));
    make(python, days, &records);
    let report = Report::make("2011-07", &records, &out, &["--no-verify"]);
    let folders = [records.to_str().unwrap(), out.to_str().unwrap()];
    assert_eq!(script(python, "recompute.py", &folders).trim(), "41");
    report
}

/// Ten ports that stay first, and others.
fn with_steady<'a>(
    others: &[(u16, u32)],
    all: &'a mut Vec<(u16, u32)>,
) -> Option<&'a [(u16, u32)]> {
    all.extend((1..=10).map(|port| (port, 1000)));
    all.extend(others);
    Some(all)
}

#[test]
fn what_moved_most_is_looked_for_among_all_ports() {
    let Some(python) = python("what_moved_most_is_looked_for_among_all_ports") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (mut june, mut july) = (Vec::new(), Vec::new());
    let june = with_steady(&[(3000, 300)], &mut june);
    let july = with_steady(&[(2000, 500), (2001, 400)], &mut july);
    let days = [
        ("2011-06-30", "point-01", june),
        ("2011-07-01", "point-01", july),
    ];
    let report = report(&python, &days, folder.path());
    // The two that moved most are in focus; the third is in no list of the first ten.
    assert_eq!(
        report.json["focus"],
        serde_json::json!(["2000/tcp", "2001/tcp"])
    );
    let words = report.words();
    let said = "Access to 3000/tcp fell most, access to 2000/tcp rose most.";
    assert!(words.contains(said), "{words}");
    assert!(words.contains("3000/tcp: from 300.0 to 0.0"), "{words}");
}

/// A port that a new point saw on its first day is not new.
#[test]
fn since_a_day_is_said_only_if_the_point_watched_before_it() {
    let Some(python) = python("since_a_day_is_said_only_if_the_point_watched_before_it") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let days: [Day<'_>; 5] = [
        ("2011-06-30", "point-01", Some(&[(22, 5)])),
        ("2011-07-01", "point-01", Some(&[(22, 5)])),
        ("2011-07-02", "point-01", Some(&[(22, 5), (2000, 7)])),
        ("2011-07-02", "point-02", Some(&[(22, 5), (3000, 9)])),
        ("2011-07-03", "point-02", Some(&[(22, 5), (3000, 9)])),
    ];
    let words = report(&python, &days, folder.path()).words();
    for said in [
        "Access to 2000/tcp was observed at a single monitoring point, point-01, since 2 July: 7 accesses",
        "Access to 3000/tcp was observed at a single monitoring point, point-02, first on 2 July: 18 accesses",
    ] {
        assert!(words.contains(said), "{said}\n{words}");
    }
}

#[test]
fn a_point_that_observed_nothing_did_not_watch() {
    let Some(python) = python("a_point_that_observed_nothing_did_not_watch") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let days: [Day<'_>; 4] = [
        ("2011-07-01", "point-01", Some(&[(22, 5)])),
        ("2011-07-01", "point-02", None),
        ("2011-07-02", "point-01", None),
        ("2011-07-02", "point-02", None),
    ];
    let report = report(&python, &days, folder.path());
    let headline = report.json["headline"].as_str().unwrap();
    assert!(headline.contains("at one monitoring point:"), "{headline}");
    let words = report.words();
    assert!(!words.contains("at a single monitoring point"), "{words}");
    let days = report.figure("coverage-days")["rows"].clone();
    assert_eq!(days[0], serde_json::json!(["2011-07-01", 1, 86_400, 0]));
    assert_eq!(days[1], serde_json::json!(["2011-07-02", 0, 0, 0]));
    for id in ["2.1.2", "backscatter-days"] {
        let rows = report.figure(id)["rows"].as_array().unwrap();
        assert!(
            rows.iter().all(|row| row[0] == "2011-07-01"),
            "{id}: {rows:?}"
        );
    }
}

/// That a point is new is no cause: it is compared what watched in both months.
#[test]
fn new_points_are_no_causes() {
    let Some(python) = python("new_points_are_no_causes") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let days: [Day<'_>; 5] = [
        ("2011-06-30", "point-01", Some(&[(22, 10)])),
        ("2011-06-30", "point-02", Some(&[(22, 10)])),
        ("2011-07-01", "point-01", Some(&[(22, 30)])),
        ("2011-07-01", "point-02", Some(&[(22, 10)])),
        ("2011-07-01", "point-03", Some(&[(22, 80)])),
    ];
    let words = report(&python, &days, folder.path()).words();
    // Of (30 + 10) / 2 against (10 + 10) / 2, all is point-01's.
    let said = "; at the two points that watched in both months (three did in this one, two in the last) by +10.0, \
                most of it point-01 (+10.0).";
    assert!(words.contains(said), "{words}");
}

#[test]
fn sources_without_room_make_the_headline_a_lower_bound() {
    let Some(python) = python("sources_without_room_make_the_headline_a_lower_bound") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (records, out) = (folder.path().join("records"), folder.path().join("out"));
    let days: [Day<'_>; 1] = [("2011-07-01", "point-01", Some(&[(22, 5)]))];
    make(&python, &days, &records);
    let file = records.join("coverage/day=2011-07-01/point-01.parquet");
    let query = "SELECT * REPLACE (true AS sources_lower_bound) FROM file";
    script(&python, "rewrite.py", &[file.to_str().unwrap(), query]);
    let report = Report::make("2011-07", &records, &out, &["--no-verify"]);
    let headline = report.json["headline"].as_str().unwrap();
    assert!(headline.contains("from at least "), "{headline}");
}
