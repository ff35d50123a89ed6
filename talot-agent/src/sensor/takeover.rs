//! What a former agent has left: counts in the kernel, and time that nobody has accounted for.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::{Timestamp, civil::Date};
use log::{error, info};
use talot_common::layout::Watch;

use super::{
    Sensor,
    heir::{Heir, Inherited, first_day},
    lock,
    observer::Doing,
    steps::{Step, Steps},
};
use crate::{
    clock::{self, Moment, Tai},
    config::Prefix,
    interface::Interface,
    journal::{Gap, Mark, Observation},
    kernel::Former,
    plan::{self, Window},
};

/// As it was before this agent began.
pub(super) struct Before {
    /// The last that is durable of any agent.
    mark: Option<Mark>,
    /// Since when the pinned maps were counted in, if nothing of them is durable.
    since: Option<Moment>,
    /// What each point was watching, by name.
    addresses: BTreeMap<String, Vec<Prefix>>,
}

impl Before {
    pub(super) fn of(sensor: &Sensor) -> Self {
        let mut addresses = BTreeMap::new();
        let mut learn = |watch: &Watch, points: &mut dyn Iterator<Item = &String>| {
            for (name, prefixes) in points.zip(plan::watched(watch)) {
                addresses.insert(name.clone(), prefixes);
            }
        };
        for former in &sensor.former {
            let watch = former.counters().watching();
            learn(&watch, &mut former.points().iter());
        }
        let watch = sensor.kernel.counters().watching();
        let mut names = sensor.points.iter().map(|point| &point.config.name);
        if watch.hooks_used > 0 {
            learn(&watch, &mut names);
        }
        let formers = sensor.former.iter().map(Former::since);
        Self {
            mark: sensor.journal.last_mark().cloned(),
            since: sensor
                .kernel
                .since()
                .into_iter()
                .chain(formers)
                .min_by_key(|m| m.boot),
            addresses,
        }
    }

    /// The end of what a former agent has accounted for.
    fn until(&self) -> Option<Moment> {
        self.mark.as_ref().map(|mark| mark.at).or(self.since)
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
        if mark.is_some_and(|mark| mark.epoch == epoch) {
            self.kernel.clear(epoch);
        } else {
            self.bring(epoch, self.days_of_slots())?;
        }
        Ok(())
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
            let mut steps = Steps::new(until, self.window.tai.offset);
            if let Some(Step::By(seconds)) = steps.check(now, self.window.tai.offset) {
                self.note_step(seconds, now);
            }
        }
        let was_detached = before.mark.as_ref().is_some_and(|mark| mark.detached);
        let absence = now.wall.duration_since(until.wall);
        let can_be = absence.as_hours() <= 24 * LONGEST_DAYS;
        for point in &mut self.points {
            let interface = &point.config.interface;
            let hook = self.hooks.get_mut(interface);
            let Some(hook) = hook.filter(|hook| hook.attachment.adopted && is_this_boot) else {
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
                        "{what}: what arrived after the drain of {:.0} is not counted",
                        until.wall
                    ));
                }
                continue;
            };
            if let Some(prefixes) = before.addresses.get(&point.config.name) {
                let texts: Vec<String> = prefixes.iter().map(ToString::to_string).collect();
                point.observer.note(until, Doing::Watching(texts.join(",")));
            }
            let mark = before.mark.as_ref();
            let mark = mark.and_then(|mark| mark.interfaces.get(interface));
            if let Some(mark) = mark.filter(|mark| mark.index == hook.index) {
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
        let Self {
            config,
            points,
            constant,
            closing,
            ..
        } = self;
        let observation = |name: &str| {
            let point = points.iter().find(|point| point.config.name == name);
            point.map_or_else(Observation::default, |point| point.observation(constant))
        };
        let mut heir = Heir {
            journal: &mut self.journal,
            data_dir: &config.data_dir,
            zone: &config.timezone.zone,
            boot: &constant.boot,
            is_closing: &|day, name| closing.has(day, name),
            observation: &observation,
        };
        let Inherited {
            sections,
            marked,
            differences,
        } = heir.inherit(former)?;
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
        Ok(())
    }
}
