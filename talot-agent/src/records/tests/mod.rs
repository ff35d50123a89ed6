mod damaged;
mod expiry;
mod forms;
mod interrupted;

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs,
    net::{IpAddr, Ipv6Addr},
    path::{Path, PathBuf},
    process::Command,
};

use arrow_schema::{DataType, TimeUnit};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Value, json};
use talot_common::{
    port_type::{Aim, Kind},
    words::Class,
};
use tempfile::TempDir;

use super::{
    Enrichment, Export, Format, Manner, Origin, Table, close_day, closed_at, closed_days,
    is_closed, layout,
};
use crate::{
    journal::{
        Journal, Section,
        model::{DAY_START, Model, Random, day, random_row, random_section, section},
    },
    row::{Row, RowKey},
};

const CLOSED_AT: &str = "2026-11-22T00:00:07.5Z";

fn close(dir: &Path, journal: &Journal, day: Date, point: &str) {
    let closed_at = CLOSED_AT.parse().unwrap();
    close_day(
        dir,
        &TimeZone::UTC,
        journal.drains(),
        day,
        point,
        closed_at,
        Manner::PLAIN,
    )
    .unwrap();
}

fn try_export(
    dir: &Path,
    table: Table,
    day: Option<Date>,
    format: Format,
) -> Result<Vec<u8>, String> {
    let zone = &TimeZone::UTC;
    let export = Export {
        data_dir: dir,
        zone,
        manner: Manner::PLAIN,
        verify: true,
    };
    let mut out = Vec::new();
    export
        .write(table, day, format, &mut out)
        .map_err(|error| format!("{error:#}"))?;
    Ok(out)
}

fn export(dir: &Path, table: Table, format: Format) -> String {
    String::from_utf8(try_export(dir, table, None, format).unwrap()).unwrap()
}

