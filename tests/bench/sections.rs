//! From the kernel's counts to a section of the journal, as the agent's drain does it.

use anyhow::Result;
use jiff::civil::{Date, date};
use talot_agent::{
    calendar,
    journal::{Observation, Section, Tally, Watched},
    kernel::Counts,
    row::{Row, RowKey},
};

use crate::world::POINT;

/// The day that everything is of.
pub(crate) const DAY: Date = date(2026, 11, 21);
/// Its first moment, µs since 1970 UTC.
pub(crate) const DAY_START: i64 = 1_795_219_200_000_000;
/// How long a drain interval is, µs.
pub(crate) const INTERVAL: i64 = 10_000_000;

/// A section of the point, of these rows.
pub(crate) fn section(interval: i64, tally: Tally, rows: Vec<Row>) -> Section {
    let start = DAY_START + interval * INTERVAL;
    let addresses = "198.51.0.0/16,2001:db8:51::/48".to_owned();
    let observation = Observation {
        observed_us: INTERVAL,
        addresses: vec![Watched {
            addresses,
            start,
            end: start + INTERVAL,
        }],
        ..Observation::default()
    };
    Section {
        day: DAY,
        point: POINT.to_owned(),
        tally,
        observation,
        rows,
    }
}

/// What the kernel has counted, all of it in one day.
pub(crate) fn of_counts(counts: &Counts) -> Result<Section> {
    let mut tally = Tally::default();
    for (_, slot, of_kernel) in &counts.tallies {
        calendar::day_of_slot(*slot, DAY)?;
        tally.add(&Tally {
            seen: of_kernel.seen,
            dispositions: of_kernel.dispositions,
            overflow: of_kernel.overflow,
            ..Tally::default()
        });
    }
    let keyed = counts
        .keyed
        .iter()
        .map(|key| (key.subject, Some(key.source), key.packets));
    let overflow = counts
        .overflow
        .iter()
        .map(|(subject, packets)| (*subject, None, *packets));
    let rows = keyed.chain(overflow).map(|(subject, source, packets)| Row {
        key: RowKey {
            class: subject.class,
            aim: subject.aim,
            source,
        },
        packets,
        first_seen: DAY_START,
        last_seen: DAY_START + INTERVAL,
        marks: subject.marks,
    });
    Ok(section(0, tally, rows.collect()))
}
