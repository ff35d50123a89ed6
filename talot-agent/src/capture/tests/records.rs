//! From captures to records.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Parser;
use jiff::tz::TimeZone;
use tempfile::TempDir;

use super::build::{Order, ethernet, pcap_header, pcap_record, tcp, udp6};
use crate::{
    capture::{Arguments, read},
    records::{Export, Format, Manner, Table},
};

/// 2020-09-13T00:00:00Z.
const DAY: u32 = 1_599_955_200;
const HOST: [u8; 4] = [192, 0, 2, 1];
const OTHER: [u8; 4] = [203, 0, 113, 9];
const SYN: u8 = 2;
const ACK: u8 = 16;

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    /// Writes a capture of packets at seconds of the day.
    fn capture(&self, name: &str, packets: &[(u32, Vec<u8>)]) -> PathBuf {
        let order = Order::Little;
        let mut file = pcap_header(order, false, 1);
        for (second, packet) in packets {
            let ether_type = if packet[0] >> 4 == 6 { 0x86dd } else { 0x0800 };
            let frame = ethernet(ether_type, packet);
            file.extend(pcap_record(order, DAY + second, 5, &frame));
        }
        self.write(name, &file)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn read(&self, captures: &[&Path], words: &[&str]) -> anyhow::Result<()> {
        #[derive(Parser)]
        struct Line {
            #[command(flatten)]
            arguments: Arguments,
        }
        let data = self.data();
        let mut line = vec!["read", "--data-dir", data.to_str().unwrap()];
        line.extend(words);
        line.extend(captures.iter().map(|path| path.to_str().unwrap()));
        read(&Line::try_parse_from(line).unwrap().arguments)
    }

    /// These columns of a table.
    fn table(&self, table: Table, columns: &[&str]) -> Vec<String> {
        let mut json = Vec::new();
        let export = Export {
            data_dir: &self.data(),
            zone: &TimeZone::UTC,
            manner: Manner::PLAIN,
            verify: true,
        };
        export.write(table, None, Format::Json, &mut json).unwrap();
        let pick = |line: serde_json::Result<serde_json::Value>| {
            let row = line.unwrap();
            let texts = columns.iter().map(|name| match &row[name] {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            texts.collect::<Vec<_>>().join(" ")
        };
        let rows = serde_json::Deserializer::from_slice(&json).into_iter();
        rows.map(pick).collect()
    }
}

fn syn(source: u8, port: u16) -> Vec<u8> {
    tcp(([203, 0, 113, source], 40_000), (HOST, port), SYN)
}

const LIVE: [&str; 2] = ["--address", "192.0.2.1"];

#[test]
fn rows_have_the_captures_own_times_and_days() {
    let place = Place::new();
    let early = place.capture(
        "early.pcap",
        &[
            (10, syn(1, 23)),
            (70, syn(2, 23)),
            (60, syn(1, 23)),
            (86_399, syn(1, 22)),
        ],
    );
    let late = place.capture(
        "late.pcap",
        &[
            (86_460, udp6((9, 5), (7, 53))),
            (90_000, udp6((9, 6), (7, 53))),
        ],
    );
    let words = [&LIVE[..], &["--address", "2001:db8::7", "--mode", "dark"]].concat();
    place.read(&[&late, &early], &words).unwrap();
    let columns = [
        "date",
        "port_type",
        "source",
        "packets",
        "first_seen",
        "last_seen",
    ];
    assert_eq!(
        place.table(Table::Sources, &columns),
        [
            "2020-09-13 22/tcp 203.0.113.1 1 2020-09-13T23:59:59.000005Z 2020-09-13T23:59:59.000005Z",
            "2020-09-13 23/tcp 203.0.113.1 2 2020-09-13T00:00:10.000005Z 2020-09-13T00:01:00.000005Z",
            "2020-09-13 23/tcp 203.0.113.2 1 2020-09-13T00:01:10.000005Z 2020-09-13T00:01:10.000005Z",
            "2020-09-14 53/udp 2001:db8::9 2 2020-09-14T00:01:00.000005Z 2020-09-14T01:00:00.000005Z",
        ]
    );
    let columns = ["date", "seen", "observed_seconds", "xdp_mode", "mode"];
    assert_eq!(
        place.table(Table::Coverage, &columns),
        [
            "2020-09-13 4 86389 generic dark",
            "2020-09-14 2 3540 generic dark"
        ]
    );
}

#[test]
fn a_live_host_is_answered_and_the_rest_is_unsolicited() {
    let place = Place::new();
    let capture = place.capture(
        "live.pcap",
        &[
            // The host asks, and is answered; another answers unasked.
            (1, tcp((HOST, 50_000), (OTHER, 443), SYN)),
            (2, tcp((OTHER, 443), (HOST, 50_000), SYN | ACK)),
            (2, tcp((OTHER, 444), (HOST, 50_000), SYN | ACK)),
            (3, tcp((OTHER, 443), (HOST, 50_000), ACK)),
            // After 124 minutes it is over.
            (3 + 7440, tcp((OTHER, 443), (HOST, 50_000), ACK)),
            (1 + 7440, tcp((OTHER, 443), (HOST, 50_000), ACK)),
            (8000, syn(7, 23)),
            (8001, tcp((OTHER, 1), ([192, 0, 2, 2], 1), SYN)),
        ],
    );
    place.read(&[&capture], &LIVE).unwrap();
    let columns = [
        "seen",
        "elsewhere",
        "solicited",
        "backscatter",
        "stray",
        "access",
    ];
    assert_eq!(place.table(Table::Coverage, &columns), ["7 1 3 1 1 1"]);
    let columns = ["observed_seconds", "status", "mode", "note"];
    assert_eq!(
        place.table(Table::Coverage, &columns),
        ["8000 partial live read from a capture: live.pcap"]
    );
    let file = place
        .data()
        .join("records/coverage/day=2020-09-13/capture.parquet");
    assert!(file.is_file(), "the day is over, so it is closed");
    assert!(!place.data().join("reading").exists());
}

#[test]
fn a_closed_day_is_not_read_again_and_nothing_is_written() {
    let place = Place::new();
    let one = place.capture("one.pcap", &[(1, syn(1, 23))]);
    place.read(&[&one], &LIVE).unwrap();
    let before = place.table(Table::Coverage, &["date", "seen", "closed_at"]);
    let more = place.capture("more.pcap", &[(1, syn(1, 23)), (90_000, syn(1, 23))]);
    let error = place.read(&[&more], &LIVE).unwrap_err().to_string();
    assert!(
        error.contains("has a closed record of 2020-09-13"),
        "{error}"
    );
    assert!(error.contains("--data-dir"), "{error}");
    assert_eq!(
        place.table(Table::Coverage, &["date", "seen", "closed_at"]),
        before
    );
    let another = [&LIVE[..], &["--point", "another"]].concat();
    place.read(&[&more], &another).unwrap();
    assert_eq!(place.table(Table::Coverage, &["seen"]), ["1", "1", "1"]);
}

#[test]
fn of_a_damaged_capture_what_is_readable_is_recorded() {
    let place = Place::new();
    let whole = place.capture(
        "whole.pcap",
        &[(1, syn(1, 23)), (2, syn(2, 23)), (3, syn(3, 23))],
    );
    let bytes = fs::read(&whole).unwrap();
    let cut = place.write("cut.pcap", &bytes[..bytes.len() - 1]);
    let later = place.capture("later.pcap", &[(100, syn(4, 23))]);
    let error = place.read(&[&cut, &later], &LIVE).unwrap_err().to_string();
    assert!(
        error.contains("cut.pcap is damaged at byte 164: packet 3 has 70 bytes"),
        "{error}"
    );
    assert_eq!(
        place.table(Table::Coverage, &["seen", "observed_seconds"]),
        ["3 1"]
    );
    let note = place.table(Table::Coverage, &["note"]).concat();
    assert!(note.contains("cut.pcap"), "{note}");
}

#[test]
fn exclude_rules_and_several_points_hold_as_at_the_hook() {
    let place = Place::new();
    let file = place.write(
        "talot.toml",
        b"timezone = \"Asia/Tokyo\"
        [[point]]
        name = \"wide\"
        interface = \"x\"
        addresses = [\"192.0.2.0/24\"]
        mode = \"dark\"
        [[point]]
        name = \"narrow\"
        interface = \"x\"
        addresses = [\"192.0.2.1\"]
        [[exclude]]
        point = \"narrow\"
        source = \"203.0.113.0/29\"
        protocol = \"tcp\"
        port = 22
        ",
    );
    let to = |host: u8, source: u8, port| {
        tcp(
            ([203, 0, 113, source], 4000),
            ([192, 0, 2, host], port),
            SYN,
        )
    };
    let capture = place.capture(
        "c.pcap",
        &[
            (1, to(1, 1, 22)),
            (2, to(1, 9, 22)),
            (3, to(1, 1, 23)),
            (4, to(2, 1, 22)),
            (5, tcp((OTHER, 1), ([198, 51, 100, 1], 1), SYN)),
            // Later than 15:00 UTC it is the next day in Tokyo.
            (54_000, to(1, 9, 22)),
        ],
    );
    place
        .read(&[&capture], &["--config", file.to_str().unwrap()])
        .unwrap();
    let columns = ["date", "point", "seen", "elsewhere", "excluded", "access"];
    let expected = [
        "2020-09-13 narrow 3 0 1 2",
        "2020-09-13 wide 2 1 0 1",
        "2020-09-14 narrow 1 0 0 1",
        "2020-09-14 wide 0 0 0 0",
    ];
    assert_eq!(place.table(Table::Coverage, &columns), expected);
}