fn rows(dir: &Path, table: Table) -> Vec<Value> {
    let lines = export(dir, table, Format::Json);
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn sum(rows: &[Value], column: &str) -> i64 {
    rows.iter().map(|row| row[column].as_i64().unwrap()).sum()
}

fn journal_of(dir: &Path, drains: impl IntoIterator<Item = Vec<Section>>) -> (Journal, Model) {
    let mut journal = Journal::open(dir).unwrap();
    let mut model = Model::default();
    for mut sections in drains {
        model.add(&sections);
        journal.append(&mut sections).unwrap();
    }
    (journal, model)
}

fn random_journal(dir: &Path, seed: u64) -> (Journal, Model) {
    let mut random = Random(seed);
    let drains = (0..40).map(|_| {
        ["tokyo-1", "osaka-1"]
            .map(|point| random_section(&mut random, day(), point))
            .into()
    });
    journal_of(dir, drains)
}

fn counted(class: Class, kind: Kind, number: u16, source: Option<&str>, packets: u64) -> Row {
    let source = source.map(|source| source.parse().unwrap());
    let key = RowKey {
        class,
        aim: Aim { kind, number },
        source,
    };
    Row {
        key,
        packets,
        first_seen: DAY_START + 1,
        last_seen: DAY_START + 10_000_001,
        marks: 0,
    }
}

#[test]
fn the_columns_are_the_contracts() {
    let contract = [
        (
            Table::Sources,
            "date Date32, point Utf8, class Utf8, protocol Int32, port Int32 null, port_type Utf8, \
             source Utf8, packets Int64, first_seen Timestamp, last_seen Timestamp, marks Utf8, \
             country Utf8, asn Int64 null, as_name Utf8 null",
        ),
        (
            Table::Ports,
            "date Date32, point Utf8, class Utf8, protocol Int32, port Int32 null, port_type Utf8, \
             country Utf8, packets Int64, sources Int64, sources_64 Int64 null, \
             overflow_packets Int64",
        ),
        (
            Table::Coverage,
            "date Date32, point Utf8, addresses Utf8, timezone Utf8, expected_seconds Int64, \
             observed_seconds Int64, maintenance_seconds Int64, status Utf8, note Utf8, seen Int64, \
             non_ip Int64, malformed Int64, link_control Int64, elsewhere Int64, excluded Int64, \
             solicited Int64, backscatter Int64, stray Int64, access Int64, overflow Int64, \
             missed Int64, conversations_forgotten Int64, sources_lower_bound Boolean, \
             sources_form Utf8, xdp_mode Utf8, mode Utf8, verdict Utf8, kernel Utf8, \
             agent_version Utf8, definition Int32, country_database Utf8 null, \
             asn_database Utf8 null, country_database_date Date32 null, \
             asn_database_date Date32 null, sources_sha256 Utf8 null, ports_sha256 Utf8, \
             closed_at Timestamp null",
        ),
    ];
    for (table, columns) in contract {
        let schema = table.schema();
        let found: Vec<String> = schema
            .fields()
            .iter()
            .map(|field| {
                let null = if field.is_nullable() { " null" } else { "" };
                let kind = match field.data_type() {
                    DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if &**zone == "UTC" => {
                        "Timestamp".to_owned()
                    }
                    other => other.to_string(),
                };
                format!("{} {kind}{null}", field.name())
            })
            .collect();
        assert_eq!(found.join(", "), columns);
    }
}

#[test]
fn tables_and_formats_have_names_and_refuse_others() {
    assert_eq!("ports".parse::<Table>().unwrap(), Table::Ports);
    assert_eq!("parquet".parse::<Format>().unwrap(), Format::Parquet);
    let error = "CSV".parse::<Format>().unwrap_err().to_string();
    assert_eq!(error, "`CSV` is unknown; allowed: `csv`, `json`, `parquet`");
}

/// What the order of a row of `sources` follows from, read from its text.
fn order(row: &Value) -> (&str, i64, i64, bool, IpAddr) {
    let text = |column: &str| row[column].as_str().unwrap();
    (
        text("class"),
        row["protocol"].as_i64().unwrap(),
        row["port"].as_i64().unwrap_or(i64::MAX),
        text("port_type").starts_with("fragment/"),
        text("source").parse().unwrap(),
    )
}

#[test]
fn a_closed_day_holds_what_was_counted() {
    let dir = TempDir::new().unwrap();
    let (journal, model) = random_journal(dir.path(), 11);
    for point in ["tokyo-1", "osaka-1"] {
        close(dir.path(), &journal, day(), point);
    }
    drop(journal);
    fs::remove_dir_all(dir.path().join("journal")).unwrap();
    let [sources, ports, coverage] = Table::ALL.map(|table| rows(dir.path(), table));

    let (mut expected, mut expected_ports) = (BTreeMap::new(), BTreeMap::new());
    for ((_, point), total) in &model.days {
        for row in total.rows.values() {
            let Row {
                key,
                packets,
                marks,
                ..
            } = row;
            let aim = (point.clone(), key.class.name(), key.aim.to_string());
            let port: &mut (u64, u64, u64) = expected_ports.entry(aim.clone()).or_default();
            port.0 += packets;
            match key.source {
                None => port.2 += packets,
                Some(source) => {
                    port.1 += 1;
                    expected.insert((aim, source.to_string()), (*packets, *marks));
                }
            }
        }
    }
    let text = |row: &Value, column: &str| row[column].as_str().unwrap().to_owned();
    assert_eq!(sources.len(), expected.len());
    for row in &sources {
        let class = Class::ALL
            .map(Class::name)
            .into_iter()
            .find(|name| row["class"] == **name);
        let aim = (text(row, "point"), class.unwrap(), text(row, "port_type"));
        let (packets, marks) = expected[&(aim, text(row, "source"))];
        assert_eq!(row["packets"], packets);
        let bits = text(row, "marks")
            .split_terminator(',')
            .fold(0, |bits, name| match name {
                "masscan" => bits | 1,
                "mirai" => bits | 2,
                "zmap" => bits | 4,
                _ => panic!("{name}"),
            });
        assert_eq!(bits, marks);
        assert_eq!(
            [&row["country"], &row["asn"], &row["as_name"]],
            [&json!("ZZ"), &Value::Null, &Value::Null]
        );
    }
    for pair in sources
        .windows(2)
        .filter(|pair| pair[0]["point"] == pair[1]["point"])
    {
        assert!(order(&pair[0]) < order(&pair[1]), "{} {}", pair[0], pair[1]);
    }
    assert_eq!(ports.len(), expected_ports.len());
    for row in &ports {
        let class = Class::ALL
            .map(Class::name)
            .into_iter()
            .find(|name| row["class"] == **name);
        let aim = (text(row, "point"), class.unwrap(), text(row, "port_type"));
        let (packets, sources, overflow) = expected_ports[&aim];
        assert_eq!(row["packets"], packets);
        assert_eq!(row["sources"], sources);
        assert_eq!(row["overflow_packets"], overflow);
    }
    let points: Vec<_> = coverage.iter().map(|row| text(row, "point")).collect();
    assert_eq!(points, ["osaka-1", "tokyo-1"]);
    let unsolicited = ["access", "backscatter", "stray"]
        .map(|class| sum(&coverage, class))
        .iter()
        .sum::<i64>();
    assert_eq!(sum(&ports, "packets"), unsolicited);
    assert_eq!(
        sum(&sources, "packets"),
        unsolicited - sum(&coverage, "overflow")
    );
    assert_eq!(sum(&ports, "overflow_packets"), sum(&coverage, "overflow"));
    for row in &coverage {
        assert_eq!(row["missed"], 40);
        assert_eq!(row["observed_seconds"], 400);
        assert_eq!(row["closed_at"], "2026-11-22T00:00:07.500000Z");
    }
}

#[test]
fn the_open_day_has_the_same_form_as_the_closed_one() {
    let dir = TempDir::new().unwrap();
    let (mut journal, _) = random_journal(dir.path(), 12);
    let open = Table::ALL.map(|table| export(dir.path(), table, Format::Csv));
    close(dir.path(), &journal, day(), "tokyo-1");
    // One point is closed and still in the journal; the other is open.
    let mixed = Table::ALL.map(|table| export(dir.path(), table, Format::Csv));
    assert_eq!(open[..2], mixed[..2]);
    assert_eq!(open[2].lines().count(), mixed[2].lines().count());
    journal.forget(day(), "tokyo-1").unwrap();
    close(dir.path(), &journal, day(), "osaka-1");
    journal.forget(day(), "osaka-1").unwrap();
    let closed = Table::ALL.map(|table| export(dir.path(), table, Format::Csv));
    assert_eq!(open[..2], closed[..2]);
    let parts = [&open, &closed].map(|tables| {
        let row = tables[2].lines().nth(1).unwrap().to_owned();
        let (front, back) = row.split_once(",1,,,,,").unwrap();
        (front.to_owned(), back.to_owned())
    });
    assert_eq!(parts[0].0, parts[1].0, "up to the databases");
    assert_eq!(parts[0].1, ",,", "no hashes, not closed");
    assert!(
        parts[1].1.ends_with(",2026-11-22T00:00:07.500000Z"),
        "{}",
        parts[1].1
    );
}

fn tree(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(
                tree(&path).into_iter().map(|(below, bytes)| {
                    (Path::new(path.file_name().unwrap()).join(below), bytes)
                }),
            );
        } else {
            files.insert(path.file_name().unwrap().into(), fs::read(&path).unwrap());
        }
    }
    files
}

