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
    /// The maps that it has left, by name.
    instances: Vec<String>,
    /// What each point was watching, by name, and until when, if that was ended.
    watching: BTreeMap<String, (Watched, Option<Moment>)>,
    /// The interfaces, by number, whose programs were attached.
    attached: Vec<u32>,
}

/// Maps that a former agent has left.
pub(super) struct Left<'a> {
    pub(super) instance: &'a str,
    pub(super) counters: &'a Counters,
    /// When they were made.
    pub(super) since: Moment,
    /// When an agent took off what counted in them, if one did.
    pub(super) detached: Option<Moment>,
    /// Names of the points, by slot.
    pub(super) points: Vec<&'a str>,
}

impl<'a> Left<'a> {
    pub(super) fn of(former: &'a Former) -> Self {
        Self {
            instance: former.instance(),
            counters: former.counters(),
            since: former.since(),
            detached: former.when_detached(),
            points: former.points().iter().map(String::as_str).collect(),
        }
    }
}

impl Before {
    pub(super) fn of<'a>(
        journal: &Journal,
        left: impl IntoIterator<Item = Left<'a>>,
        attached: Vec<u32>,
    ) -> Self {
        let mut before = Self {
            mark: journal.last_mark().cloned(),
            since: None,
            instances: Vec::new(),
            watching: BTreeMap::new(),
            attached,
        };
        for left in left {
            let since = left.since;
            if before
                .since
                .is_none_or(|earliest| since.boot < earliest.boot)
            {
                before.since = Some(since);
            }
            before.instances.push(left.instance.to_owned());
            let watched = plan::watched(&left.counters.watching()).into_iter();
            for (name, watched) in left.points.iter().zip(watched) {
                let watched = (watched, left.detached);
                before.watching.insert((*name).to_owned(), watched);
            }
        }
        before
    }

    /// The end of what a former agent has accounted for.
    fn until(&self) -> Option<Moment> {
        self.mark.as_ref().map(|mark| mark.at).or(self.since)
    }

    /// Notes what a point was watching since the last that is durable; false if nobody knows.
    fn note_watching(&self, point: &str, observer: &mut Observer) -> bool {
        let (Some((watched, detached)), Some(until)) = (self.watching.get(point), self.until())
        else {
            return false;
        };
        if detached.is_none() && !self.attached.contains(&watched.ifindex) {
            return false;
        }
        let texts: Vec<String> = watched.prefixes.iter().map(ToString::to_string).collect();
        observer.note(until, Doing::Watching(texts.join(",")));
        if let Some(detached) = *detached {
            let is_later = detached.boot > until.boot;
            let end = if is_later { detached } else { until };
            observer.note(end, Doing::Nothing(Gap::Detached));
        }
        true
    }

    /// Whether what was counted after the last that is durable is gone.
    fn is_lost(&self) -> bool {
        let mark = self.mark.as_ref();
        mark.is_some_and(|mark| !mark.detached && !self.instances.contains(&mark.instance))
    }

    /// Whether a former agent was to watch this point.
    fn knows(&self, point: &str) -> bool {
        self.watching.contains_key(point) || self.has_been_watched(point)
    }

    /// Whether a former agent had anything durable about this point.
    fn has_been_watched(&self, point: &str) -> bool {
        let mark = self.mark.as_ref();
        mark.is_some_and(|mark| mark.points.iter().any(|name| name == point))
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
            if !configured.contains(name) {
                let mut observer = Observer::default();
                if !self.note_watching(name, &mut observer) {
                    if !self.has_been_watched(name) {
                        continue;
                    }
                    observer.note(until, Doing::Nothing(Gap::Detached));
                }
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
        self.kernel.note_detached(None);
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
        let absence = now.wall.duration_since(until.wall);
        let can_be = absence.as_hours() <= 24 * LONGEST_DAYS;
        for point in &mut self.points {
            let PointConfig {
                name, interface, ..
            } = &point.config;
            let is_noted = is_this_boot && before.note_watching(name, &mut point.observer);
            if !is_noted && before.knows(name) {
                let why = if is_this_boot {
                    Gap::Detached
                } else {
                    Gap::Reboot
                };
                if can_be {
                    point.observer.note_absence(until.wall, now.wall, why);
                }
                if before.is_lost() {
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
