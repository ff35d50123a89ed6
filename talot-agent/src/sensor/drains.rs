//! Draining: from the kernel's tables to the journal, losing nothing on the way.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use anyhow::{Context as _, Result};
use jiff::civil::Date;
use log::error;

use super::{
    Sensor,
    heir::open_day,
    hooks::Hook,
    lock,
    observer::Doing,
    sections::{self, Days, Identity, Interval, Part, Parts},
};
use crate::{
    calendar,
    clock::{self, Moment},
    durable,
    figures::{self, Marked},
    interface::Interface,
    journal::{Gap, InterfaceMark, Mark, MergedFile, Section},
    records,
};

/// What a packet of a closed day is noted with.
pub(super) const PUT_BACK: &str =
    "packets of a closed day count here, because the clock was put back";

/// A drain that the kernel still keeps.
pub(super) struct Pending {
    epoch: u32,
    sections: Vec<Section>,
    mark: Mark,
    /// Accesses by scanners' mark, of each section.
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
            let drained = self.drain_by_the_clock(interfaces);
            self.note_room();
            if let Err(error) = drained {
                error!("{error:#}");
                return;
            }
            if !self.window.waiting {
                self.drain_former();
                self.close_days();
            }
            self.keep_figures();
            self.merge();
        });
        self.follow_databases();
    }

    /// Drains, if it can be told what day it is.
    fn drain_by_the_clock(
        &mut self,
        interfaces: Result<BTreeMap<String, Interface>>,
    ) -> Result<()> {
        self.check_clock();
        match (clock::is_plausible(clock::now()), self.window.waiting) {
            (true, false) => {
                self.drain()?;
                let next_day = interfaces.and_then(|now| self.turn_day(&now));
                if let Err(error) = next_day {
                    error!("going on to the next day: {error:#}");
                }
                Ok(())
            }
            (true, true) => self.end_to_wait(&interfaces?),
            (false, false) => {
                self.drain()?;
                self.begin_to_wait(&interfaces?)
            }
            (false, true) => {
                lock(&self.figures).trouble = Some(self.why_waiting());
                Ok(())
            }
        }
    }

    /// Reads databases that have changed, beside the counting.
    fn follow_databases(&self) {
        if self.geo.has_changed() {
            let geo = Arc::clone(&self.geo);
            tokio::task::spawn_blocking(move || geo.refresh());
        }
    }

    /// Notes what the figures need to go on after a restart.
    pub(super) fn keep_figures(&self) {
        if let Err(error) = lock(&self.figures).keep(&self.config.data_dir) {
            error!("after a restart, some counters will begin anew: {error:#}");
        }
    }

    /// Notes what room there is, of which there may be too little for the next drain.
    pub(super) fn note_room(&self) {
        match durable::free_bytes(&self.config.data_dir) {
            Ok(free) => lock(&self.figures).data_free = free,
            Err(error) => error!("{error:#}"),
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
        self.drain_as(self.days_of_slots())
    }

    /// One drain of an epoch whose slots of days mean this.
    pub(super) fn drain_as(&mut self, days: Days) -> Result<()> {
        let began = Instant::now();
        let result = self.try_drain(days);
        self.messages.flush();
        self.note_excluded();
        let mut figures = lock(&self.figures);
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

    /// Notes what each exclude rule has counted at each point.
    pub(super) fn note_excluded(&self) {
        for (slot, point) in lock(&self.figures).points.iter_mut().enumerate() {
            let rules = self.config.excludes_of(&point.state.name);
            let by_rule =
                rules.map(|(number, rule)| (rule, self.kernel.excluded(number, slot as u8)));
            point.note_excluded(by_rule.collect());
        }
    }

    fn try_drain(&mut self, days: Days) -> Result<()> {
        self.make_durable()?;
        // A packet of the new epoch asks the clock after this moment, so whatever is older is in the
        // one that ends; the wait for the last of its programs comes after.
        let before = clock::now_by_tai()?;
        let epoch = self.kernel.flip()?;
        self.bring(epoch, days)?;
        self.drained_until = before;
        self.make_durable()
    }

    /// Reads an ended epoch, which the kernel keeps until it is durable.
    pub(super) fn bring(&mut self, epoch: u32, days: Days) -> Result<()> {
        let now = Moment::now()?;
        let interval = Interval {
            start: self.cut.min(now.wall),
            end: self.cut.max(now.wall),
            days,
        };
        let parts = sections::sort(self.kernel.read(epoch)?, interval)?;
        self.check_identity(&parts);
        let sections = self.sections(parts, now)?;
        self.cut = now.wall;
        self.pending = Some(Pending {
            epoch,
            marked: sections.iter().map(|s| figures::marked(&s.rows)).collect(),
            sections,
            mark: self.mark(epoch, now),
            is_durable: false,
        });
        Ok(())
    }

    pub(super) fn mark(&self, epoch: u32, at: Moment) -> Mark {
        let interface = |(name, hook): (&String, &Hook)| {
            let mark = InterfaceMark {
                index: hook.index,
                missed: hook.missed,
                carrier_losses: hook.carrier_losses,
            };
            (name.clone(), mark)
        };
        Mark {
            instance: self.kernel.instance().to_owned(),
            epoch,
            boot: self.constant.boot.clone(),
            at,
            interfaces: self.hooks.iter().map(interface).collect(),
            points: self.names(),
            detached: self.is_detached,
        }
    }

    /// Everything that this drain has to say, point by point.
    fn sections(&mut self, parts: Parts, now: Moment) -> Result<Vec<Section>> {
        let zone = self.config.timezone.zone.clone();
        let today = calendar::date_at(now.wall, &zone).max(self.window.first);
        // The last day that the kernel could tell apart.
        let last = self.window.last()?;
        let mut counted = BTreeMap::<u8, Vec<(Date, Part)>>::new();
        let mut notes = BTreeMap::<u8, Vec<String>>::new();
        // First what can fail: nothing has been taken yet.
        for ((slot, stamped), part) in parts {
            let Some(point) = self.points.get(usize::from(slot)) else {
                continue;
            };
            let name = &point.config.name;
            let day = open_day(stamped, |day| self.is_closed(day, name))?;
            if day != stamped {
                notes.entry(slot).or_default().push(PUT_BACK.to_owned());
            }
            if stamped == last && today > last {
                let note = format!("packets of all days from this one until {today} count here");
                notes.entry(slot).or_default().push(note);
            }
            counted.entry(slot).or_default().push((day, part));
        }
        let mut sections = Vec::new();
        for slot in 0..self.points.len() {
            let point = &mut self.points[slot];
            let mut counted = counted.remove(&(slot as u8)).unwrap_or_default();
            let missed = std::mem::take(&mut point.missed);
            let mut observed = point.observer.take(now, &zone)?;
            let mut observation = point.observation(&self.constant);
            point.notes.clear();
            for note in notes.remove(&(slot as u8)).unwrap_or_default() {
                observation.note(&note);
            }
            let name = self.points[slot].config.name.clone();
            let is_closed = |day| self.is_closed(day, &name);
            if missed > 0 {
                counted.push((open_day(today, is_closed)?, Part::missed(missed)));
            }
            for observed in observed.iter_mut().filter(|observed| observed.day > last) {
                observed.doing = Doing::Nothing(Gap::NoBoundaries);
            }
            // What was watched goes with the packets; a closed day needs no more gaps.
            observed.retain_mut(|observed| match &observed.doing {
                Doing::Watching(_) => open_day(observed.day, is_closed).is_ok_and(|day| {
                    observed.day = day;
                    true
                }),
                Doing::Nothing(_) => matches!(is_closed(observed.day), Ok(false)),
            });
            sections.extend(sections::of_point(&name, &observation, counted, observed));
        }
        Ok(sections)
    }

    pub(super) fn is_closed(&self, day: Date, point: &str) -> Result<bool> {
        Ok(self.closing.has(day, point) || records::is_closed(&self.config.data_dir, day, point)?)
    }

    /// Writes the pending drain, and only then clears it in the kernel.
    pub(super) fn make_durable(&mut self) -> Result<()> {
        let Some(pending) = &mut self.pending else {
            return Ok(());
        };
        if !pending.is_durable {
            let mark = Some(&pending.mark);
            self.journal.add(&mut pending.sections, mark).context(
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
    pub(super) fn check_identity(&self, parts: &Parts) {
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
