//! Reports of a few days made by hand.

use std::{fs, path::Path};

use crate::support::{Report, python, records, script};

/// A point's day: the accesses to ports of TCP, or that nothing was observed.
type Day<'a> = (&'a str, &'a str, Option<&'a [(u16, u32)]>);

/// Writes days as they are told, in place of golden records.
fn make(python: &Path, days: &[Day<'_>], to: &Path) {
    let golden = records(python, "2011");
    for (day, point, accesses) in days {
        let rewrite = |table: &str, query: &str| {
            let name = format!("{table}/day={day}/{point}.parquet");
            let file = to.join(&name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::copy(golden.join(&name), &file).unwrap();
            script(python, "rewrite.py", &[file.to_str().unwrap(), query]);
        };
        let ports = accesses.unwrap_or(&[(1, 0)]);
        let rows: Vec<_> = ports.iter().map(|row| format!("{row:?}")).collect();
        rewrite(
            "ports",
            &format!(
                "SELECT f.* REPLACE (v.port::INTEGER AS port, v.port || '/tcp' AS port_type, v.packets::BIGINT AS packets) \
                 FROM (SELECT * FROM file WHERE class = 'access' AND protocol = 6 LIMIT 1) f, \
                 (VALUES {}) v(port, packets) WHERE v.packets > 0",
                rows.join(", ")
            ),
        );
        let access: u32 = ports.iter().map(|(_, packets)| packets).sum();
        let (seconds, status) = accesses.map_or((0, "down"), |_| (86_400, "full"));
        rewrite(
            "coverage",
            &format!(
                "SELECT * REPLACE ({access}::BIGINT AS access, 0::BIGINT AS backscatter, 0::BIGINT AS stray, \
                 {seconds}::BIGINT AS observed_seconds, '{status}' AS status) FROM file"
            ),
        );
    }
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
    let records = folder.path().join("records");
    let (mut june, mut july) = (Vec::new(), Vec::new());
    let june = with_steady(&[(3000, 300)], &mut june);
    let july = with_steady(&[(2000, 500), (2001, 400)], &mut july);
    let days = [
        ("2011-06-30", "point-01", june),
        ("2011-07-01", "point-01", july),
    ];
    make(&python, &days, &records);
    let out = folder.path().join("out");
    let report = Report::make("2011-07", &records, &out, &["--no-verify"]);
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
