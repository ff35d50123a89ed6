//! The days: from one to the next, and closing those that are over.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;
use jiff::civil::Date;
use log::{error, info};

use super::{Sensor, lock};
use crate::{
    calendar, clock,
    interface::Interface,
    plan::Window,
    records::{self, Bounds},
};

impl Sensor {
    /// How long until the day ends.
    pub(super) fn until_midnight(&self) -> Duration {
        const SHORTLY_AFTER: Duration = Duration::from_millis(20);
        const LONGEST: Duration = Duration::from_secs(3600);
        let zone = &self.config.timezone.zone;
        let now = clock::now();
        let today = Bounds::of(calendar::date_at(now, zone), zone);
        let left = today
            .ok()
            .and_then(|day| Duration::try_from(day.end.duration_since(now)).ok());
        left.map_or(LONGEST, |left| left.min(LONGEST) + SHORTLY_AFTER)
    }

    /// Moves the window of days on, once everything of the days before it is drained.
    pub(super) fn turn_day(&mut self, interfaces: &BTreeMap<String, Interface>) -> Result<()> {
        let today = calendar::date_at(self.cut, &self.config.timezone.zone);
        let tai_offset = clock::tai_offset()?;
        // A closed day stays closed, whatever the clock says.
        let first = today.max(self.window.first);
        if first == self.window.first && tai_offset == self.window.tai_offset {
            return Ok(());
        }
        if first != self.window.first {
            let mut figures = lock(&self.figures);
            for point in &mut figures.points {
                point.begin(first, &self.config.metrics.ports);
            }
        }
        self.window = Window { first, tai_offset };
        self.watch(interfaces)
    }

    /// Closes the days that are over.
    pub(super) fn close_days(&mut self) {
        for (day, name) in self.journal.days() {
            if day >= self.window.first {
                continue;
            }
            match self.close(day, &name) {
                Ok(()) => info!("closed {day} of {name}"),
                Err(error) => error!("closing {day} of {name}, will be tried again: {error:#}"),
            }
        }
    }

    pub(super) fn close(&mut self, day: Date, name: &str) -> Result<()> {
        let closed_at = clock::now();
        records::close_day(
            &self.config.data_dir,
            &self.config.timezone.zone,
            self.journal.drains(),
            day,
            name,
            closed_at,
            &records::NoDatabase,
        )?;
        self.journal.forget(day, name)?;
        let mut figures = lock(&self.figures);
        if let Some(point) = figures.point(name) {
            point.last_closed = Some(closed_at);
        }
        Ok(())
    }
}
