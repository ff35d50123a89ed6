//! From the kernel's counts to what the journal keeps of each point and day.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::{Timestamp, civil::Date};
use talot_common::{key::Subject, layout, words::Disposition};

use super::observer::{Doing, Observed};
use crate::{
    calendar,
    journal::{Observation, Section, Tally, Watched},
    kernel::{Counted, Counts},
    row::{Row, RowKey},
};

/// What one drain has brought of one point and day, before it becomes a section.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) tally: Tally,
    pub(super) rows: Vec<Row>,
    keyed: u64,
    overflow_by_port: u64,
}

impl Part {
    /// Packets that the interface dropped before the hook.
    pub(super) fn missed(packets: u64) -> Self {
        let mut part = Self::default();
        part.tally.missed = packets;
        part
    }
}

/// The interval of a drain, and what the kernel's slots of days mean in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interval {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    pub(super) days: Days,
}

/// What the kernel's slots of days mean.
#[derive(Clone, Copy, Debug)]
pub(super) enum Days {
    /// One of the days from this one.
    From(Date),
    /// Nobody knew what day it was: this one, then.
    AllOn(Date),
}

impl Days {
    fn of_slots(self) -> Result<[Date; layout::DAYS]> {
        let first = match self {
            Self::AllOn(day) => return Ok([day; layout::DAYS]),
            Self::From(first) => first,
        };
        let mut days = [first; layout::DAYS];
        for (slot, day) in days.iter_mut().enumerate() {
            *day = calendar::day_of_slot(slot as u8, first)?;
        }
        Ok(days)
    }
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
    let days = interval.days.of_slots()?;
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
        part.overflow_by_port += packets;
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
    overflow_by_port: u64,
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
            overflow_by_port: part.overflow_by_port,
        }
    }

    /// Packets by which the equations are off, together.
    pub(super) fn difference(&self) -> u64 {
        self.seen.abs_diff(self.disposed)
            + self.unsolicited.abs_diff(self.keyed + self.overflow)
            + self.overflow.abs_diff(self.overflow_by_port)
    }
}

/// What does not change while the agent runs.
#[derive(Clone, Debug)]
pub(super) struct Constant {
    pub(super) kernel: String,
    /// The name of this boot.
    pub(super) boot: String,
    pub(super) timezone: String,
}

/// The sections of one point: the days of which anything was counted or observed.
pub(super) fn of_point(
    name: &str,
    observation: &Observation,
    counted: Vec<(Date, Part)>,
    observed: Vec<Observed>,
) -> Vec<Section> {
    let mut sections = BTreeMap::<Date, Section>::new();
    let new = |day| Section {
        day,
        point: name.to_owned(),
        tally: Tally::default(),
        observation: observation.clone(),
        rows: Vec::new(),
    };
    for (day, part) in counted {
        let section = sections.entry(day).or_insert_with(|| new(day));
        section.tally.add(&part.tally);
        section.rows.extend(part.rows);
    }
    for Observed {
        day,
        us,
        doing,
        start,
        end,
    } in observed
    {
        let section = sections.entry(day).or_insert_with(|| new(day));
        section.observation.merge(&match doing {
            Doing::Watching(addresses) => Observation {
                observed_us: us,
                addresses: vec![Watched {
                    addresses,
                    start,
                    end,
                }],
                ..Observation::default()
            },
            Doing::Nothing(gap) => Observation {
                gaps: BTreeMap::from([(gap, us)]),
                ..Observation::default()
            },
        });
    }
    sections.into_values().collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use talot_common::{
        port_type::{Aim, Kind},
        words::Class,
    };

    use super::*;

    fn subject(point: u8, day: Date, class: Class) -> Subject {
        Subject {
            point,
            day: (calendar::number(day) % 8) as u8,
            class,
            aim: Aim {
                kind: Kind::Udp,
                number: 53,
            },
            marks: 0,
        }
    }

    fn tally(access: u64, overflow: u64) -> layout::Tally {
        let mut tally = layout::Tally {
            seen: access + 4,
            overflow,
            ..layout::Tally::default()
        };
        tally.dispositions[Disposition::Access as usize] = access;
        tally.dispositions[Disposition::NonIp as usize] = 4;
        tally
    }

    #[test]
    fn counts_go_to_their_point_and_day_and_the_identity_holds_or_says_by_how_much_not() {
        let [today, tomorrow] = [date(2026, 11, 21), date(2026, 11, 22)];
        let slot = |day| (calendar::number(day) % 8) as u8;
        let interval = Interval {
            start: "2026-11-21T23:59:50Z".parse().unwrap(),
            end: "2026-11-22T00:00:00Z".parse().unwrap(),
            days: Days::From(today),
        };
        let counted = |point, day, packets| Counted {
            subject: subject(point, day, Class::Access),
            source: "192.0.2.1".parse().unwrap(),
            packets,
        };
        let counts = Counts {
            tallies: vec![
                (0, slot(today), tally(10, 3)),
                (0, slot(tomorrow), tally(5, 0)),
                (1, slot(today), tally(2, 0)),
            ],
            keyed: vec![
                counted(0, today, 7),
                counted(0, tomorrow, 5),
                counted(1, today, 1),
            ],
            overflow: vec![(subject(0, today, Class::Access), 3)],
        };
        let parts = sort(counts, interval).unwrap();
        let rows = |key| {
            let part: &Part = &parts[&key];
            part.rows
                .iter()
                .map(|row| (row.key.source.is_some(), row.packets))
                .collect::<Vec<_>>()
        };
        assert_eq!(rows((0, today)), [(true, 7), (false, 3)]);
        assert_eq!(rows((0, tomorrow)), [(true, 5)]);
        let differences: Vec<u64> = parts
            .values()
            .map(|part| Identity::of(part).difference())
            .collect();
        assert_eq!(differences, [0, 0, 1], "point 1 misses one packet");
        let lost = Part {
            overflow_by_port: 2,
            ..parts.into_values().next().unwrap()
        };
        let difference = Identity::of(&lost).difference();
        assert_eq!(difference, 1, "a packet of overflow that no port has");
    }
}
