//! The days: from one to the next, and closing those that are over.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;
use jiff::Timestamp;

use super::{Sensor, lock};
use crate::{calendar, clock, interface::Interface, plan::Window, records::Bounds};

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
        clock::now() >= self.midnight()
    }

    fn midnight(&self) -> Timestamp {
        let day = Bounds::of(self.window.first, &self.config.timezone.zone);
        day.map_or(Timestamp::MAX, |day| day.end)
    }

    /// Moves the window of days on, once everything of the days before it is drained.
    pub(super) fn turn_day(&mut self, interfaces: &BTreeMap<String, Interface>) -> Result<()> {
        let today = calendar::date_at(self.drained_until, &self.config.timezone.zone);
        let window = Window {
            // A closed day stays closed, whatever the clock says.
            first: today.max(self.window.first),
            tai_offset: clock::tai_offset()?,
        };
        if window == self.window {
            return Ok(());
        }
        let before = self.window;
        let watched = self.watch(interfaces, window);
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
