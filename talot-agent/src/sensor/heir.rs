//! Making durable what was counted in maps that nothing counts in any more.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, Result};
use jiff::{Span, civil::Date, tz::TimeZone};
use log::error;
use talot_common::layout::Watch;

use super::{
    drains::PUT_BACK,
    observer::Observed,
    sections::{self, Days, Identity, Interval},
};
use crate::{
    calendar, clock,
    figures::{self, Marked},
    journal::{Journal, Mark, Observation, Section},
    kernel::Former,
    records,
};

/// Who takes what was counted.
pub(super) struct Heir<'a> {
    pub(super) journal: &'a mut Journal,
    pub(super) data_dir: &'a Path,
    pub(super) zone: &'a TimeZone,
    /// What the marks say beside the epoch.
    pub(super) mark: Mark,
    /// What points did of which nobody else gives an account.
    pub(super) observed: BTreeMap<String, Vec<Observed>>,
    /// Whether a day of a point is just being closed.
    pub(super) is_closing: &'a dyn Fn(Date, &str) -> bool,
    /// What is said of a point beside its counts.
    pub(super) observation: &'a dyn Fn(&str) -> Observation,
}

/// What was made durable.
#[derive(Debug, Default)]
pub(super) struct Inherited {
    pub(super) sections: Vec<Section>,
    /// Accesses by scanners' mark, of each section.
    pub(super) marked: Vec<Marked>,
    /// By how much the identity is off: points and packets. Empty, always.
    pub(super) differences: Vec<(String, i64)>,
}

/// The first day of a plan: none as long as nobody knew what day it was.
pub(super) fn first_day(watch: &Watch) -> Option<Date> {
    const EPOCH: Date = Date::constant(1970, 1, 1);
    let days = i64::from(watch.first_day);
    (days > 0).then(|| EPOCH.saturating_add(Span::new().days(days)))
}

/// The day in which packets of this one count. A clock that was put back brings packets into a day
/// that is closed: they count in the open one.
pub(super) fn open_day(stamped: Date, is_closed: impl Fn(Date) -> Result<bool>) -> Result<Date> {
    let mut day = stamped;
    while is_closed(day)? {
        day = day.tomorrow()?;
    }
    Ok(day)
}

impl Heir<'_> {
    /// Makes both epochs durable, unless they are, and clears them.
    pub(super) fn inherit(&mut self, former: &mut Former) -> Result<Inherited> {
        let mut inherited = Inherited::default();
        let current = former.counters().epoch();
        for epoch in [former.counters().ended_epoch(), current] {
            let mark = self.journal.mark_of(former.instance());
            let is_durable = mark.is_some_and(|mark| mark.epoch == epoch || mark.epoch == current);
            if !is_durable {
                let mut sections = self.counted(former, epoch, &mut inherited.differences)?;
                if epoch == current {
                    sections.append(&mut self.watched()?);
                }
                let mark = Mark {
                    instance: former.instance().to_owned(),
                    epoch,
                    ..self.mark.clone()
                };
                // Before the rows are merged.
                let marked = sections.iter().map(|s| figures::marked(&s.rows));
                inherited.marked.extend(marked);
                self.journal
                    .add(&mut sections, Some(&mark))
                    .context("making durable what the kernel still holds")?;
                inherited.sections.append(&mut sections);
            }
            former.counters_mut().clear(epoch);
        }
        Ok(inherited)
    }

    /// What points did that have no account of their own.
    fn watched(&self) -> Result<Vec<Section>> {
        let mut sections = Vec::new();
        for (name, observed) in &self.observed {
            let mut open = Vec::new();
            for observed in observed {
                let day = open_day(observed.day, |day| self.is_closed(day, name))?;
                open.push(Observed {
                    day,
                    ..observed.clone()
                });
            }
            let observation = (self.observation)(name);
            sections.extend(sections::of_point(name, &observation, Vec::new(), open));
        }
        Ok(sections)
    }

    fn is_closed(&self, day: Date, name: &str) -> Result<bool> {
        Ok((self.is_closing)(day, name) || records::is_closed(self.data_dir, day, name)?)
    }

    fn counted(
        &self,
        former: &Former,
        epoch: u32,
        differences: &mut Vec<(String, i64)>,
    ) -> Result<Vec<Section>> {
        let now = clock::now();
        let days = first_day(&former.counters().watching()).map_or_else(
            || Days::AllOn(calendar::date_at(now.max(clock::built()), self.zone)),
            Days::From,
        );
        let mark = self.journal.mark_of(former.instance());
        let start = mark.map_or(former.since(), |mark| mark.at).wall;
        let interval = Interval {
            start: start.min(now),
            end: now,
            days,
        };
        let mut sections = Vec::new();
        for ((slot, stamped), part) in sections::sort(former.counters().read(epoch)?, interval)? {
            let name = former
                .points()
                .get(usize::from(slot))
                .with_context(|| format!("the pinned maps have no point {slot}"))?;
            let identity = Identity::of(&part);
            if identity.difference() != 0 {
                error!("the identity of {name} on {stamped} is off: {identity:?}");
                let difference = i64::try_from(identity.difference()).unwrap_or(i64::MAX);
                differences.push((name.clone(), difference));
            }
            let day = open_day(stamped, |day| self.is_closed(day, name))?;
            let mut observation = (self.observation)(name);
            if day != stamped {
                observation.note(PUT_BACK);
            }
            let counted = vec![(day, part)];
            sections.extend(sections::of_point(name, &observation, counted, Vec::new()));
        }
        Ok(sections)
    }
}

/// How a point was observed last, as far as the journal knows.
pub(super) fn last_observation(journal: &Journal, point: &str) -> Option<Observation> {
    let days = journal.days();
    let mut days = days.iter().filter(|(_, name)| name == point);
    let (day, name) = days.next_back()?;
    let Observation {
        xdp_mode,
        mode,
        verdict,
        kernel,
        agent_version,
        timezone,
        ..
    } = journal.section(*day, name)?.observation;
    Some(Observation {
        xdp_mode: xdp_mode.last().into(),
        mode: mode.last().into(),
        verdict: verdict.last().into(),
        kernel: kernel.last().into(),
        agent_version: agent_version.last().into(),
        timezone: timezone.last().into(),
        ..Observation::default()
    })
}
