//! When and what a point was really watching.

use std::time::Duration;

use anyhow::Result;
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{calendar, clock, journal::Watched, records::Bounds};

/// A moment on both clocks: one tells the day, the other measures durations.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) wall: Timestamp,
    boot: Duration,
}

impl Moment {
    pub(super) fn now() -> Result<Self> {
        Ok(Self {
            wall: clock::now(),
            boot: clock::since_boot()?,
        })
    }
}

/// An interval in which a point watched one set of addresses.
#[derive(Debug)]
struct Interval {
    addresses: String,
    start: Moment,
    end: Moment,
}

/// Notes the intervals of one point between two drains.
#[derive(Debug, Default)]
pub(super) struct Observer {
    watching: Option<(Moment, String)>,
    past: Vec<Interval>,
}

impl Observer {
    /// From now on these addresses are watched; none: nothing is.
    pub(super) fn watch(&mut self, now: Moment, addresses: Option<&str>) {
        if self.watching.as_ref().map(|(_, current)| current.as_str()) == addresses {
            return;
        }
        self.end_interval(now);
        self.watching = addresses.map(|addresses| (now, addresses.to_owned()));
    }

    /// The intervals up to now, each cut at midnight; the current one goes on.
    pub(super) fn take(&mut self, now: Moment, zone: &TimeZone) -> Result<Vec<Observed>> {
        if let Some(addresses) = self.end_interval(now) {
            self.watching = Some((now, addresses));
        }
        let mut observed = Vec::new();
        for interval in self.past.drain(..) {
            split(&interval, zone, &mut observed)?;
        }
        Ok(observed)
    }

    fn end_interval(&mut self, end: Moment) -> Option<String> {
        let (start, addresses) = self.watching.take()?;
        self.past.push(Interval {
            addresses: addresses.clone(),
            start,
            end,
        });
        Some(addresses)
    }
}

/// What was watched in one day.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Observed {
    pub(super) day: Date,
    /// How long, µs.
    pub(super) us: i64,
    pub(super) watched: Watched,
}

fn split(interval: &Interval, zone: &TimeZone, into: &mut Vec<Observed>) -> Result<()> {
    let Interval {
        addresses,
        start,
        end,
    } = interval;
    // A clock that was put back does not make time run backwards.
    let end_wall = end.wall.max(start.wall);
    let mut left = i64::try_from(end.boot.saturating_sub(start.boot).as_micros())?;
    let mut from = start.wall;
    loop {
        let day = calendar::date_at(from, zone);
        let midnight = Bounds::of(day, zone)?.end;
        let is_last = end_wall <= midnight;
        let to = end_wall.min(midnight);
        let on_the_wall = to.as_microsecond() - from.as_microsecond();
        let us = if is_last { left } else { on_the_wall.min(left) };
        left -= us;
        // A clock that was put forward leaves days between in which nothing was observed.
        if us > 0 {
            into.push(Observed {
                day,
                us,
                watched: Watched {
                    addresses: addresses.clone(),
                    start: from.as_microsecond(),
                    end: to.as_microsecond(),
                },
            });
        }
        if is_last {
            return Ok(());
        }
        from = midnight;
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn moment(wall: &str, boot: u64) -> Moment {
        Moment {
            wall: wall.parse().unwrap(),
            boot: Duration::from_secs(boot),
        }
    }

    fn seconds(observed: &[Observed]) -> Vec<(Date, i64, String)> {
        let short = |o: &Observed| (o.day, o.us / 1_000_000, o.watched.addresses.clone());
        observed.iter().map(short).collect()
    }

    #[test]
    fn intervals_follow_the_addresses_and_are_cut_at_midnight() {
        let (first, second) = (date(2026, 11, 21), date(2026, 11, 22));
        let mut observer = Observer::default();
        observer.watch(moment("2026-11-21T23:59:00Z", 100), Some("a"));
        observer.watch(moment("2026-11-21T23:59:30Z", 130), Some("a"));
        observer.watch(moment("2026-11-22T00:00:30Z", 190), Some("b"));
        observer.watch(moment("2026-11-22T00:00:40Z", 200), None);
        let observed = observer
            .take(moment("2026-11-22T00:01:00Z", 220), &TimeZone::UTC)
            .unwrap();
        let expected = [(first, 60, "a"), (second, 30, "a"), (second, 10, "b")];
        assert_eq!(
            seconds(&observed),
            expected.map(|(d, s, a)| (d, s, a.to_owned()))
        );
        let nothing = observer
            .take(moment("2026-11-22T00:02:00Z", 280), &TimeZone::UTC)
            .unwrap();
        assert_eq!(nothing, []);
    }

    #[test]
    fn an_interval_goes_on_after_it_was_taken() {
        let mut observer = Observer::default();
        observer.watch(moment("2026-11-21T10:00:00Z", 0), Some("a"));
        for minute in 1..4 {
            let now = moment(&format!("2026-11-21T10:0{minute}:00Z"), minute * 60);
            let observed = observer.take(now, &TimeZone::UTC).unwrap();
            assert_eq!(
                seconds(&observed),
                [(date(2026, 11, 21), 60, "a".to_owned())]
            );
        }
    }

    #[test]
    fn a_clock_that_steps_does_not_change_how_long_was_observed() {
        for stepped in ["2026-11-21T09:00:00Z", "2026-11-21T13:00:00Z"] {
            let mut observer = Observer::default();
            observer.watch(moment("2026-11-21T10:00:00Z", 0), Some("a"));
            let observed = observer.take(moment(stepped, 10), &TimeZone::UTC).unwrap();
            assert_eq!(
                seconds(&observed),
                [(date(2026, 11, 21), 10, "a".to_owned())]
            );
        }
    }
}