#[test]
fn closing_gives_the_same_bytes_wherever_and_however_often() {
    let dirs = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    let trees = dirs.each_ref().map(|dir| {
        let (journal, _) = random_journal(dir.path(), 13);
        close(dir.path(), &journal, day(), "tokyo-1");
        tree(&dir.path().join("records"))
    });
    assert_eq!(trees[0], trees[1]);
    let names: Vec<_> = trees[0].keys().map(|path| path.to_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "coverage/day=2026-11-21/_tokyo-1.sha256",
            "coverage/day=2026-11-21/tokyo-1.parquet",
            "ports/day=2026-11-21/tokyo-1.parquet",
            "sources/day=2026-11-21/tokyo-1.parquet",
        ]
    );
    let records = dirs[0].path().join("records");
    let day_dir = records.join("coverage/day=2026-11-21");
    let checked = Command::new("sha256sum")
        .args(["-c", "_tokyo-1.sha256"])
        .current_dir(&day_dir)
        .output();
    assert_eq!(
        String::from_utf8(checked.unwrap().stdout).unwrap(),
        "tokyo-1.parquet: OK\n"
    );

    // Killed at any step, and closed again.
    let journal = Journal::open(dirs[0].path()).unwrap();
    let order = ["sources", "ports", "coverage"];
    for kept in 0..=order.len() {
        for table in &order[kept..] {
            fs::remove_dir_all(records.join(table)).unwrap();
        }
        let _ = fs::remove_file(day_dir.join("_tokyo-1.sha256"));
        close(dirs[0].path(), &journal, day(), "tokyo-1");
        assert_eq!(tree(&records), trees[0], "kept {kept}");
    }
}

