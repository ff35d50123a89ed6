//! Today's figures, for everybody who asks: metrics, `status`, the live line.

mod distinct;
mod kept;
mod shown;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::{Timestamp, civil::Date};
use prometheus::{Histogram, HistogramOpts};
use serde::{Deserialize, Serialize};
use talot_common::{
    port_type::Aim,
    words::{Class, Disposition},
};

use crate::{
    config,
    journal::{Journal, Section, Tally},
    kernel::Fill,
    records::{Enrichment, MARKS},
    row::Row,
};

pub use self::{
    distinct::{Distinct, Sources},
    kept::Kept,
    shown::{Room, Series, Shown},
};

/// What is known of the sensor after its last drain.
pub struct Figures {
    /// Every point, in the order of the configuration.
    pub points: Vec<PointFigures>,
    /// When the last drain of any agent was, that became durable.
    pub last_drain: Option<Timestamp>,
    /// How long drains take.
    pub drain_seconds: Histogram,
    /// The kernel's tables by name, and how full they are.
    pub tables: Vec<(String, Fill)>,
    /// How often the clock was set while the agent ran.
    pub clock_steps: u64,
    /// Bytes that are free where the data directory lies.
    pub data_free: u64,
    /// Why nothing has become durable since the last drain that did, if so.
    pub trouble: Option<String>,
    /// Why a day that is over is not closed, if so.
    pub closing_trouble: Option<String>,
}

/// What is known of a point.
pub struct PointFigures {
    /// Its state, which `status` prints.
    pub state: PointState,
    /// Packets since it was first watched, as far as that is known.
    pub total: Tally,
    /// Accesses by scanners' marks, likewise.
    pub marked: Marked,
    /// Accesses of today by port type.
    pub ports: Shown<Aim>,
    /// Accesses of today by country.
    pub countries: Shown<String>,
    /// Backscatter of today by port type.
    pub backscatter: Shown<Aim>,
    /// Sources of today's accesses.
    pub sources: Distinct,
    /// When a day was closed last.
    pub last_closed: Option<Timestamp>,
    /// What former agents have excluded by rule; and the most that was in `other` ever.
    excluded_before: Series<String>,
    /// Packets of exclude rules that have no series any more.
    excluded_gone: u64,
}

/// Accesses by mark, in the order of [`MARKS`]; a packet counts for each mark that it has.
pub type Marked = [u64; MARKS.len()];

/// A point as `status` shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PointState {
    /// Its name.
    pub name: String,
    /// Its interface.
    pub interface: String,
    /// `live` or `dark`.
    pub mode: String,
    /// `native` or `generic`; none while it is not attached.
    pub xdp_mode: Option<String>,
    /// What it watches.
    pub addresses: String,
    /// The day of the figures.
    pub day: Date,
    /// Packets of that day, as drained.
    pub today: Tally,
    /// How far the identity is off, over all drains: 0, always.
    pub identity_difference: i64,
    /// Seconds of that day in which the point was watching.
    pub observed_seconds: f64,
    /// Packets by exclude rule since the programs were loaded.
    pub excluded: Vec<(String, u64)>,
}

/// Port types that have a series of accesses: those of the configuration, which are 40 at most, and
/// others.
const PORTS: Room = Room {
    usual: 20,
    most: 45,
};
/// Countries that have one.
const COUNTRIES: Room = Room {
    usual: 20,
    most: 20,
};
/// Port types that have one of backscatter.
const BACKSCATTER: Room = Room {
    usual: 10,
    most: 10,
};

/// Exclude rules of a point that have a series of their own.
const RULES: usize = 15;

/// Packets of rows by what has series.
#[derive(Debug, Default)]
struct Counts {
    ports: BTreeMap<Aim, u64>,
    countries: BTreeMap<String, u64>,
    backscatter: BTreeMap<Aim, u64>,
}

