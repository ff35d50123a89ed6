//! What a former agent has left: counts in the kernel, and time that nobody has accounted for.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use log::{error, info};
use talot_common::layout::Watch;

use super::{
    Sensor,
    heir::{Heir, Inherited, first_day, last_observation},
    lock,
    observer::{Doing, Observed, Observer},
    steps::{LEAP, Step, Steps},
};
use crate::{
    clock::{self, Moment, Tai},
    config::PointConfig,
    interface::Interface,
    journal::{Gap, Journal, Mark, Observation},
    kernel::{Counters, Former},
    plan::{self, Watched, Window},
};

/// As it was before this agent began.
pub(super) struct Before {
    /// The last that is durable of any agent.
    mark: Option<Mark>,
    /// Since when the pinned maps were counted in, if nothing of them is durable.
    since: Option<Moment>,
    /// What each point was watching, by name.
    watching: BTreeMap<String, Watched>,
    /// The interfaces, by number, whose programs were attached.
    attached: Vec<u32>,
}

impl Before {
    /// Of these maps, whose points have these names.
    pub(super) fn of<'a>(
        journal: &Journal,
        maps: impl IntoIterator<Item = (&'a Counters, Moment, Vec<&'a str>)>,
        attached: Vec<u32>,
    ) -> Self {
        let mut before = Self {
            mark: journal.last_mark().cloned(),
            since: None,
            watching: BTreeMap::new(),
            attached,
        };
        for (counters, since, points) in maps {
            if before
                .since
                .is_none_or(|earliest| since.boot < earliest.boot)
            {
                before.since = Some(since);
            }
            for (name, watched) in points.iter().zip(plan::watched(&counters.watching())) {
                before.watching.insert((*name).to_owned(), watched);
            }
        }
        before
    }

    /// The end of what a former agent has accounted for.
    fn until(&self) -> Option<Moment> {
        self.mark.as_ref().map(|mark| mark.at).or(self.since)
    }

    /// What a point was watching up to now.
    fn was_watching(&self, point: &str) -> Option<Doing> {
        let watched = self.watching.get(point)?;
        let is_attached = self.attached.contains(&watched.ifindex);
        let texts: Vec<String> = watched.prefixes.iter().map(ToString::to_string).collect();
        is_attached.then(|| Doing::Watching(texts.join(",")))
    }

    /// Whether a former agent watched this point.
    fn knows(&self, point: &str) -> bool {
        let mark = self.mark.as_ref();
        self.watching.contains_key(point)
            || mark.is_some_and(|mark| mark.points.iter().any(|name| name == point))
    }

    /// What points were watching that none of these names is, until this moment.
    pub(super) fn orphans(
        &self,
        configured: &[String],
        now: Moment,
        zone: &TimeZone,
    ) -> Result<BTreeMap<String, Vec<Observed>>> {
        let mut orphans = BTreeMap::new();
        let Some(until) = self.until() else {
            return Ok(orphans);
        };
        for name in self.watching.keys() {
            if !configured.contains(name)
                && let Some(doing) = self.was_watching(name)
            {
                let mut observer = Observer::default();
                observer.note(until, doing);
                orphans.insert(name.clone(), observer.take(now, zone)?);
            }
        }
        Ok(orphans)
    }
}

/// The longest absence that is accounted for day by day; a clock that was wrong can make more.
const LONGEST_DAYS: i64 = 400;

/// The window of days to begin with: that of the plan in force, so that what was counted by it keeps
/// its days.
pub(super) fn window(watch: &Watch, now: Timestamp, today: Date) -> Result<Window> {
    let first = first_day(watch);
    let counts_already = watch.hooks_used > 0;
    Ok(Window {
        first: first.unwrap_or(today),
        waiting: first.is_none() && (counts_already || !clock::is_plausible(now)),
        tai: Tai::now()?,
    })
}

impl Sensor {
    /// Once the programs of this agent are attached: makes durable what a former agent has left, up
    /// to now, and goes on to today. What cannot be written now is tried again later.
    pub(super) fn finish_taking_over(
        &mut self,
        before: &Before,
        interfaces: &BTreeMap<String, Interface>,
    ) -> Result<()> {
        let attached = self.hooks.values().map(|hook| &hook.attachment);
        self.kernel.detach_others(attached)?;
        self.kernel.wait()?;
        self.orphans = before.orphans(&self.names(), Moment::now()?, &self.config.timezone.zone)?;
        self.take_over(before)?;
        self.observe(interfaces)?;
        let drained = match (clock::is_plausible(clock::now()), self.window.waiting) {
            (false, true) => {
                error!("{}", self.why_waiting());
                return Ok(());
            }
            (true, true) => self.end_to_wait(interfaces),
            (true, false) => self.drain().and_then(|()| self.turn_day(interfaces)),
            (false, false) => self.drain().and_then(|()| self.begin_to_wait(interfaces)),
        };
        if let Err(error) = drained {
            error!("{error:#}");
        }
        self.drain_former();
        Ok(())
    }