#[test]
fn a_closed_day_is_never_written_again() {
    let dir = TempDir::new().unwrap();
    let (mut journal, _) = random_journal(dir.path(), 14);
    assert!(!is_closed(dir.path(), day(), "tokyo-1").unwrap());
    close(dir.path(), &journal, day(), "tokyo-1");
    let before = tree(&dir.path().join("records"));
    let first_closed = closed_at(dir.path(), day(), "tokyo-1").unwrap();
    let mut late = [section(day(), "tokyo-1", vec![random_row(&mut Random(1))])];
    journal.append(&mut late).unwrap();
    close(dir.path(), &journal, day(), "tokyo-1");
    assert_eq!(tree(&dir.path().join("records")), before);
    assert!(is_closed(dir.path(), day(), "tokyo-1").unwrap());
    let still = closed_at(dir.path(), day(), "tokyo-1").unwrap();
    assert_eq!(still, first_closed, "closed again");
    assert!(closed_at(dir.path(), day(), "x").is_err());
    assert_eq!(
        closed_days(dir.path()).unwrap(),
        [(day(), "tokyo-1".to_owned())].into()
    );
    let closed_at = Timestamp::UNIX_EPOCH;
    let (zone, drains) = (TimeZone::UTC, journal.drains());
    let error = close_day(
        dir.path(),
        &zone,
        drains,
        day(),
        "x",
        closed_at,
        Manner::PLAIN,
    );
    let error = format!("{:#}", error.unwrap_err());
    assert_eq!(
        error,
        "closing 2026-11-21 of the point `x`: the journal has nothing of it"
    );
}

#[test]
fn a_day_without_rows_writes_empty_files() {
    let dir = TempDir::new().unwrap();
    let (journal, _) = journal_of(dir.path(), [vec![section(day(), "a", vec![])]]);
    close(dir.path(), &journal, day(), "a");
    assert_eq!(tree(&dir.path().join("records")).len(), 4);
    for table in [Table::Sources, Table::Ports] {
        assert_eq!(export(dir.path(), table, Format::Csv).lines().count(), 1);
        assert_eq!(export(dir.path(), table, Format::Json), "");
    }
    assert_eq!(rows(dir.path(), Table::Coverage)[0]["seen"], 0);
}

#[test]
fn nothing_at_all_exports_as_nothing_and_a_missing_day_names_those_there_are() {
    let dir = TempDir::new().unwrap();
    let header = export(dir.path(), Table::Ports, Format::Csv);
    assert_eq!(
        header,
        "date,point,class,protocol,port,port_type,country,packets,sources,sources_64,\
         overflow_packets\n"
    );
    let missing = Some("2026-01-01".parse().unwrap());
    let error = try_export(dir.path(), Table::Ports, missing, Format::Csv).unwrap_err();
    assert!(error.ends_with("; there is no day at all yet"), "{error}");
    random_journal(dir.path(), 15);
    let error = try_export(dir.path(), Table::Ports, missing, Format::Csv).unwrap_err();
    assert!(
        error.starts_with("there is nothing of 2026-01-01 in /"),
        "{error}"
    );
    assert!(error.ends_with("; there is: 2026-11-21"), "{error}");
    let there = try_export(dir.path(), Table::Ports, Some(day()), Format::Csv).unwrap();
    assert_eq!(
        String::from_utf8(there).unwrap(),
        export(dir.path(), Table::Ports, Format::Csv)
    );
}

