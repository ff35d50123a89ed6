//! Draining: from the kernel's tables to the journal, losing nothing on the way.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use anyhow::{Context as _, Result};
use jiff::civil::Date;
use log::error;

use super::{
    Sensor, lock,
    observer::Moment,
    sections::{self, Identity, Interval, Part, Parts},
};
use crate::{
    calendar, durable,
    figures::{self, Marked},
    interface::Interface,
    journal::{MergedFile, Section},
    records,
};

/// A drain that the kernel still keeps.
pub(super) struct Pending {
    epoch: u32,
    sections: Vec<Section>,
    /// Accesses by mark, of each section.
    marked: Vec<Marked>,
    /// It is in the journal; only the kernel's copy is to be cleared.
    is_durable: bool,
}

impl Pending {
    /// The epoch, as long as only the kernel has what it counted.
    pub(super) fn epoch(&self) -> Option<u32> {
        (!self.is_durable).then_some(self.epoch)
    }
}

impl Sensor {
    /// Drains, and does what a drain makes possible: closing days that are over.
    pub(super) async fn tend(&mut self) {
        let interfaces = self.interfaces.all().await;
        if let Ok(interfaces) = &interfaces {
            self.note_missed(interfaces);
            self.drop_gone_hooks(interfaces);
        }
        tokio::task::block_in_place(|| {
            if let Err(error) = self.drain() {
                error!("{error:#}");
                return;
            }
            let next_day = interfaces.and_then(|now| self.turn_day(&now));
            if let Err(error) = next_day {
                error!("going on to the next day: {error:#}");
            }
            self.keep_figures();
            self.close_days();
            self.merge();
        });
        self.follow_databases();
    }

    /// Reads databases that have changed, beside the counting.
    fn follow_databases(&self) {
        if self.geo.has_changed() {
            let geo = Arc::clone(&self.geo);
            tokio::task::spawn_blocking(move || geo.refresh());
        }
    }

    /// Notes what the figures need to go on after a restart, and what room there is.
    pub(super) fn keep_figures(&self) {
        let data_dir = &self.config.data_dir;
        let mut figures = lock(&self.figures);
        match durable::free_bytes(data_dir) {
            Ok(free) => figures.data_free = free,
            Err(error) => error!("{error:#}"),
        }
        if let Err(error) = figures.keep(data_dir) {
            error!("after a restart, some counters will begin anew: {error:#}");
        }
    }

    /// Begins to merge files of the journal if they have become numerous: beside the counting, for
    /// large ones take seconds.
    fn merge(&mut self) {
        if !self.merging.is_under_way()
            && let Some(merge) = self.journal.due_merge()
        {
            self.merging.begin(|| merge.run());
        }
    }

    /// A merge has ended.
    pub(super) fn note_merged(&mut self, merged: Option<Result<MergedFile>>) {
        let Some(merged) = merged else { return };
        if let Err(error) = merged.and_then(|merged| self.journal.install(merged)) {
            error!("merging files of the journal failed, will be tried again: {error:#}");
        }
    }

    /// What the interfaces have dropped counts for their first points.
    pub(super) fn note_missed(&mut self, now: &BTreeMap<String, Interface>) {
        for (name, hook) in &mut self.hooks {
            let Some(interface) = now.get(name).filter(|now| now.index == hook.index) else {
                continue;
            };
            let missed = interface.missed.saturating_sub(hook.missed);
            hook.missed = interface.missed;
            if let Some(point) = self
                .points
                .iter_mut()
                .find(|point| point.config.interface == *name)
            {
                point.missed += missed;
            }
        }
    }

    /// One drain. What it has read stays in the kernel until it is durable.
    pub(super) fn drain(&mut self) -> Result<()> {
        let began = Instant::now();
        let result = self.try_drain();
        self.messages.flush();
        let mut figures = lock(&self.figures);
        for (slot, point) in figures.points.iter_mut().enumerate() {
            point.state.excluded = self.excluded(slot as u8, &point.state.name);
        }
        match &result {
            Ok(()) => {
                figures.last_drain = Some(self.cut);
                figures.trouble = None;
                figures.drain_seconds.observe(began.elapsed().as_secs_f64());
            }
            Err(error) => figures.trouble = Some(format!("{error:#}")),
        }
        result
    }