    /// Goes on where the former agent ended: accounts for the time since, and looks for the epoch that
    /// it had not made durable.
    fn take_over(&mut self, before: &Before) -> Result<()> {
        self.account_for_absence(before)?;
        if let Some(until) = before.until() {
            self.cut = until.wall.min(clock::now());
        }
        if self.window.waiting {
            // Before it began to wait, everything was drained.
            return Ok(());
        }
        let epoch = self.kernel.counters().ended_epoch();
        let mark = self.journal.mark_of(self.kernel.instance());
        // Epochs between were cleared in the kernel, so they have been durable. The first has the
        // number 0, and before it ends the one that has ended is the last number of all.
        let between = match mark {
            Some(mark) => epoch.wrapping_sub(mark.epoch).saturating_sub(1),
            None => epoch.wrapping_add(1).saturating_sub(1),
        };
        if mark.is_some_and(|mark| mark.epoch == epoch) {
            self.kernel.clear(epoch);
            return Ok(());
        }
        if between > 0 && !self.kernel.is_new() {
            let note = format!("{between} earlier drains are not in the data directory any more");
            error!("{note}");
            self.note_all(&note);
        }
        self.bring(epoch, self.days_of_slots())
    }

    /// What each point did since the former agent ended.
    fn account_for_absence(&mut self, before: &Before) -> Result<()> {
        let Some(until) = before.until() else {
            return Ok(());
        };
        let now = Moment::now()?;
        let is_this_boot = before
            .mark
            .as_ref()
            .is_none_or(|mark| mark.boot == self.constant.boot);
        if is_this_boot {
            match Steps::new(until).check(now) {
                None => {}
                Some(Step::Leap) => self.note_all(LEAP),
                Some(Step::By(seconds)) => self.note_step(seconds, now),
            }
        }
        let was_detached = before.mark.as_ref().is_some_and(|mark| mark.detached);
        let absence = now.wall.duration_since(until.wall);
        let can_be = absence.as_hours() <= 24 * LONGEST_DAYS;
        for point in &mut self.points {
            let PointConfig {
                name, interface, ..
            } = &point.config;
            if let Some(doing) = before.was_watching(name).filter(|_| is_this_boot) {
                point.observer.note(until, doing);
            } else if before.knows(name) {
                let why = if is_this_boot {
                    Gap::Detached
                } else {
                    Gap::Reboot
                };
                if can_be {
                    point.observer.note_absence(until.wall, now.wall, why);
                }
                if !was_detached {
                    let what = if is_this_boot {
                        "the agent was killed and its programs were removed"
                    } else {
                        "the machine was restarted"
                    };
                    point.notes.push(format!(
                        "{what}: of what arrived after the drain of {:.0} something may be missing",
                        until.wall
                    ));
                }
            }
            let mark = before.mark.as_ref();
            let mark = mark.and_then(|mark| mark.interfaces.get(interface));
            if let Some(hook) = self.hooks.get_mut(interface)
                && let Some(mark) = mark.filter(|mark| is_this_boot && mark.index == hook.index)
            {
                hook.missed = mark.missed.min(hook.missed);
                let losses = hook.carrier_losses.wrapping_sub(mark.carrier_losses);
                if losses > 0 {
                    point.notes.push(format!(
                        "{interface} lost its carrier {losses} time(s) while no agent ran"
                    ));
                }
            }
        }
        Ok(())
    }

    /// Maps that do not fit this configuration: once nothing counts in them any more, what they hold
    /// becomes durable and they are removed. What cannot be done now will be tried again.
    pub(super) fn drain_former(&mut self) {
        for mut former in std::mem::take(&mut self.former) {
            let drained = self.drain_one_former(&mut former);
            match drained.and_then(|()| self.kernel.remove(&former)) {
                Ok(()) => info!("what was counted with another configuration is durable"),
                Err(error) => {
                    error!(
                        "what was counted with another configuration stays in the kernel, will be tried \
                         again: {error:#}"
                    );
                    self.former.push(former);
                }
            }
        }
    }

    fn drain_one_former(&mut self, former: &mut Former) -> Result<()> {
        let mark = Mark {
            detached: false,
            ..match self.journal.last_mark() {
                Some(mark) => mark.clone(),
                None => self.mark(0, Moment::now()?),
            }
        };
        let Self {
            config,
            points,
            constant,
            closing,
            ..
        } = self;
        let last: BTreeMap<String, Observation> = former
            .points()
            .iter()
            .filter_map(|name| Some((name.clone(), last_observation(&self.journal, name)?)))
            .collect();
        let observation = |name: &str| {
            let point = points.iter().find(|point| point.config.name == name);
            point.map_or_else(
                || last.get(name).cloned().unwrap_or_default(),
                |point| point.observation(constant),
            )
        };
        let mut heir = Heir {
            journal: &mut self.journal,
            data_dir: &config.data_dir,
            zone: &config.timezone.zone,
            mark,
            observed: self.orphans.clone(),
            is_closing: &|day, name| closing.has(day, name),
            observation: &observation,
        };
        let Inherited {
            sections,
            marked,
            differences,
        } = heir.inherit(former)?;
        self.orphans.clear();
        let databases = self.geo.databases();
        let mut figures = lock(&self.figures);
        for (section, marked) in sections.iter().zip(&marked) {
            if let Some(point) = figures.point(&section.point) {
                point.add(section, marked, &databases);
            }
        }
        for (name, difference) in differences {
            if let Some(point) = figures.point(&name) {
                point.state.identity_difference += difference;
            }
        }
        drop(figures);
        self.note_excluded();
        Ok(())
    }
}
