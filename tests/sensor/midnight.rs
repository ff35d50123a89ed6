//! A day ends while packets come: each lands in its own day, and the day that is over is closed.

use std::{
    path::Path,
    process::Command,
    thread,
    time::{Duration, UNIX_EPOCH},
};

use talot_tests::{
    agent::Home,
    identity,
    lab::Lab,
    packet::{Ends, flag, frame, many_v4, protocol, tcp},
    records::{Source, counted, duckdb, duckdb_python, rows},
    require,
    rows::{Key, Rows, assert_same},
    send::Sender,
    shell::{attempt, run, text},
    tzif,
};

use crate::common::{OFTEN, POINT, dark, start_before_midnight};

/// Between a packet and midnight at least this: the test's clock and the kernel's are read apart.
const APART: Duration = Duration::from_millis(40);

fn now() -> Duration {
    UNIX_EPOCH.elapsed().expect("a clock after 1970")
}

fn date(moment: i64) -> String {
    let mut command = Command::new("date");
    text(&run(command.args(["-u", "-d", &format!("@{moment}"), "+%F"])).stdout)
        .trim()
        .to_owned()
}

#[test]
fn each_packet_lands_in_its_own_day() {
    let lab = Lab::quiet();
    let began = now();
    let configuration = format!("{}{OFTEN}", dark());
    let (home, mut agent, midnight) = start_before_midnight(&lab.sensor, 8, &configuration);
    let ready = now();
    let offset = tzif::offset_of_midnight(midnight);
    let days = [-1, 0].map(|second| date(midnight + i64::from(offset) + second));
    let midnight = Duration::from_secs(midnight as u64);

    let expected = send_around(midnight, &Sender::open(&lab));
    agent.wait_until("the day is closed", |metrics| {
        let closed = metrics.values("talot_last_day_closed_timestamp_seconds", &[]);
        closed
            .iter()
            .any(|moment| *moment >= midnight.as_secs_f64())
    });
    let total: i64 = expected.iter().flat_map(Rows::values).sum();
    agent.wait_until("all packets are drained", |metrics| {
        metrics.sum("talot_seen_packets_total", &[]) == Some(total)
    });
    identity::check_metrics(&agent.metrics());
    check_files(&home.data().join("records"), &days[0]);
    check_days(&home, &days, &expected, "while the agent runs");
    agent.stop();
    check_days(&home, &days, &expected, "when it has stopped");
    let observed = home.coverage()[0].observed_seconds;
    let [most, least] = [began, ready].map(|moment| (midnight - moment).as_secs() as i64);
    assert!(
        (least - 1..=most + 1).contains(&observed),
        "{observed}, not {least} to {most}"
    );

    if require::met(
        "midnight",
        "DuckDB (cargo xtask setup)",
        duckdb_python().is_some(),
    ) {
        check_with_duckdb(&home, &days[0], &expected[0]);
    }
}

/// Sends until two seconds past midnight; gives what came before, and what came after it.
fn send_around(midnight: Duration, sender: &Sender<'_>) -> [Rows; 2] {
    let mut expected = [Rows::new(), Rows::new()];
    for n in 0_u32.. {
        let before = now();
        if before > midnight + Duration::from_secs(2) {
            break;
        }
        if before + APART < midnight || before > midnight + APART {
            let ends = Ends::new(&many_v4(n % 300).to_string(), "198.51.100.1");
            sender.send_one(&frame(&tcp(ends, 1, 23, flag::SYN)));
            let day = usize::from(before > midnight);
            assert_eq!(
                day,
                usize::from(now() > midnight),
                "this machine stood still at midnight"
            );
            let key = Key::new("access", protocol::TCP, Some(23), false, ends.source);
            *expected[day].entry(key).or_insert(0) += 1;
        }
        thread::sleep(Duration::from_millis(5));
    }
    expected
}

/// The closed day's files are there, and their hashes are sha256sum's.
fn check_files(records: &Path, day: &str) {
    let folder = |table: &str| records.join(table).join(format!("day={day}"));
    let file = format!("{POINT}.parquet");
    for table in ["sources", "ports", "coverage"] {
        let path = folder(table).join(&file);
        assert!(path.is_file(), "{} is missing", path.display());
    }
    let check = ["-c", "--strict", &format!("_{POINT}.sha256")];
    let mut sha256sum = Command::new("sha256sum");
    run(sha256sum.args(check).current_dir(folder("coverage")));
}

fn check_days(home: &Home, days: &[String; 2], expected: &[Rows; 2], when: &str) {
    let (sources, ports, coverage) = (home.sources(), home.ports(), home.coverage());
    identity::check(&sources, &ports, &coverage);
    assert_eq!(
        coverage.iter().map(|row| &row.date).collect::<Vec<_>>(),
        days.each_ref()
    );
    for (day, expected) in days.iter().zip(expected) {
        let of_day: Vec<Source> = sources
            .iter()
            .filter(|row| row.date == *day)
            .cloned()
            .collect();
        assert_same(&format!("{day} {when}"), expected, &counted(&of_day));
        let alone: Vec<Source> = rows(&home.export("sources", &["--format", "json", "--day", day]));
        assert_same(day, expected, &counted(&alone));
    }
    let [closed, open] = &coverage[..] else {
        unreachable!("there are two")
    };
    assert!(closed.closed_at.is_some(), "{closed:?}");
    assert!(open.closed_at.is_none(), "{open:?}");
    assert_eq!(closed.expected_seconds, 86_400);
    assert_eq!(closed.status, "partial");

    let records = home.data().join("records");
    for (table, hash) in [
        ("sources", &closed.sources_sha256),
        ("ports", &closed.ports_sha256),
    ] {
        let path = records.join(table).join(format!("day={}", days[0]));
        let mut sha256sum = Command::new("sha256sum");
        let said = run(sha256sum.arg(path.join(format!("{POINT}.parquet"))));
        let said = text(&said.stdout);
        assert_eq!(said.split(' ').next(), hash.as_deref(), "{table}");
    }
    let unknown =
        attempt(&mut home.command(&["export", "--table", "ports", "--day", "1999-01-01"]));
    let said = text(&unknown.stderr);
    assert!(
        said.contains(&days[0]),
        "the days that are there are not named: {said}"
    );
}

/// Another engine reads the closed files as they are.
fn check_with_duckdb(home: &Home, day: &str, expected: &Rows) {
    let python = duckdb_python().expect("just asked for");
    let records = home.data().join("records");
    let records = records.display();
    let ask = |query: &str| duckdb(&python, query);
    let said = ask(&format!(
        "select source, sum(packets) from '{records}/sources/day={day}/{POINT}.parquet' \
group by source"
    ));
    let mut lines: Vec<String> = expected
        .iter()
        .map(|(key, packets)| format!("{}|{packets}", key.source))
        .collect();
    lines.sort();
    let mut said: Vec<&str> = said.lines().collect();
    said.sort_unstable();
    assert_eq!(said, lines);
    let said = ask(&format!(
        "select c.access, p.packets, p.sources from \
         '{records}/coverage/day={day}/{POINT}.parquet' c, \
         (select sum(packets) packets, sum(sources) sources from \
         '{records}/ports/day={day}/{POINT}.parquet') p"
    ));
    let packets: i64 = expected.values().sum();
    assert_eq!(
        said.trim(),
        format!("{packets}|{packets}|{}", expected.len())
    );
}