#[test]
fn what_is_not_as_closed_is_refused_and_what_has_no_hash_is_read() {
    let dir = TempDir::new().unwrap();
    let (mut journal, _) = random_journal(dir.path(), 16);
    close(dir.path(), &journal, day(), "tokyo-1");
    journal.forget(day(), "tokyo-1").unwrap();
    for table in Table::ALL {
        let path = layout::file(dir.path(), table, day(), "tokyo-1");
        let whole = fs::read(&path).unwrap();
        let mut damaged = whole.clone();
        damaged[20] ^= 1;
        fs::write(&path, damaged).unwrap();
        let error = try_export(dir.path(), table, None, Format::Csv).unwrap_err();
        let expected = format!("{} is not the file that was closed", path.display());
        assert!(error.contains(&expected), "{error}");
        fs::remove_file(&path).unwrap();
        if table != Table::Coverage {
            let error = try_export(dir.path(), table, None, Format::Csv).unwrap_err();
            assert!(
                error.contains(&format!("reading {}", path.display())),
                "{error}"
            );
        }
        fs::write(&path, whole).unwrap();
    }
    let hash = layout::coverage_hash(dir.path(), day(), "tokyo-1");
    let before = export(dir.path(), Table::Coverage, Format::Csv);
    fs::remove_file(&hash).unwrap();
    assert_eq!(export(dir.path(), Table::Coverage, Format::Csv), before);
    fs::write(&hash, "0123").unwrap();
    assert!(try_export(dir.path(), Table::Coverage, None, Format::Csv).is_err());
    let (zone, manner) = (&TimeZone::UTC, Manner::PLAIN);
    let unverified = Export {
        data_dir: dir.path(),
        zone,
        manner,
        verify: false,
    };
    let mut out = Vec::new();
    unverified
        .write(Table::Coverage, None, Format::Csv, &mut out)
        .unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), before);
}

