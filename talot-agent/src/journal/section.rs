//! What a drain says of one point and day, and how two such sayings become one.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Tally;
use crate::row::Row;

/// What one drain brought of one point and day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The day, in the configured time zone.
    pub day: Date,
    /// The point's name.
    pub point: String,
    /// Packets by disposition.
    pub tally: Tally,
    /// How they were observed.
    pub observation: Observation,
    /// What was counted per key; in any order, a key may come twice.
    pub rows: Vec<Row>,
}

impl Section {
    /// Brings the rows into the order of their keys, each key once.
    pub(super) fn order_rows(&mut self) {
        self.rows.sort_unstable_by_key(|row| row.key);
        self.rows.dedup_by(|later, row| {
            let same = later.key == row.key;
            if same {
                row.absorb(later);
            }
            same
        });
    }
}

/// How a point was observed in an interval of time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// How long the point was really watching, µs.
    pub observed_us: i64,
    /// How long it was not, µs by reason.
    #[serde(default)]
    pub gaps: BTreeMap<Gap, i64>,
    /// What it watched, in the order of time.
    pub addresses: Vec<Watched>,
    /// `native` or `generic`.
    pub xdp_mode: History,
    /// `live` or `dark`.
    pub mode: History,
    /// `pass` or `drop`.
    pub verdict: History,
    /// Release of the kernel.
    pub kernel: History,
    /// Version of the agent.
    pub agent_version: History,
    /// The configured time zone: IANA name or path.
    pub timezone: History,
    /// What a reader of the day must know; each is kept once, and only so many as anybody reads.
    pub notes: Vec<String>,
}

/// Why a point was not watching.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gap {
    /// The interface was down, or without a carrier.
    Down,
    /// No program was attached.
    Detached,
    /// There was no such interface.
    InterfaceGone,
    /// The machine was not running, or the agent not yet.
    Reboot,
    /// The machine was suspended.
    Suspended,
    /// No agent had told the kernel for a week where the days end.
    NoBoundaries,
}

impl Gap {
    /// The words in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Down => "interface down",
            Self::Detached => "detached",
            Self::InterfaceGone => "interface gone",
            Self::Reboot => "reboot",
            Self::Suspended => "suspended",
            Self::NoBoundaries => "counted in the last day whose end was known",
        }
    }
}

/// How many notes of a day are kept.
const MOST_NOTES: usize = 64;
const MORE_NOTES: &str = "more notes are left out";

impl Observation {
    /// Appends what was observed later. Merging neighbours in any grouping gives the same.
    pub fn merge(&mut self, later: &Self) {
        let Self {
            observed_us,
            gaps,
            addresses,
            xdp_mode,
            mode,
            verdict,
            kernel,
            agent_version,
            timezone,
            notes,
        } = later;
        self.observed_us = self.observed_us.saturating_add(*observed_us);
        for (gap, us) in gaps {
            let sum = self.gaps.entry(*gap).or_default();
            *sum = sum.saturating_add(*us);
        }
        for watched in addresses {
            match self.addresses.last_mut() {
                Some(last) if last.continues_in(watched) => last.end = last.end.max(watched.end),
                _ => self.addresses.push(watched.clone()),
            }
        }
        self.xdp_mode.merge(xdp_mode);
        self.mode.merge(mode);
        self.verdict.merge(verdict);
        self.kernel.merge(kernel);
        self.agent_version.merge(agent_version);
        self.timezone.merge(timezone);
        for note in notes {
            self.note(note);
        }
    }
}

impl Observation {
    /// Keeps a note, if it is new and there is room.
    pub fn note(&mut self, note: &str) {
        if self.notes.len() > MOST_NOTES || self.notes.iter().any(|own| own == note) {
            return;
        }
        let note = if self.notes.len() == MOST_NOTES {
            MORE_NOTES
        } else {
            note
        };
        self.notes.push(note.to_owned());
    }
}

/// A set of addresses and when it was watched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// The set as the records write it: `203.0.113.5,2001:db8:1::/64`.
    pub addresses: String,
    /// Since when, µs since 1970 UTC.
    pub start: i64,
    /// Until when, µs since 1970 UTC. An interval that begins just there continues this one.
    pub end: i64,
}

impl Watched {
    fn continues_in(&self, next: &Self) -> bool {
        self.addresses == next.addresses && (self.start..=self.end).contains(&next.start)
    }
}

/// The values that one setting had, in the order of time; no value twice running.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct History(Vec<String>);

impl History {
    /// The value that held last; empty if there was none.
    pub fn last(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    /// Every value, if there was more than one.
    pub fn changes(&self) -> Option<&[String]> {
        (self.0.len() > 1).then_some(&self.0)
    }

    fn merge(&mut self, later: &Self) {
        let same = self
            .0
            .last()
            .is_some_and(|last| later.0.first() == Some(last));
        self.0.extend_from_slice(&later.0[usize::from(same)..]);
    }
}

impl<T: Into<String>> From<T> for History {
    fn from(value: T) -> Self {
        Self(vec![value.into()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observation(start: i64, mode: &str, addresses: &str, note: &str) -> Observation {
        Observation {
            observed_us: 10,
            addresses: vec![Watched {
                addresses: addresses.into(),
                start,
                end: start + 10,
            }],
            mode: mode.into(),
            notes: vec![note.into()],
            ..Observation::default()
        }
    }

    fn merged(observations: &[Observation]) -> Observation {
        let mut sum = Observation::default();
        for observation in observations {
            sum.merge(observation);
        }
        sum
    }

    #[test]
    fn notes_are_bounded_however_they_are_grouped() {
        let notes = |range: std::ops::Range<u32>| Observation {
            notes: range.map(|number| format!("note {number}")).collect(),
            ..Observation::default()
        };
        let single: Vec<Observation> = (0..100).map(|number| notes(number..number + 1)).collect();
        let sum = merged(&single);
        assert_eq!(sum.notes.len(), MOST_NOTES + 1);
        assert_eq!(sum.notes[MOST_NOTES], MORE_NOTES);
        for cut in [1, 30, 64, 65, 90] {
            let (early, late) = single.split_at(cut);
            assert_eq!(merged(&[merged(early), merged(late)]), sum, "cut at {cut}");
        }
    }

    #[test]
    fn merging_keeps_the_order_of_time_however_it_is_grouped() {
        let all = [
            observation(0, "live", "a", "x"),
            observation(10, "live", "a", "y"),
            observation(20, "dark", "b", "x"),
            observation(40, "dark", "b", "z"),
            observation(50, "live", "b", "x"),
        ];
        let sum = merged(&all);
        let watched = |addresses: &str, start, end| Watched {
            addresses: addresses.into(),
            start,
            end,
        };
        assert_eq!(
            sum.addresses,
            [
                watched("a", 0, 20),
                watched("b", 20, 30),
                watched("b", 40, 60)
            ]
        );
        assert_eq!(sum.observed_us, 50);
        assert_eq!(sum.mode.last(), "live");
        assert_eq!(sum.mode.changes().unwrap(), ["live", "dark", "live"]);
        assert_eq!(sum.verdict.changes(), None);
        assert_eq!(sum.notes, ["x", "y", "z"]);
        for cut in 0..=all.len() {
            let (early, late) = all.split_at(cut);
            assert_eq!(merged(&[merged(early), merged(late)]), sum, "cut at {cut}");
        }
    }
}
