//! When and what a point was really watching.

use std::time::Duration;

use anyhow::Result;
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    calendar,
    clock::{self, Moment},
    journal::Gap,
    records::Bounds,
};

/// What a point does at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// Watches these addresses.
    Watching(String),
    /// Watches nothing.
    Nothing(Gap),
}

/// A time in which a point did the same.
#[derive(Debug)]
struct Interval {
    doing: Doing,
    start: Timestamp,
    end: Timestamp,
    lasted: Duration,
    /// When it ended, since the machine was booted, if a clock has measured it.
    ended: Option<Duration>,
}

/// Notes the intervals of one point between two drains.
#[derive(Debug, Default)]
pub(super) struct Observer {
    current: Option<(Moment, Doing)>,
    past: Vec<Interval>,
}

impl Observer {
    /// From now on it does this.
    pub(super) fn note(&mut self, now: Moment, doing: Doing) {
        if let Some((_, current)) = &self.current
            && *current == doing
        {
            return;
        }
        self.end_interval(now);
        self.current = Some((now, doing));
    }

    /// Nothing was watched between two moments of the time of day; what lies between, another boot
    /// perhaps, no clock has measured.
    pub(super) fn note_absence(&mut self, start: Timestamp, end: Timestamp, why: Gap) {
        let Ok(lasted) = Duration::try_from(end.duration_since(start)) else {
            return;
        };
        self.past.push(Interval {
            doing: Doing::Nothing(why),
            start,
            end,
            lasted,
            ended: None,
        });
    }

    /// The clock was set between two moments: what was done before goes by the one, what is done
    /// after by the other. While a clock is implausible no date goes by it.
    pub(super) fn step(&mut self, before: Moment, after: Moment) {
        let is_plausible = clock::is_plausible(before.wall) && clock::is_plausible(after.wall);
        let Some((start, _)) = self.current.as_ref().filter(|_| is_plausible) else {
            return;
        };
        let is_newer = start.boot >= before.boot;
        let from = if is_newer { *start } else { before };
        let restarted = Moment {
            wall: after.wall - after.boot.saturating_sub(from.boot),
            ..from
        };
        if is_newer {
            self.current = self.current.take().map(|(_, doing)| (restarted, doing));
        } else if let Some(doing) = self.end_interval(before) {
            self.current = Some((restarted, doing));
        }
    }

    /// The intervals up to now, each cut at midnight; the current one goes on.
    pub(super) fn take(&mut self, now: Moment, zone: &TimeZone) -> Result<Vec<Observed>> {
        if let Some(doing) = self.end_interval(now) {
            self.current = Some((now, doing));
        }
        let mut observed = Vec::new();
        for mut interval in self.past.drain(..) {
            if let Some(ended) = interval.ended
                && !clock::is_plausible(interval.end)
                && clock::is_plausible(now.wall)
            {
                interval.end = now.wall - now.boot.saturating_sub(ended);
                interval.start = interval.end - interval.lasted;
            }
            split(&interval, zone, &mut observed)?;
        }
        Ok(observed)
    }

    fn end_interval(&mut self, end: Moment) -> Option<Doing> {
        /// Two clocks are read one after the other.
        const JITTER: Duration = Duration::from_millis(100);
        let (start, doing) = self.current.take()?;
        let lasted = end.boot.saturating_sub(start.boot);
        let suspended = lasted.saturating_sub(end.awake.saturating_sub(start.awake));
        let start_boot = start.boot;
        let start = if clock::is_plausible(start.wall) {
            start.wall
        } else {
            end.wall - lasted
        };
        let mut interval = Interval {
            doing: doing.clone(),
            start,
            end: end.wall,
            lasted,
            ended: Some(end.boot),
        };
        if suspended > JITTER {
            let woke = (start + suspended).min(end.wall);
            self.past.push(Interval {
                doing: Doing::Nothing(Gap::Suspended),
                start,
                end: woke,
                lasted: suspended,
                ended: Some(start_boot + suspended),
            });
            interval.start = woke;
            interval.lasted = lasted.saturating_sub(suspended);
        }
        self.past.push(interval);
        Some(doing)
    }
}

