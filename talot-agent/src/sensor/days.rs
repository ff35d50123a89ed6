//! The days: from one to the next, and closing those that are over.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;
use jiff::{Timestamp, civil::Date};
use log::{error, info, warn};

use super::{
    Sensor,
    drains::PUT_BACK,
    heir::open_day,
    lock,
    sections::Days,
    steps::{LEAP, Step},
};
use crate::{
    calendar,
    clock::{self, Moment, Tai},
    interface::Interface,
    plan::Window,
    records::Bounds,
};

/// The time between two ticks of the slowest kernels (CONFIG_HZ=100).
const LONGEST_JIFFY: Duration = Duration::from_millis(10);

impl Sensor {
    /// How long until the first day of the window ends; when it has, [`Sensor::is_past_midnight`].
    pub(super) fn until_midnight(&self) -> Duration {
        const LONGEST: Duration = Duration::from_secs(3600);
        const SHORTLY_AFTER: Duration = Duration::from_millis(20);
        match Duration::try_from(self.midnight().duration_since(clock::now())) {
            Ok(left) if !left.is_zero() => left.min(LONGEST) + SHORTLY_AFTER,
            _ => LONGEST,
        }
    }

    /// Whether the first day of the window is over and its last drain has not come yet.
    pub(super) fn is_past_midnight(&self) -> bool {
        !self.window.waiting && clock::now() >= self.midnight()
    }

    fn midnight(&self) -> Timestamp {
        let day = Bounds::of(self.window.first, &self.config.timezone.zone);
        day.map_or(Timestamp::MAX, |day| day.end)
    }

    /// What the kernel's slots of days mean in the epoch that is being counted in.
    pub(super) fn days_of_slots(&self) -> Days {
        if self.window.waiting {
            Days::AllOn(calendar::date_at(clock::now(), &self.config.timezone.zone))
        } else {
            Days::From(self.window.first)
        }
    }

    /// The clock cannot be right: from now on packets wait without a day.
    pub(super) fn begin_to_wait(&mut self, interfaces: &BTreeMap<String, Interface>) -> Result<()> {
        error!("{}", self.why_waiting());
        let window = Window {
            waiting: true,
            ..self.window
        };
        self.watch(interfaces, window)
    }

    /// What is wrong with the clock.
    pub(super) fn why_waiting(&self) -> String {
        format!(
            "the clock says {:.0}, and this program was built at {}: packets wait in the kernel, without \
             a day, until it is right",
            clock::now(),
            clock::built()
        )
    }

    /// The clock is right again: what has waited counts today.
    pub(super) fn end_to_wait(&mut self, interfaces: &BTreeMap<String, Interface>) -> Result<()> {
        let today = calendar::date_at(clock::now(), &self.config.timezone.zone);
        let days = self.days_of_slots();
        let window = Window {
            first: self.first_day(today)?,
            waiting: false,
            tai: Tai::now()?,
        };
        let watched = self.watch(interfaces, window);
        let note = format!("packets waited without a day until {:.0}", clock::now());
        info!("{note}");
        self.note_all(&note);
        self.drain_as(days)?;
        watched
    }

    /// The day with which the window is to begin: today, unless the clock was put back into days that
    /// are closed. A closed day stays closed; the next that is open takes its place.
    fn first_day(&self, today: Date) -> Result<Date> {
        if today >= self.window.first {
            return Ok(today);
        }
        let mut first = self.window.first;
        for point in &self.points {
            let name = &point.config.name;
            first = first.min(open_day(today, |day| self.is_closed(day, name))?);
        }
        Ok(first)
    }

    /// Looks whether the clock was set, or where midnight is has changed; true if so.
    pub(super) fn check_clock(&mut self) -> bool {
        let checked = Moment::now().and_then(|now| Ok((now, Tai::now()?)));
        let Ok((now, tai)) = checked else {
            return false;
        };
        let before = self.steps.last();
        match self.steps.check(now) {
            None => return tai != self.window.tai && !self.window.waiting,
            Some(Step::Leap) => self.note_all(LEAP),
            Some(Step::By(seconds)) => {
                self.note_step(seconds, now);
                for point in &mut self.points {
                    point.observer.step(before, now);
                }
                // So long a CPU remembers which day it was.
                std::thread::sleep(LONGEST_JIFFY);
            }
        }
        true
    }

    /// Notes that the clock was set by so many seconds.
    pub(super) fn note_step(&mut self, seconds: f64, now: Moment) {
        lock(&self.figures).clock_steps += 1;
        let note = format!("the clock was set by {seconds:+.1} s to {:.0}", now.wall);
        warn!("{note}");
        self.note_all(&note);
    }

    /// Notes something for the coverage of every point.
    pub(super) fn note_all(&mut self, note: &str) {
        for point in &mut self.points {
            point.notes.push(note.to_owned());
        }
    }

    /// Moves the window of days on, once everything of the days before it is drained.
    pub(super) fn turn_day(&mut self, interfaces: &BTreeMap<String, Interface>) -> Result<()> {
        let today = calendar::date_at(self.drained_until, &self.config.timezone.zone);
        let window = Window {
            first: self.first_day(today)?,
            waiting: false,
            tai: Tai::now()?,
        };
        if today < window.first {
            self.note_all(PUT_BACK);
        }
        if window == self.window {
            return Ok(());
        }
        let before = self.window;
        let watched = self.watch(interfaces, window);
        if !before.holds(window.first)? {
            // What was counted since the last drain by the window from before has no day in this one.
            self.drain_as(Days::AllOn(window.first))?;
        }
        if self.window.first != before.first {
            let databases = self.geo.databases();
            let mut figures = lock(&self.figures);
            for point in &mut figures.points {
                point.begin(self.window.first, &self.journal, &databases)?;
            }
        }
        watched
    }
}
