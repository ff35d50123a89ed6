//! The forms of the sources.

use super::*;
use crate::{
    config::Privacy,
    privacy::{CryptoPan, SourcesForm},
};

fn close_in(dir: &Path, journal: &Journal, form: &SourcesForm) {
    let parity = Parity(RefCell::default());
    let manner = Manner {
        enrichment: &parity,
        sources: form,
        ..Manner::PLAIN
    };
    let (zone, closed_at) = (&TimeZone::UTC, CLOSED_AT.parse().unwrap());
    close_day(
        dir,
        zone,
        journal.drains(),
        day(),
        "tokyo-1",
        closed_at,
        manner,
    )
    .unwrap();
}

/// The tables of the same day, closed in this form and as it is.
fn closed(form: &SourcesForm) -> [[Vec<Value>; 3]; 2] {
    let [formed, plain] = [form, &SourcesForm::Plain].map(|form| {
        let dir = TempDir::new().unwrap();
        let (mut journal, _) = random_journal(dir.path(), 21);
        journal.forget(day(), "osaka-1").unwrap();
        let manner = Manner {
            enrichment: &Parity(RefCell::default()),
            sources: form,
            ..Manner::PLAIN
        };
        let export = Export {
            data_dir: dir.path(),
            zone: &TimeZone::UTC,
            manner,
            verify: true,
        };
        let mut open = Vec::new();
        let (sources, csv) = (Table::Sources, Format::Csv);
        export.write(sources, None, csv, &mut open).unwrap();
        close_in(dir.path(), &journal, form);
        let mut closed = Vec::new();
        export.write(sources, None, csv, &mut closed).unwrap();
        let of = |csv: Vec<u8>| {
            let text = String::from_utf8(csv).unwrap();
            let lines = text.lines().filter(|line| !line.contains(",osaka-1,"));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(of(open), of(closed), "the open day has the same form");
        let tmp = dir.path().join("tmp");
        assert_eq!(tmp.read_dir().unwrap().count(), 0);
        let ports = fs::read(layout::file(dir.path(), Table::Ports, day(), "tokyo-1")).unwrap();
        let tables = Table::ALL.map(|table| {
            let mut rows = rows(dir.path(), table);
            rows.retain(|row| row["point"] == "tokyo-1");
            rows
        });
        (tables, ports)
    });
    assert!(formed.1 == plain.1, "ports are counted before");
    [formed.0, plain.0]
}

fn check_order(sources: &[Value]) {
    for pair in sources.windows(2) {
        assert!(order(&pair[0]) < order(&pair[1]), "{} {}", pair[0], pair[1]);
    }
}

#[test]
fn pseudonyms_stand_in_their_own_order_with_the_origin_of_the_source() {
    let pseudonyms = || Box::new(CryptoPan::new(&[9; 32]));
    let [[sources, _, coverage], [plain, ..]] = closed(&SourcesForm::Anonymised {
        pseudonyms: pseudonyms(),
        fingerprint: "0123".to_owned(),
    });
    assert_eq!(coverage[0]["sources_form"], "anonymised:0123");
    check_order(&sources);
    let pseudonyms = pseudonyms();
    let mut expected: Vec<String> = plain
        .into_iter()
        .map(|mut row| {
            let source: IpAddr = row["source"].as_str().unwrap().parse().unwrap();
            row["source"] = json!(pseudonyms.anonymise(source).to_string());
            row.to_string()
        })
        .collect();
    let mut found: Vec<String> = sources.iter().map(Value::to_string).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn truncated_sources_are_merged_and_have_the_origin_of_the_busiest() {
    let form = SourcesForm::Truncated { v4: 31, v6: 127 };
    let [[sources, _, coverage], [plain, ..]] = closed(&form);
    assert_eq!(coverage[0]["sources_form"], "truncated:/31,/127");
    check_order(&sources);
    let mut expected = BTreeMap::<String, Vec<&Value>>::new();
    for row in &plain {
        let source: IpAddr = row["source"].as_str().unwrap().parse().unwrap();
        let network: IpAddr = match source {
            IpAddr::V4(source) => (u32::from(source) & !1).to_be_bytes().into(),
            IpAddr::V6(source) => (u128::from(source) & !1).to_be_bytes().into(),
        };
        let key = format!("{}|{}|{network}", row["class"], row["port_type"]);
        expected.entry(key).or_default().push(row);
    }
    assert!(sources.len() < plain.len());
    assert_eq!(sources.len(), expected.len());
    for row in &sources {
        let source = row["source"].as_str().unwrap();
        let merged = &expected[&format!("{}|{}|{source}", row["class"], row["port_type"])];
        let packets = |row: &Value| row["packets"].as_i64().unwrap();
        assert_eq!(
            packets(row),
            merged.iter().map(|row| packets(row)).sum::<i64>()
        );
        let texts = |column: &str| -> Vec<&str> {
            merged
                .iter()
                .map(|row| row[column].as_str().unwrap())
                .collect()
        };
        assert_eq!(row["first_seen"], json!(texts("first_seen").iter().min()));
        assert_eq!(row["last_seen"], json!(texts("last_seen").iter().max()));
        for marks in texts("marks").join(",").split_terminator(',') {
            assert!(row["marks"].as_str().unwrap().contains(marks));
        }
        let busiest = merged.iter().max_by_key(|row| packets(row)).unwrap();
        assert_eq!(row["country"], busiest["country"]);
    }
}

#[test]
fn without_sources_nothing_of_them_is_written_nor_left() {
    let [[sources, ports, coverage], _] = closed(&SourcesForm::None);
    assert!(sources.is_empty() && !ports.is_empty());
    assert_eq!(coverage[0]["sources_form"], "none");
    assert_eq!(coverage[0]["sources_sha256"], Value::Null);

    // An interrupted closing of another form has written some.
    let dir = TempDir::new().unwrap();
    let (journal, _) = random_journal(dir.path(), 21);
    let stale = layout::file(dir.path(), Table::Sources, day(), "tokyo-1");
    fs::create_dir_all(stale.parent().unwrap()).unwrap();
    fs::write(&stale, "sources").unwrap();
    close_in(dir.path(), &journal, &SourcesForm::None);
    assert!(!stale.exists());
}

#[test]
fn the_configured_form_is_the_recorded_one() {
    for (privacy, name) in [
        (Privacy::Plain, "plain"),
        (Privacy::Truncate { v4: 24, v6: 48 }, "truncated:/24,/48"),
        (Privacy::None, "none"),
    ] {
        assert_eq!(SourcesForm::open(&privacy).unwrap().name(), name);
    }
}