#[test]
fn exports_look_like_this() {
    let dir = TempDir::new().unwrap();
    let mut marked = counted(Class::Access, Kind::Tcp, 23, Some("198.51.100.7"), 3);
    marked.marks = 0b011;
    marked.first_seen = DAY_START - 5;
    marked.last_seen = DAY_START + 86_400_000_001;
    let rows = vec![
        counted(Class::Stray, Kind::Tcp, 80, Some("2001:db8::1"), 1),
        counted(Class::Access, Kind::Fragment, 47, Some("198.51.100.7"), 2),
        counted(Class::Access, Kind::Portless, 47, Some("198.51.100.7"), 4),
        counted(Class::Access, Kind::Tcp, 23, None, 5),
        counted(Class::Access, Kind::Icmp, 8, Some("192.0.2.200"), 6),
        marked,
    ];
    let mut section = section(day(), "a", rows);
    section.observation.notes = vec!["said \"so\", here".into()];
    let (_journal, _) = journal_of(dir.path(), [vec![section]]);
    assert_eq!(
        export(dir.path(), Table::Sources, Format::Csv),
        "date,point,class,protocol,port,port_type,source,packets,first_seen,last_seen,marks,\
         country,asn,as_name\n\
         2026-11-21,a,access,1,8,Ping (ICMP),192.0.2.200,6,2026-11-21T00:00:00.000001Z,\
         2026-11-21T00:00:10.000001Z,,ZZ,,\n\
         2026-11-21,a,access,6,23,23/tcp,198.51.100.7,3,2026-11-21T00:00:00.000000Z,\
         2026-11-22T00:00:00.000000Z,\"masscan,mirai\",ZZ,,\n\
         2026-11-21,a,access,47,,GRE (47),198.51.100.7,4,2026-11-21T00:00:00.000001Z,\
         2026-11-21T00:00:10.000001Z,,ZZ,,\n\
         2026-11-21,a,access,47,,fragment/47,198.51.100.7,2,2026-11-21T00:00:00.000001Z,\
         2026-11-21T00:00:10.000001Z,,ZZ,,\n\
         2026-11-21,a,stray,6,80,80/tcp,2001:db8::1,1,2026-11-21T00:00:00.000001Z,\
         2026-11-21T00:00:10.000001Z,,ZZ,,\n"
    );
    assert_eq!(
        export(dir.path(), Table::Ports, Format::Json),
        r#"{"date":"2026-11-21","point":"a","class":"access","protocol":1,"port":8,"port_type":"Ping (ICMP)","country":"ZZ","packets":6,"sources":1,"sources_64":1,"overflow_packets":0}
{"date":"2026-11-21","point":"a","class":"access","protocol":6,"port":23,"port_type":"23/tcp","country":"ZZ","packets":8,"sources":1,"sources_64":1,"overflow_packets":5}
{"date":"2026-11-21","point":"a","class":"access","protocol":47,"port":null,"port_type":"GRE (47)","country":"ZZ","packets":4,"sources":1,"sources_64":1,"overflow_packets":0}
{"date":"2026-11-21","point":"a","class":"access","protocol":47,"port":null,"port_type":"fragment/47","country":"ZZ","packets":2,"sources":1,"sources_64":1,"overflow_packets":0}
{"date":"2026-11-21","point":"a","class":"stray","protocol":6,"port":80,"port_type":"80/tcp","country":"ZZ","packets":1,"sources":1,"sources_64":1,"overflow_packets":0}
"#
    );
    assert_eq!(
        export(dir.path(), Table::Coverage, Format::Json),
        r#"{"date":"2026-11-21","point":"a","addresses":"203.0.113.5,2001:db8::/64@2026-11-21T00:00:00Z/2026-11-21T00:00:10Z","timezone":"UTC","expected_seconds":86400,"observed_seconds":10,"maintenance_seconds":0,"status":"partial","note":"said \"so\", here","seen":21,"non_ip":0,"malformed":0,"link_control":0,"elsewhere":0,"excluded":0,"solicited":0,"backscatter":0,"stray":1,"access":20,"overflow":5,"missed":1,"conversations_forgotten":0,"sources_lower_bound":true,"sources_form":"plain","xdp_mode":"native","mode":"dark","verdict":"pass","kernel":"6.18.0","agent_version":"0.1.0","definition":1,"country_database":null,"asn_database":null,"country_database_date":null,"asn_database_date":null,"sources_sha256":null,"ports_sha256":"","closed_at":null}
"#
    );
    let csv = export(dir.path(), Table::Coverage, Format::Csv);
    assert!(csv.contains(r#",partial,"said ""so"", here",21,"#), "{csv}");
}

/// Countries by the last bit of an address, and a record of what was asked.
struct Parity(RefCell<Vec<IpAddr>>);

impl Enrichment for Parity {
    fn lookup(&self, source: IpAddr) -> Origin<'_> {
        self.0.borrow_mut().push(source);
        let last = match source {
            IpAddr::V4(source) => source.octets()[3],
            IpAddr::V6(source) => source.octets()[15],
        };
        let country = ["NL", "JP"][usize::from(last & 1)];
        Origin {
            country,
            asn: Some(64_496),
            as_name: Some("Example, Inc."),
        }
    }
}

#[test]
fn ports_are_by_country_and_count_networks() {
    let dir = TempDir::new().unwrap();
    let telnet = |source, packets| counted(Class::Access, Kind::Tcp, 23, source, packets);
    let (journal, _) = journal_of(
        dir.path(),
        [vec![section(
            day(),
            "a",
            vec![
                telnet(None, 100),
                telnet(Some("192.0.2.1"), 1),
                telnet(Some("192.0.2.2"), 2),
                telnet(Some("192.0.2.3"), 3),
                telnet(Some("2001:db8::1"), 4),
                telnet(Some("2001:db8::2"), 5),
                telnet(Some("2001:db8::3"), 6),
                telnet(Some("2001:db8:0:1::1"), 7),
            ],
        )]],
    );
    let parity = Parity(RefCell::default());
    let (zone, closed_at) = (TimeZone::UTC, CLOSED_AT.parse().unwrap());
    close_day(
        dir.path(),
        &zone,
        journal.drains(),
        day(),
        "a",
        closed_at,
        Manner {
            enrichment: &parity,
            ..Manner::PLAIN
        },
    )
    .unwrap();
    assert!(
        !parity.0.borrow().contains(&Ipv6Addr::UNSPECIFIED.into()),
        "overflow has no source"
    );
    let ports: Vec<_> = rows(dir.path(), Table::Ports)
        .iter()
        .map(|row| {
            let columns = [
                "country",
                "packets",
                "sources",
                "sources_64",
                "overflow_packets",
            ];
            json!(columns.map(|column| row[column].clone()))
        })
        .collect();
    assert_eq!(
        ports,
        [
            json!(["JP", 21, 5, 4, 0]),
            json!(["NL", 7, 2, 2, 0]),
            json!(["ZZ", 100, 0, 0, 100]),
        ]
    );
    let sources = rows(dir.path(), Table::Sources);
    assert_eq!(sources.len(), 7);
    assert_eq!(sources[1]["country"], "NL");
    assert_eq!(
        [&sources[0]["asn"], &sources[0]["as_name"]],
        [&json!(64_496), &json!("Example, Inc.")]
    );
}

#[test]
fn days_follow_the_zone() {
    let dir = TempDir::new().unwrap();
    let long = "2026-10-25".parse().unwrap();
    let mut whole = section(long, "a", vec![]);
    whole.observation.observed_us = 25 * 3600 * 1_000_000;
    let (journal, _) = journal_of(dir.path(), [vec![whole]]);
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let closed_at = CLOSED_AT.parse().unwrap();
    close_day(
        dir.path(),
        &zone,
        journal.drains(),
        long,
        "a",
        closed_at,
        Manner::PLAIN,
    )
    .unwrap();
    let row = &rows(dir.path(), Table::Coverage)[0];
    assert_eq!(row["expected_seconds"], 90_000);
    assert_eq!(row["observed_seconds"], 90_000);
    assert_eq!(row["status"], "full");
}

#[test]
fn a_parquet_export_is_a_file_of_all_rows() {
    let dir = TempDir::new().unwrap();
    let (journal, model) = random_journal(dir.path(), 17);
    close(dir.path(), &journal, day(), "tokyo-1");
    for table in Table::ALL {
        let bytes = try_export(dir.path(), table, None, Format::Parquet).unwrap();
        let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(
            bytes::Bytes::from(bytes),
        )
        .unwrap();
        assert_eq!(reader.schema().fields(), table.schema().fields());
        let count: usize = reader
            .build()
            .unwrap()
            .map(|batch| batch.unwrap().num_rows())
            .sum();
        let expected = match table {
            Table::Sources => {
                let rows = model.days.values().flat_map(|total| total.rows.keys());
                rows.filter(|key| key.source.is_some()).count()
            }
            Table::Ports | Table::Coverage => rows(dir.path(), table).len(),
        };
        assert_eq!(count, expected, "{table}");
    }
}

/// Found by fuzzing: the Parquet library panics at a negative length in the footer.
#[test]
fn a_damaged_file_is_an_error_also_where_nothing_verifies_it() {
    let dir = TempDir::new().unwrap();
    let row = counted(Class::Access, Kind::Tcp, 23, Some("192.0.2.254"), 1);
    let (journal, _) = journal_of(dir.path(), [vec![section(day(), "tokyo-1", vec![row])]]);
    close(dir.path(), &journal, day(), "tokyo-1");
    let path = layout::file(dir.path(), Table::Ports, day(), "tokyo-1");
    let sound = fs::read(&path).unwrap();
    let export = Export {
        data_dir: dir.path(),
        zone: &TimeZone::UTC,
        manner: Manner::PLAIN,
        verify: false,
    };
    let mut panics = 0;
    for at in 0..sound.len() {
        let mut damaged = sound.clone();
        damaged[at] ^= 0x0f;
        fs::write(&path, damaged).unwrap();
        if let Err(error) = export.write(Table::Ports, None, Format::Csv, &mut Vec::new()) {
            panics += usize::from(format!("{error:#}").contains("the file is damaged"));
        }
    }
    assert!(
        panics > 0,
        "the library has learnt to give errors: `guarded` may go"
    );
}
