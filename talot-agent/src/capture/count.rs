//! Counting: what the kernel's tables are to the sensor, with the capture's own times.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use talot_common::{
    key::{Key4, Subject},
    packet::V6,
    words::Disposition,
};

use super::{
    Map,
    judge::{Judgement, Source},
};
use crate::{
    calendar,
    journal::{Observation, Section, Tally},
    records::Bounds,
    row::{Row, RowKey},
};

/// So many keys fill a hash table just before it would grow to hold more.
const MOST_KEYS: usize = (1 << 21) / 8 * 7;
/// So many days at once have only captures whose times are wrong.
const MOST_DAYS: usize = 64;

/// The packets of one key.
#[derive(Clone, Copy, Debug)]
struct Seen {
    packets: u64,
    /// µs since 1970 UTC.
    first: i64,
    last: i64,
}

/// From the first to the last packet of a capture in a day, ns since 1970 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first: i64,
    pub(super) last: i64,
}

/// What has been counted of one day.
#[derive(Debug)]
struct Day {
    date: Date,
    /// Its bounds, ns since 1970 UTC.
    start: i64,
    end: i64,
    span: Span,
    /// By point.
    tallies: Vec<Tally>,
    v4: Map<u64, Seen>,
    v6: Map<(u64, V6), Seen>,
}

impl Day {
    fn of(time: i64, zone: &TimeZone, points: usize) -> Result<Self> {
        let moment = Timestamp::from_nanosecond(i128::from(time))
            .context("a packet's time is beyond the calendar")?;
        let date = calendar::date_at(moment, zone);
        let bounds = Bounds::of(date, zone)?;
        // The calendar is wider than the times that captures tell.
        let nanoseconds = |moment: Timestamp| {
            let time = moment.as_nanosecond();
            time.clamp(i64::MIN.into(), i64::MAX.into()) as i64
        };
        Ok(Self {
            date,
            start: nanoseconds(bounds.start),
            end: nanoseconds(bounds.end),
            span: Span {
                first: time,
                last: time,
            },
            tallies: vec![Tally::default(); points],
            v4: Map::default(),
            v6: Map::default(),
        })
    }

    const fn holds(&self, time: i64) -> bool {
        self.start <= time && time < self.end
    }

    fn keys(&self) -> usize {
        self.v4.len() + self.v6.len()
    }

    fn add(&mut self, time: i64, judgement: Judgement) {
        self.span.first = self.span.first.min(time);
        self.span.last = self.span.last.max(time);
        match judgement {
            Judgement::Leaving => {}
            Judgement::Seen(point, disposition) => self.tally(point, disposition),
            Judgement::Unsolicited(subject, source) => {
                self.tally(subject.point, subject.class.disposition());
                let now = time.div_euclid(1000);
                let new = Seen {
                    packets: 0,
                    first: now,
                    last: now,
                };
                let seen = match source {
                    Source::V4(source) => {
                        self.v4.entry(Key4::new(subject, source).0).or_insert(new)
                    }
                    Source::V6(source) => self.v6.entry((subject.pack(), source)).or_insert(new),
                };
                seen.packets += 1;
                seen.first = seen.first.min(now);
                seen.last = seen.last.max(now);
            }
        }
    }

    fn tally(&mut self, point: u8, disposition: Disposition) {
        let tally = &mut self.tallies[usize::from(point)];
        tally.seen += 1;
        tally.dispositions[disposition as usize] += 1;
    }

    /// What was counted of each point that has seen anything.
    fn sections(self, points: &[String], into: &mut Vec<Section>) {
        let sections = points
            .iter()
            .zip(self.tallies)
            .map(|(point, tally)| Section {
                day: self.date,
                point: point.clone(),
                tally,
                observation: Observation::default(),
                rows: Vec::new(),
            });
        let mut sections: Vec<Section> = sections.collect();
        let mut put = |subject: Option<Subject>, source, seen: Seen| {
            let subject = subject.expect("every key was packed from a subject");
            sections[usize::from(subject.point)].rows.push(Row {
                key: RowKey {
                    class: subject.class,
                    aim: subject.aim,
                    source: Some(source),
                },
                packets: seen.packets,
                first_seen: seen.first,
                last_seen: seen.last,
                marks: subject.marks,
            });
        };
        for (key, seen) in self.v4 {
            put(Subject::unpack(key), Key4(key).source().into(), seen);
        }
        for ((subject, source), seen) in self.v6 {
            put(Subject::unpack(subject), source.into(), seen);
        }
        into.extend(
            sections
                .into_iter()
                .filter(|section| section.tally.seen > 0),
        );
    }
}

/// The counts of all days since they were last taken.
#[derive(Debug)]
pub(super) struct Counts {
    zone: TimeZone,
    points: Vec<String>,
    days: Vec<Day>,
    /// Which of them the last packet was of.
    current: usize,
    /// Of this capture.
    spans: BTreeMap<Date, Span>,
}

impl Counts {
    pub(super) const fn new(zone: TimeZone, points: Vec<String>) -> Self {
        Self {
            zone,
            points,
            days: Vec::new(),
            current: 0,
            spans: BTreeMap::new(),
        }
    }

    /// Counts a packet of this time (ns since 1970 UTC).
    #[inline]
    pub(super) fn add(&mut self, time: i64, judgement: Judgement) -> Result<()> {
        if let Some(day) = self.days.get_mut(self.current)
            && day.holds(time)
        {
            day.add(time, judgement);
            return Ok(());
        }
        self.current = match self.days.iter().position(|day| day.holds(time)) {
            Some(found) => found,
            None => {
                let day = Day::of(time, &self.zone, self.points.len())?;
                self.days.push(day);
                self.days.len() - 1
            }
        };
        self.days[self.current].add(time, judgement);
        Ok(())
    }

    /// Whether it is time to take what there is.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        match &self.days[..] {
            [day] => day.keys() >= MOST_KEYS,
            days => {
                days.len() > MOST_DAYS || days.iter().map(Day::keys).sum::<usize>() >= MOST_KEYS
            }
        }
    }

    /// Takes what was counted.
    pub(super) fn take(&mut self) -> Vec<Section> {
        let mut sections = Vec::new();
        for day in self.days.drain(..) {
            let Span { first, last } = day.span;
            let span = self.spans.entry(day.date).or_insert(day.span);
            span.first = span.first.min(first);
            span.last = span.last.max(last);
            day.sections(&self.points, &mut sections);
        }
        sections
    }

    /// The days of the capture that ends here, once everything is taken.
    pub(super) fn end_capture(&mut self) -> BTreeMap<Date, Span> {
        std::mem::take(&mut self.spans)
    }
}
