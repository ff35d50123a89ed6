use std::net::IpAddr;

use jiff::civil::date;
use talot_common::port_type::Kind;

use super::*;
use crate::{
    journal::Observation,
    records::{Origin, UNKNOWN_COUNTRY},
    row::RowKey,
};

const DAY: Date = date(2026, 11, 21);

/// 200 countries, by an address's last byte.
pub(crate) struct Lands;

impl Enrichment for Lands {
    fn lookup(&self, source: IpAddr) -> Origin<'_> {
        const LETTERS: &str = "AABACADAEAFAGAHAIAJAKALAMANAOAPAQARASATAUAVAWAXAYAZBBCBDBEBFBGBHBIBJ\
            BKBLBMBNBOBPBQBRBSBTBUBVBWBXBYBZCCDCECFCGCHCICJCKCLCMCNCOCPCQCRCSCTCUCVCWCXCYCZDDEDFDGDH";
        let at = match source {
            IpAddr::V4(source) => usize::from(source.octets()[3]) % 200,
            IpAddr::V6(_) => 0,
        };
        // Any two neighbouring letters are a country here.
        let country = LETTERS.get(at..at + 2).unwrap_or(UNKNOWN_COUNTRY);
        Origin {
            country,
            asn: None,
            as_name: None,
        }
    }
}

pub(crate) fn row(class: Class, kind: Kind, port: u16, source: IpAddr, packets: u64) -> Row {
    Row {
        key: RowKey {
            class,
            aim: Aim { kind, number: port },
            source: Some(source),
        },
        packets,
        first_seen: 0,
        last_seen: 0,
        marks: 0,
    }
}

pub(crate) fn point(metrics: &config::Metrics) -> PointFigures {
    let state = PointState {
        name: "p".into(),
        interface: "eth0".into(),
        mode: "dark".into(),
        xdp_mode: Some("native".into()),
        addresses: String::new(),
        day: DAY,
        today: Tally::default(),
        identity_difference: 0,
        observed_seconds: 0.0,
        excluded: Vec::new(),
    };
    PointFigures::new(state, metrics, 1 << 30)
}