impl PointFigures {
    /// Nothing is counted yet. There is so much memory (bytes) for the sources of a day.
    pub fn new(state: PointState, metrics: &config::Metrics, memory: u64) -> Self {
        Self {
            state,
            total: Tally::default(),
            marked: Marked::default(),
            ports: Shown::new(metrics.ports.iter().copied(), PORTS),
            countries: Shown::new([], COUNTRIES),
            backscatter: Shown::new([], BACKSCATTER),
            sources: Distinct::new(memory, metrics.sources_64),
            last_closed: None,
            excluded_before: Series::default(),
            excluded_gone: 0,
        }
    }

    /// Packets by exclude rule; the first rules have a series of their own. All others that were
    /// excluded are in `other`: by further rules, and by what a former agent had loaded, of which the
    /// kernel keeps no count by rule. A rule that the configuration has no more loses its series.
    pub fn excluded(&self) -> Series<String> {
        let before = &self.excluded_before;
        let first = self.state.excluded.iter().take(RULES);
        let own: BTreeMap<String, u64> = first
            .map(|(rule, packets)| {
                let before = before.own.get(rule).copied().unwrap_or_default();
                (rule.clone(), before + packets)
            })
            .collect();
        let excluded = self.total.of(Disposition::Excluded);
        let known = own.values().sum::<u64>() + self.excluded_gone;
        Series {
            own,
            // Rules are not counted by epoch: they may be ahead of what was drained.
            other: before.other.max(excluded.saturating_sub(known)),
        }
    }

    /// Notes, after a drain, what each exclude rule has counted since the programs were loaded.
    pub fn note_excluded(&mut self, by_rule: Vec<(String, u64)>) {
        self.state.excluded = by_rule;
        self.excluded_before.other = self.excluded().other;
    }

    /// Adds what a drain has brought. What it has of the next day is added when that day begins.
    pub fn add(&mut self, section: &Section, marked: &Marked, enrichment: &dyn Enrichment) {
        self.total.add(&section.tally);
        for (sum, marked) in self.marked.iter_mut().zip(marked) {
            *sum += marked;
        }
        if section.day == self.state.day {
            self.add_rows(section.rows.iter().copied(), enrichment);
            self.state.today.add(&section.tally);
            self.state.observed_seconds += section.observation.observed_us as f64 / 1e6;
        }
    }

    /// Adds rows of today.
    pub fn add_rows(&mut self, rows: impl Iterator<Item = Row>, enrichment: &dyn Enrichment) {
        let counts = self.count(rows, enrichment);
        self.ports.add(&counts.ports);
        self.countries.add(&counts.countries);
        self.backscatter.add(&counts.backscatter);
    }

    /// Sums up rows of today, and notes their sources.
    fn count(&mut self, rows: impl Iterator<Item = Row>, enrichment: &dyn Enrichment) -> Counts {
        let mut counts = Counts::default();
        for row in rows {
            match row.key.class {
                Class::Stray => continue,
                Class::Backscatter => {
                    *counts.backscatter.entry(row.key.aim).or_default() += row.packets;
                    continue;
                }
                Class::Access => {}
            }
            *counts.ports.entry(row.key.aim).or_default() += row.packets;
            let country = enrichment.country(row.key.source);
            match counts.countries.get_mut(country) {
                Some(packets) => *packets += row.packets,
                None => drop(counts.countries.insert(country.to_owned(), row.packets)),
            }
            if let Some(source) = row.key.source {
                self.sources.add(row.key.aim, source);
            }
        }
        counts
    }

