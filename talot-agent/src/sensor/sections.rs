//! From the kernel's counts to what the journal keeps of each point and day.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::{Timestamp, civil::Date};
use talot_common::{key::Subject, layout, words::Disposition};

use super::observer::Observed;
use crate::{
    calendar,
    journal::{Observation, Section, Tally},
    kernel::{Counted, Counts},
    row::{Row, RowKey},
};

/// What one drain has brought of one point and day, before it becomes a section.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) tally: Tally,
    pub(super) rows: Vec<Row>,
    keyed: u64,
}

impl Part {
    /// Packets that the interface dropped before the hook.
    pub(super) fn missed(packets: u64) -> Self {
        let mut part = Self::default();
        part.tally.missed = packets;
        part
    }
}

/// The interval of a drain, and the first of the days that the kernel tells apart in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interval {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    pub(super) first_day: Date,
}

/// Everything of a drain by point slot and day.
pub(super) type Parts = BTreeMap<(u8, Date), Part>;

/// Sorts an epoch's counts by point and day.
pub(super) fn sort(counts: Counts, interval: Interval) -> Result<Parts> {
    let Counts {
        tallies,
        keyed,
        overflow,
    } = counts;
    let mut days = [interval.first_day; layout::DAYS];
    for (slot, day) in days.iter_mut().enumerate() {
        *day = calendar::day_of_slot(slot as u8, interval.first_day)?;
    }
    let day = |slot: u8| days[slot as usize % layout::DAYS];
    let mut parts = Parts::new();
    for (point, slot, tally) in tallies {
        parts
            .entry((point, day(slot)))
            .or_default()
            .tally
            .add(&journalled(&tally));
    }
    let row = |subject: &Subject, source, packets| Row {
        key: RowKey {
            class: subject.class,
            aim: subject.aim,
            source,
        },
        packets,
        first_seen: interval.start.as_microsecond(),
        last_seen: interval.end.as_microsecond(),
        marks: subject.marks,
    };
    for Counted {
        subject,
        source,
        packets,
    } in keyed
    {
        let part = parts.entry((subject.point, day(subject.day))).or_default();
        part.keyed += packets;
        part.rows.push(row(&subject, Some(source), packets));
    }
    for (subject, packets) in overflow {
        let part = parts.entry((subject.point, day(subject.day))).or_default();
        part.rows.push(row(&subject, None, packets));
    }
    Ok(parts)
}

fn journalled(tally: &layout::Tally) -> Tally {
    let layout::Tally {
        dispositions,
        seen,
        overflow,
        conversations_forgotten,
        padding: _,
    } = *tally;
    Tally {
        seen,
        dispositions,
        overflow,
        missed: 0,
        conversations_forgotten,
    }
}

/// Both sides of the identity, as one drain counted them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Identity {
    seen: u64,
    disposed: u64,
    unsolicited: u64,
    keyed: u64,
    overflow: u64,
}

impl Identity {
    pub(super) fn of(part: &Part) -> Self {
        let of = |disposition| part.tally.of(disposition);
        let all: u64 = Disposition::ALL.into_iter().map(of).sum();
        let unsolicited = Disposition::ALL.into_iter().filter(|d| d.is_unsolicited());
        Self {
            seen: part.tally.seen,
            disposed: all,
            unsolicited: unsolicited.map(of).sum(),
            keyed: part.keyed,
            overflow: part.tally.overflow,
        }
    }

    /// Packets by which the two equations are off, together.
    pub(super) fn difference(&self) -> u64 {
        self.seen.abs_diff(self.disposed) + self.unsolicited.abs_diff(self.keyed + self.overflow)
    }
}

/// What does not change while the agent runs.
#[derive(Clone, Debug)]
pub(super) struct Constant {
    pub(super) kernel: String,
    pub(super) timezone: String,
}

/// The sections of one point: the days of which anything was counted or observed.
pub(super) fn of_point(
    point: &super::Point,
    counted: Vec<(Date, Part)>,
    observed: Vec<Observed>,
    constant: &Constant,
) -> Vec<Section> {
    let mut sections = BTreeMap::<Date, Section>::new();
    let new = |day| Section {
        day,
        point: point.config.name.clone(),
        tally: Tally::default(),
        observation: point.observation(constant),
        rows: Vec::new(),
    };
    for (day, part) in counted {
        let section = sections.entry(day).or_insert_with(|| new(day));
        section.tally.add(&part.tally);
        section.rows.extend(part.rows);
    }
    for Observed { day, us, watched } in observed {
        let section = sections.entry(day).or_insert_with(|| new(day));
        section.observation.merge(&Observation {
            observed_us: us,
            addresses: vec![watched],
            ..Observation::default()
        });
    }
    sections.into_values().collect()
}