fn sum<K>(series: &Series<K>) -> u64 {
    series.own.values().sum::<u64>() + series.other
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn no_remote_party_can_grow_the_series_and_nothing_is_missing_in_their_sum() {
    let metrics = config::Config::default().metrics;
    let mut figures = point(&metrics);
    let mut sent = 0;
    let mut before = figures.ports.series().clone();
    for drain in 0..50_u64 {
        let ports = (0..2000_u16).map(|port| {
            let source = [192, 0, (port >> 8) as u8, port as u8].into();
            let packets = 1 + (u64::from(port) * 7 + drain) % 5;
            let port = port.wrapping_mul(31);
            row(Class::Access, Kind::Tcp, port, source, packets)
        });
        let stray = row(Class::Stray, Kind::Tcp, 445, ip("192.0.2.1"), 9);
        let rows: Vec<Row> = ports.chain([stray]).collect();
        sent += rows[..2000].iter().map(|row| row.packets).sum::<u64>();
        figures.add_rows(rows.into_iter(), &Lands);
        let now = figures.ports.series().clone();
        assert_eq!(sum(&now), sent);
        assert_eq!(sum(figures.countries.series()), sent);
        assert!(now.own.len() <= PORTS.usual);
        assert!(figures.countries.series().own.len() <= COUNTRIES.usual);
        assert!(metrics.ports.iter().all(|port| now.own.contains_key(port)));
        for (aim, packets) in &before.own {
            assert!(now.own[aim] >= *packets, "a series fell within the day");
        }
        assert!(now.other >= before.other);
        before = now;
    }
    assert_eq!(figures.sources.sum().addresses, 2000);
    let data_dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(data_dir.path()).unwrap();
    let tomorrow = DAY.tomorrow().unwrap();
    figures.begin(tomorrow, &journal, &Lands).unwrap();
    assert_eq!(sum(figures.ports.series()), 0);
    assert_eq!(sum(figures.countries.series()), 0);
    assert_eq!(figures.sources.sum().addresses, 0);
}

#[test]
fn marks_are_of_packets_and_of_accesses_alone() {
    let mut rows = vec![
        row(Class::Access, Kind::Tcp, 23, ip("192.0.2.1"), 5),
        row(Class::Access, Kind::Tcp, 23, ip("192.0.2.1"), 7),
        row(Class::Backscatter, Kind::Tcp, 23, ip("192.0.2.1"), 100),
    ];
    rows[0].marks = 0b101;
    rows[1].marks = 0b100;
    rows[2].marks = 0b111;
    assert_eq!(marked(&rows), [5, 0, 12]);
}

/// A sensor that drains into a journal, and is started anew now and then.
struct Sensor {
    data_dir: tempfile::TempDir,
    journal: Option<Journal>,
    figures: Figures,
    drains: i64,
}

impl Sensor {
    fn start(data_dir: tempfile::TempDir, today: Date) -> Self {
        let journal = Journal::open(data_dir.path()).unwrap();
        let mut point = point(&config::Config::default().metrics);
        point.state.excluded = rules(0, 0);
        point.begin(today, &journal, &Lands).unwrap();
        point.go_on(&Kept::read(data_dir.path()), &journal);
        let mut figures = Figures::new(vec![point]).unwrap();
        figures.note_seen();
        Self {
            data_dir,
            journal: Some(journal),
            figures,
            drains: 0,
        }
    }

    fn restart(self, today: Date) -> Self {
        let Self {
            data_dir, journal, ..
        } = self;
        drop(journal);
        Self::start(data_dir, today)
    }

    /// A drain of this day; `keep`: it does not die before it has noted its figures.
    fn drain(&mut self, day: Date, rows: Vec<Row>, keep: bool) {
        self.drains += 1;
        let packets: u64 = rows.iter().map(|row| row.packets).sum();
        let mut tally = Tally {
            seen: packets,
            ..Tally::default()
        };
        tally.dispositions[8] = packets;
        let mut sections = [Section {
            day,
            point: "p".into(),
            tally,
            observation: Observation::default(),
            rows,
        }];
        let marked = marked(&sections[0].rows);
        self.journal
            .as_mut()
            .unwrap()
            .add(&mut sections, None)
            .unwrap();
        let [section] = sections;
        self.point().add(&section, &marked, &Lands);
        if keep {
            self.figures.note_seen();
            self.figures.keep(self.data_dir.path()).unwrap();
        }
    }

    fn point(&mut self) -> &mut PointFigures {
        &mut self.figures.points[0]
    }
}

/// Forty rules, the first of which has this number, and what each has counted.
fn rules(first: usize, packets: u64) -> Vec<(String, u64)> {
    let numbers = first..40;
    numbers.map(|n| (format!("{n} r"), packets)).collect()
}

#[test]
fn counters_survive_a_restart() {
    let data_dir = tempfile::tempdir().unwrap();
    let [first, second] = [DAY, DAY.tomorrow().unwrap()];
    let access = |port: u16, packets| {
        let mut row = row(Class::Access, Kind::Tcp, port, ip("192.0.2.1"), packets);
        row.marks = 1;
        row
    };
    let mut sensor = Sensor::start(data_dir, first);
    let flood: Vec<Row> = (1000..9000).map(|port| access(port, 1)).collect();
    sensor.drain(first, flood.clone(), true);
    sensor.drain(first, vec![access(23, 50), access(8080, 200)], true);
    let before = sensor.point().ports.series().clone();
    assert!(before.own.len() < PORTS.usual && before.other > 0);

    // Killed after a drain was durable, and before its figures were.
    sensor.drain(first, vec![access(8080, 30), access(23, 3)], false);
    let seen = sensor.point().total.seen;
    let mut sensor = sensor.restart(first);
    let after = sensor.point().ports.series().clone();
    assert_eq!(sensor.point().total.seen, seen);
    assert_eq!(sum(&after), seen);
    assert_eq!(after.own, before.own);
    assert_eq!(after.other, before.other + 33);
    assert_eq!(sensor.point().sources.sum().addresses, 8001);

    // The day ends, and the next agent comes on another.
    sensor.drain(first, vec![access(23, 4)], true);
    let marked = sensor.point().marked;
    let mut sensor = sensor.restart(second);
    assert_eq!(sensor.point().total.seen, seen + 4);
    assert_eq!(sensor.point().marked, marked);
    assert_eq!(sum(sensor.point().ports.series()), 0);
    sensor.drain(second, vec![access(23, 5)], true);
    let mut sensor = sensor.restart(second);
    assert_eq!(sensor.point().total.seen, seen + 9);
    assert_eq!(sum(sensor.point().ports.series()), 5);

    // Whatever was off stays so.
    sensor.point().state.identity_difference = 3;
    sensor.figures.keep(sensor.data_dir.path()).unwrap();
    let mut sensor = sensor.restart(second);
    assert_eq!(sensor.point().state.identity_difference, 3);

    // The first day is closed, and the journal knows it no more.
    let journal = sensor.journal.as_mut().unwrap();
    let closed = crate::records::close_day(
        sensor.data_dir.path(),
        &jiff::tz::TimeZone::UTC,
        journal.drains(),
        first,
        "p",
        Timestamp::UNIX_EPOCH,
        crate::records::Manner::PLAIN,
    );
    closed.unwrap();
    journal.forget(first, "p").unwrap();
    let mut sensor = sensor.restart(second);
    assert_eq!(sensor.point().total.seen, seen + 9);

    // What was kept is damaged: counters begin with today.
    let kept = sensor.data_dir.path().join("figures.json");
    std::fs::write(&kept, "{").unwrap();
    let mut sensor = sensor.restart(second);
    assert_eq!(sensor.point().total.seen, 5);
}

#[test]
fn what_was_excluded_while_no_agent_ran_is_under_other() {
    const OTHERS: u64 = 40 - RULES as u64;
    let excluded = |point: &mut PointFigures, packets| {
        point.total.dispositions[Disposition::Excluded as usize] += packets;
    };
    let mut sensor = Sensor::start(tempfile::tempdir().unwrap(), DAY);
    excluded(sensor.point(), 40 * 5);
    sensor.point().note_excluded(rules(0, 5));
    assert_eq!(sensor.point().excluded().other, OTHERS * 5);
    sensor.figures.keep(sensor.data_dir.path()).unwrap();

    // The next agent's rules begin to count at 0, and its first drain has what the former's counted.
    let mut sensor = sensor.restart(DAY);
    assert_eq!(sum(&sensor.point().excluded()), 40 * 5);
    excluded(sensor.point(), 37 + 40 * 2);
    sensor.point().note_excluded(rules(0, 2));
    let shown = sensor.point().excluded();
    assert_eq!((shown.own["0 r"], shown.own.len()), (7, RULES));
    assert_eq!(shown.other, OTHERS * 7 + 37);

    // What is counted by rule already, and not drained yet, makes nothing fall.
    sensor.point().note_excluded(rules(0, 3));
    assert_eq!(sensor.point().excluded().other, OTHERS * 7 + 37);
    excluded(sensor.point(), 40);
    assert_eq!(sum(&sensor.point().excluded()), 40 * 8 + 37);
    sensor.figures.keep(sensor.data_dir.path()).unwrap();

    // Without the first rule: its series ends, and the rest stays as it was.
    let mut after = point(&config::Config::default().metrics);
    after.state.excluded = rules(1, 0);
    let journal = sensor.journal.as_ref().unwrap();
    after.begin(DAY, journal, &Lands).unwrap();
    after.go_on(&Kept::read(sensor.data_dir.path()), journal);
    let shown = after.excluded();
    assert_eq!((shown.own.get("0 r"), shown.own["1 r"]), (None, 8));
    assert_eq!(shown.other, OTHERS * 8 + 37);
}