    /// Begins a day: its figures, and the choice of the series, start anew, with what the journal
    /// already has of it.
    ///
    /// # Errors
    ///
    /// If the journal cannot be read.
    pub fn begin(
        &mut self,
        day: Date,
        journal: &Journal,
        enrichment: &dyn Enrichment,
    ) -> Result<()> {
        self.state.day = day;
        self.state.today = Tally::default();
        self.state.observed_seconds = 0.0;
        self.sources = self.sources.next();
        let mut counts = Counts::default();
        let mut read = Ok(());
        if let Some(merged) = journal.section(day, &self.state.name) {
            self.state.today = merged.tally.clone();
            self.state.observed_seconds = merged.observation.observed_us as f64 / 1e6;
            read = merged.rows().and_then(|mut rows| {
                let mut damaged = Ok(());
                let readable =
                    std::iter::from_fn(|| rows.next()?.map_err(|e| damaged = Err(e)).ok());
                counts = self.count(readable, enrichment);
                damaged
            });
        }
        self.ports = self.ports.next(&counts.ports);
        self.countries = self.countries.next(&counts.countries);
        self.backscatter = self.backscatter.next(&counts.backscatter);
        read
    }

    /// Goes on, after [`PointFigures::begin`] of the first day, where another agent has ended.
    pub fn go_on(&mut self, kept: &Kept, journal: &Journal) {
        self.total = self.state.today.clone();
        let Some(kept) = kept.of(&self.state.name) else {
            return;
        };
        self.total = kept.total.clone();
        self.marked = kept.marked;
        self.last_closed = kept.last_closed;
        self.state.identity_difference += kept.identity_difference;
        self.excluded_before = kept.excluded.clone();
        let shown = self.excluded().own;
        let gone = kept.excluded.own.iter();
        let gone = gone.filter(|(rule, _)| !shown.contains_key(*rule));
        self.excluded_gone = kept.excluded_gone + gone.map(|(_, packets)| packets).sum::<u64>();
        for (day, point) in journal.days() {
            if point != self.state.name || day < kept.day {
                continue;
            }
            let Some(merged) = journal.section(day, &point) else {
                continue;
            };
            self.total.add(&if day == kept.day {
                merged.tally.beyond(&kept.today)
            } else {
                merged.tally
            });
        }
        if kept.day == self.state.day {
            if let Some(ports) = kept::aims(&kept.ports) {
                self.ports.go_on(ports);
            }
            if let Some(backscatter) = kept::aims(&kept.backscatter) {
                self.backscatter.go_on(backscatter);
            }
            self.countries.go_on(kept.countries.clone());
        }
    }
}

/// Accesses by mark. Only of rows that are not merged, for merged ones have all marks of all their
/// packets.
pub fn marked(rows: &[Row]) -> Marked {
    let mut marked = Marked::default();
    for row in rows.iter().filter(|row| row.key.class == Class::Access) {
        for (bit, sum) in marked.iter_mut().enumerate() {
            if row.marks >> bit & 1 == 1 {
                *sum += row.packets;
            }
        }
    }
    marked
}

impl Figures {
    /// The point of this name.
    pub fn point(&mut self, name: &str) -> Option<&mut PointFigures> {
        self.points
            .iter_mut()
            .find(|point| point.state.name == name)
    }

    /// A page has the series as they are now; whether it is the first that has one of them.
    pub fn note_seen(&mut self) -> bool {
        let mut are_new = false;
        for point in &mut self.points {
            are_new |= point.ports.note_seen();
            are_new |= point.countries.note_seen();
            are_new |= point.backscatter.note_seen();
        }
        are_new
    }

    /// The figures of points that have counted nothing.
    ///
    /// # Errors
    ///
    /// If the buckets of the histogram are wrong.
    pub fn new(points: Vec<PointFigures>) -> prometheus::Result<Self> {
        let options = HistogramOpts::new(
            "talot_drain_duration_seconds",
            "Time from switching the tables to having their contents durable",
        );
        let buckets = prometheus::exponential_buckets(0.01, 2.0, 12)?;
        Ok(Self {
            points,
            last_drain: None,
            drain_seconds: Histogram::with_opts(options.buckets(buckets))?,
            tables: Vec::new(),
            clock_steps: 0,
            data_free: 0,
            trouble: None,
            closing_trouble: None,
        })
    }
}
