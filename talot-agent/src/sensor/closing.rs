//! Closing the days that are over: beside the counting, for a large day takes minutes.

use std::{path::PathBuf, sync::Arc};

use anyhow::Result;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use log::{error, info};

use super::{Sensor, background::Background, lock};
use crate::{
    clock,
    config::Maintenance,
    geo::Geo,
    journal::Drains,
    privacy::SourcesForm,
    records::{self, Manner},
};

/// What became of each day and point.
type Closed = Vec<(Date, String, Result<Timestamp>)>;

/// The days that are being closed.
#[derive(Default)]
pub(super) struct Closing {
    days: Vec<(Date, String)>,
    work: Background<Closed>,
}

impl Closing {
    pub(super) const fn is_under_way(&self) -> bool {
        self.work.is_under_way()
    }

    /// Whether this day is being closed: nothing may be added to it any more.
    pub(super) fn has(&self, day: Date, point: &str) -> bool {
        self.days
            .iter()
            .any(|(closing, name)| *closing == day && name == point)
    }

    /// Waits until what is under way has ended; for ever if nothing is.
    pub(super) async fn ended(&mut self) -> Closed {
        let closed = self.work.ended().await;
        self.days.clear();
        closed.unwrap_or_default()
    }
}

/// All that closing a day needs.
struct Work {
    data_dir: PathBuf,
    zone: TimeZone,
    drains: Drains,
    keep_days: u32,
    today: Date,
    geo: Arc<Geo>,
    sources: Arc<SourcesForm>,
    maintenance: Vec<Maintenance>,
    days: Vec<(Date, String)>,
}

impl Work {
    fn run(self) -> Closed {
        // As the files are now, whatever the last drain found.
        self.geo.refresh();
        let databases = self.geo.databases();
        let manner = Manner {
            enrichment: &databases,
            sources: &self.sources,
            maintenance: &self.maintenance,
        };
        let close = |day: Date, name: &str| {
            records::close_day(
                &self.data_dir,
                &self.zone,
                &self.drains,
                day,
                name,
                clock::now(),
                manner,
            )?;
            // A former agent may have closed it.
            records::closed_at(&self.data_dir, day, name)
        };
        let days = self.days.iter();
        let closed = days.map(|(day, name)| (*day, name.clone(), close(*day, name)));
        let closed = closed.collect();
        self.delete_old();
        closed
    }

    fn delete_old(&self) {
        let open = self.drains.days();
        match records::delete_old(&self.data_dir, self.keep_days, self.today, &open) {
            Ok(deleted) => {
                for (day, name) in deleted {
                    let keep_days = self.keep_days;
                    info!("deleted the records of {day} of {name}: {keep_days} days are kept");
                }
            }
            Err(error) => error!("deleting old records, will be tried again: {error:#}"),
        }
    }
}

impl Sensor {
    /// Begins to close the days that are over, unless that is under way.
    pub(super) fn close_days(&mut self) {
        if self.closing.is_under_way() {
            return;
        }
        let work = self.closing_work();
        if !work.days.is_empty() {
            self.closing.days.clone_from(&work.days);
            self.closing.work.begin(|| work.run());
        }
    }

    /// Closes them and waits for it.
    pub(super) async fn close_days_now(&mut self) {
        if self.closing.is_under_way() {
            let closed = self.closing.ended().await;
            self.note_closed(closed);
        }
        self.close_days();
        if self.closing.is_under_way() {
            let closed = self.closing.ended().await;
            self.note_closed(closed);
        }
    }

    fn closing_work(&self) -> Work {
        let days = self.journal.days().into_iter();
        Work {
            data_dir: self.config.data_dir.clone(),
            zone: self.config.timezone.zone.clone(),
            drains: self.journal.drains().clone(),
            keep_days: self.config.records.keep_days,
            today: self.window.first,
            geo: Arc::clone(&self.geo),
            sources: Arc::clone(&self.sources),
            maintenance: self.config.maintenance.clone(),
            days: days.filter(|(day, _)| *day < self.window.first).collect(),
        }
    }

    /// What is closed the journal need not keep.
    pub(super) fn note_closed(&mut self, closed: Closed) {
        let mut trouble = None;
        for (day, name, closed) in closed {
            match closed {
                Ok(at) => {
                    info!("closed {day} of {name}");
                    if let Some(point) = lock(&self.figures).point(&name) {
                        point.last_closed = point.last_closed.max(Some(at));
                    }
                    if let Err(error) = self.journal.forget(day, &name) {
                        error!(
                            "removing what the journal has of {day} of {name}, which is closed; \
                             will be tried again: {error:#}"
                        );
                    }
                }
                Err(error) => {
                    let what = format!("a day that is over could not be closed: {error:#}");
                    error!("{what}; will be tried again");
                    trouble = Some(what);
                }
            }
        }
        lock(&self.figures).closing_trouble = trouble;
    }
}