/// What was done in one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Observed {
    pub(super) day: Date,
    /// How long, µs.
    pub(super) us: i64,
    pub(super) doing: Doing,
    /// Since when, µs since 1970 UTC.
    pub(super) start: i64,
    /// Until when, µs since 1970 UTC.
    pub(super) end: i64,
}

fn split(interval: &Interval, zone: &TimeZone, into: &mut Vec<Observed>) -> Result<()> {
    let Interval {
        doing,
        start,
        end,
        lasted,
        ended: _,
    } = interval;
    // A clock that was put back does not make time run backwards.
    let end = (*end).max(*start);
    let mut left = i64::try_from(lasted.as_micros())?;
    let mut from = *start;
    loop {
        let day = calendar::date_at(from, zone);
        let midnight = Bounds::of(day, zone)?.end;
        let is_last = end <= midnight;
        let to = end.min(midnight);
        let on_the_wall = to.as_microsecond() - from.as_microsecond();
        let us = if is_last { left } else { on_the_wall.min(left) };
        left -= us;
        // A clock that was put forward leaves days between in which nothing was observed.
        if us > 0 {
            into.push(Observed {
                day,
                us,
                doing: doing.clone(),
                start: from.as_microsecond(),
                end: to.as_microsecond(),
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
            tai: Duration::ZERO,
            boot: Duration::from_secs(boot),
            awake: Duration::from_secs(boot),
        }
    }

    fn watching(addresses: &str) -> Doing {
        Doing::Watching(addresses.to_owned())
    }

    fn seconds(observed: &[Observed]) -> Vec<(Date, i64, String)> {
        let short = |o: &Observed| {
            let what = match &o.doing {
                Doing::Watching(addresses) => addresses.clone(),
                Doing::Nothing(gap) => gap.name().to_owned(),
            };
            (o.day, o.us / 1_000_000, what)
        };
        observed.iter().map(short).collect()
    }

    #[test]
    fn intervals_follow_the_addresses_and_are_cut_at_midnight() {
        let (first, second) = (date(2026, 11, 21), date(2026, 11, 22));
        let mut observer = Observer::default();
        observer.note(moment("2026-11-21T23:59:00Z", 100), watching("a"));
        observer.note(moment("2026-11-21T23:59:30Z", 130), watching("a"));
        observer.note(moment("2026-11-22T00:00:30Z", 190), watching("b"));
        observer.note(
            moment("2026-11-22T00:00:40Z", 200),
            Doing::Nothing(Gap::Down),
        );
        let observed = observer
            .take(moment("2026-11-22T00:01:00Z", 220), &TimeZone::UTC)
            .unwrap();
        let expected = [
            (first, 60, "a"),
            (second, 30, "a"),
            (second, 10, "b"),
            (second, 20, "interface down"),
        ];
        assert_eq!(
            seconds(&observed),
            expected.map(|(d, s, a)| (d, s, a.to_owned()))
        );
        let later = observer
            .take(moment("2026-11-22T00:02:00Z", 280), &TimeZone::UTC)
            .unwrap();
        assert_eq!(seconds(&later), [(second, 60, "interface down".to_owned())]);
    }

    #[test]
    fn an_interval_goes_on_after_it_was_taken() {
        let mut observer = Observer::default();
        observer.note(moment("2026-11-21T10:00:00Z", 0), watching("a"));
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
            observer.note(moment("2026-11-21T10:00:00Z", 0), watching("a"));
            let observed = observer.take(moment(stepped, 10), &TimeZone::UTC).unwrap();
            assert_eq!(
                seconds(&observed),
                [(date(2026, 11, 21), 10, "a".to_owned())]
            );
        }
    }

    #[test]
    fn what_was_observed_after_a_step_goes_by_the_clock_as_it_is_then() {
        let [first, second] = [date(2126, 11, 21), date(2126, 11, 22)];
        let [before, after] = [
            moment("2126-11-21T23:30:40Z", 140),
            moment("2126-11-22T00:30:41Z", 141),
        ];
        let mut observer = Observer::default();
        observer.note(moment("2126-11-21T23:30:00Z", 100), watching("a"));
        observer.step(before, after);
        let later = moment("2126-11-22T00:30:50Z", 150);
        let observed = observer.take(later, &TimeZone::UTC).unwrap();
        let right = |parts: &[(Date, i64)]| -> Vec<(Date, i64, String)> {
            parts
                .iter()
                .map(|(day, us)| (*day, *us, "a".to_owned()))
                .collect()
        };
        assert_eq!(seconds(&observed), right(&[(first, 40), (second, 10)]));
        // What has begun after the clock was looked at last began by the clock as it is now.
        let mut observer = Observer::default();
        observer.note(moment("2126-11-21T23:30:40.5Z", 140), watching("a"));
        observer.step(before, after);
        let observed = observer.take(later, &TimeZone::UTC).unwrap();
        assert_eq!(seconds(&observed), right(&[(second, 10)]));
    }

    #[test]
    fn nothing_is_dated_by_an_implausible_clock() {
        let day = date(2126, 11, 21);
        let mut observer = Observer::default();
        let [wrong, right] = [
            moment("1970-01-01T12:00:20Z", 120),
            moment("2126-11-21T12:00:01Z", 121),
        ];
        observer.note(moment("1970-01-01T12:00:00Z", 100), watching("a"));
        observer.note(moment("1970-01-01T12:00:10Z", 110), watching("b"));
        observer.step(wrong, right);
        let observed = observer
            .take(moment("2126-11-21T12:00:10Z", 130), &TimeZone::UTC)
            .unwrap();
        let text = |text: &str| text.to_owned();
        assert_eq!(
            seconds(&observed),
            [(day, 10, text("a")), (day, 20, text("b"))]
        );
        observer.step(
            moment("2126-11-21T12:00:19Z", 139),
            moment("1970-01-01T12:00:00Z", 140),
        );
        let observed = observer
            .take(moment("1970-01-01T12:00:00Z", 140), &TimeZone::UTC)
            .unwrap();
        assert_eq!(seconds(&observed), [(day, 10, text("b"))]);
    }

    #[test]
    fn a_suspended_machine_observes_nothing() {
        let mut observer = Observer::default();
        observer.note(moment("2026-11-21T23:00:00Z", 1000), watching("a"));
        let woken = Moment {
            awake: Duration::from_secs(1010),
            ..moment("2026-11-22T01:00:10Z", 1000 + 7210)
        };
        let observed = observer.take(woken, &TimeZone::UTC).unwrap();
        let [first, second] = [date(2026, 11, 21), date(2026, 11, 22)];
        let expected = [
            (first, 3600, "suspended"),
            (second, 3600, "suspended"),
            (second, 10, "a"),
        ];
        assert_eq!(
            seconds(&observed),
            expected.map(|(d, s, a)| (d, s, a.to_owned()))
        );
    }

    #[test]
    fn an_absence_is_cut_at_midnight_too() {
        let mut observer = Observer::default();
        let [start, end] = ["2026-11-21T22:00:00Z", "2026-11-23T01:00:00Z"];
        let [start, end] = [start, end].map(|text| text.parse().unwrap());
        observer.note_absence(start, end, Gap::Reboot);
        observer.note_absence(end, start, Gap::Reboot);
        let observed = observer
            .take(moment("2026-11-23T01:00:00Z", 5), &TimeZone::UTC)
            .unwrap();
        let days = [(21, 7200), (22, 86_400), (23, 3600)];
        let expected =
            days.map(|(day, seconds)| (date(2026, 11, day), seconds, "reboot".to_owned()));
        assert_eq!(seconds(&observed), expected);
    }
}
