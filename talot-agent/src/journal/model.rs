//! What the journal is checked against: a plain map, and seeded random drains.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use talot_common::{
    port_type::{Aim, Kind},
    words::Class,
};

use super::{Drains, Observation, Section, Tally, Watched};
use crate::row::{Row, RowKey};

/// SplitMix64: the same seed gives the same numbers everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

/// Few values of each field, so that keys meet again, and all of them such as occur.
pub(crate) fn random_row(random: &mut Random) -> Row {
    let kind = Kind::from_number(1 + random.below(9) as u8).unwrap();
    let number = [0, 6, 8, 47, 128, 255, 256, 65535][random.below(8) as usize];
    let number = match kind {
        Kind::Portless | Kind::Fragment => number & 0xff,
        _ => number,
    };
    let v6 = [
        0x2001_0db8 << 96,
        (0x2001_0db8 << 96) + (1 << 64),
        u128::MAX,
    ];
    let low = random.below(3) as u32;
    let source = match random.below(5) {
        0 => None,
        1 | 2 => Some((0xc000_02fe + low).to_be_bytes().into()),
        _ => Some(
            (v6[random.below(3) as usize] - u128::from(low))
                .to_be_bytes()
                .into(),
        ),
    };
    let first_seen = DAY_START + random.below(86_000_000_000) as i64;
    Row {
        key: RowKey {
            class: Class::ALL[random.below(3) as usize],
            aim: Aim { kind, number },
            source,
        },
        packets: 1 + random.below(1 << 40),
        first_seen,
        last_seen: first_seen + 10_000_000,
        marks: random.below(8) as u8,
    }
}

/// 2026-11-21T00:00:00Z in µs.
pub(crate) const DAY_START: i64 = 1_795_219_200_000_000;

/// The day of the model that begins at [`DAY_START`].
pub(crate) const fn day() -> Date {
    date(2026, 11, 21)
}

/// A section with the tally that its rows ask for.
pub(crate) fn section(day: Date, point: &str, rows: Vec<Row>) -> Section {
    let mut tally = Tally {
        missed: 1,
        ..Tally::default()
    };
    for row in &rows {
        tally.seen += row.packets;
        tally.dispositions[row.key.class.disposition() as usize] += row.packets;
        tally.overflow += if row.key.source.is_none() {
            row.packets
        } else {
            0
        };
    }
    let addresses = "203.0.113.5,2001:db8::/64".to_owned();
    let observation = Observation {
        observed_us: 10_000_000,
        addresses: vec![Watched {
            addresses,
            start: DAY_START,
            end: DAY_START + 10_000_000,
        }],
        xdp_mode: "native".into(),
        mode: "dark".into(),
        verdict: "pass".into(),
        kernel: "6.18.0".into(),
        agent_version: "0.1.0".into(),
        timezone: "UTC".into(),
        ..Observation::default()
    };
    Section {
        day,
        point: point.to_owned(),
        tally,
        observation,
        rows,
    }
}

/// A random section of a few rows.
pub(crate) fn random_section(random: &mut Random, day: Date, point: &str) -> Section {
    let count = random.below(30);
    section(day, point, (0..count).map(|_| random_row(random)).collect())
}

/// What was appended, added up in the plainest way.
#[derive(Clone, Default)]
pub(crate) struct Model {
    pub(crate) days: BTreeMap<(Date, String), Total>,
}

/// What was appended of a day and point.
#[derive(Clone, Default)]
pub(crate) struct Total {
    pub(crate) tally: Tally,
    pub(crate) observation: Observation,
    pub(crate) rows: BTreeMap<RowKey, Row>,
}

impl Model {
    pub(crate) fn add(&mut self, sections: &[Section]) {
        for section in sections {
            let total = self
                .days
                .entry((section.day, section.point.clone()))
                .or_default();
            total.tally.add(&section.tally);
            total.observation.merge(&section.observation);
            for row in &section.rows {
                total
                    .rows
                    .entry(row.key)
                    .and_modify(|sum| sum.absorb(row))
                    .or_insert(*row);
            }
        }
    }

    /// The journal holds this and nothing else.
    pub(crate) fn check(&self, drains: &Drains) {
        assert_eq!(drains.days(), self.days.keys().cloned().collect());
        for ((day, point), total) in &self.days {
            let merged = drains.section(*day, point).unwrap();
            assert_eq!(merged.tally, total.tally, "{day} {point}");
            assert_eq!(merged.observation, total.observation, "{day} {point}");
            let rows: Vec<Row> = merged.rows().unwrap().map(Result::unwrap).collect();
            let expected: Vec<Row> = total.rows.values().copied().collect();
            assert_eq!(rows, expected, "{day} {point}");
        }
    }
}