    /// What each exclude rule has counted at a point.
    pub(super) fn excluded(&self, slot: u8, point: &str) -> Vec<(String, u64)> {
        let rules = self.config.excludes.iter().enumerate();
        rules
            .filter(|(_, rule)| rule.is_for(point))
            .map(|(number, rule)| (rule.label(number), self.kernel.excluded(number, slot)))
            .collect()
    }

    fn try_drain(&mut self) -> Result<()> {
        if self.pending.is_some() {
            self.make_durable()?;
        }
        // A packet of the new epoch asks the clock after this moment, so whatever is older is in the
        // one that ends; the wait for the last of its programs comes after.
        let before = Moment::now()?;
        let epoch = self.kernel.flip()?;
        let now = Moment::now()?;
        let interval = Interval {
            start: self.cut,
            end: now.wall.max(self.cut),
            first_day: self.window.first,
        };
        let parts = sections::sort(self.kernel.read(epoch)?, interval)?;
        self.check_identity(&parts);
        let sections = self.sections(parts, now)?;
        self.cut = interval.end;
        self.drained_until = before.wall;
        self.pending = Some(Pending {
            epoch,
            marked: sections.iter().map(|s| figures::marked(&s.rows)).collect(),
            sections,
            is_durable: false,
        });
        self.make_durable()
    }

    /// Everything that this drain has to say, point by point.
    fn sections(&mut self, mut parts: Parts, now: Moment) -> Result<Vec<Section>> {
        let zone = &self.config.timezone.zone;
        let today = calendar::date_at(now.wall, zone);
        let mut sections = Vec::new();
        for (slot, point) in self.points.iter_mut().enumerate() {
            let later = parts.split_off(&(slot as u8 + 1, Date::MIN));
            let mut counted: Vec<(Date, Part)> = std::mem::replace(&mut parts, later)
                .into_iter()
                .map(|((_, day), part)| (day, part))
                .collect();
            let missed = std::mem::take(&mut point.missed);
            if missed > 0 {
                counted.push((today, Part::missed(missed)));
            }
            let mut observed = point.observer.take(now, zone)?;
            let name = point.config.name.clone();
            let is_closed = |day| -> Result<bool> {
                Ok(self.closing.has(day, &name)
                    || records::is_closed(&self.config.data_dir, day, &name)?)
            };
            // A clock that was put back brings packets into a day that is closed: they count in
            // the open one.
            for (day, _) in &mut counted {
                let stamped = *day;
                while is_closed(*day)? {
                    *day = day.tomorrow()?;
                }
                if *day != stamped {
                    let note = "packets of a closed day count here, because the clock was put back";
                    point.notes.push(note.to_owned());
                }
            }
            observed.retain(|observed| matches!(is_closed(observed.day), Ok(false)));
            sections.extend(sections::of_point(point, counted, observed, &self.constant));
            point.notes.clear();
        }
        Ok(sections)
    }

    /// Writes the pending drain, and only then clears it in the kernel.
    fn make_durable(&mut self) -> Result<()> {
        let Some(pending) = &mut self.pending else {
            return Ok(());
        };
        if !pending.is_durable {
            self.journal.add(&mut pending.sections).context(
                "a drain could not be written; until it can (make room, or make the data directory \
                 writable), the kernel keeps it",
            )?;
            pending.is_durable = true;
            let databases = self.geo.databases();
            let mut figures = lock(&self.figures);
            for (section, marked) in pending.sections.iter().zip(&pending.marked) {
                if let Some(point) = figures.point(&section.point) {
                    point.add(section, marked, &databases);
                }
            }
        }
        self.kernel.clear(pending.epoch);
        self.pending = None;
        Ok(())
    }

    /// The identity of the counting, checked at every drain.
    fn check_identity(&self, parts: &Parts) {
        for ((slot, day), part) in parts {
            let identity = Identity::of(part);
            let difference = identity.difference();
            if difference == 0 {
                continue;
            }
            let mut figures = lock(&self.figures);
            if let Some(point) = figures.points.get_mut(usize::from(*slot)) {
                error!(
                    "the identity of {} on {day} is off by {difference} packets: {identity:?}",
                    point.state.name
                );
                point.state.identity_difference += i64::try_from(difference).unwrap_or(i64::MAX);
            }
        }
    }
}
