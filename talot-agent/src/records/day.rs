//! When a day begins and ends.

use anyhow::{Context as _, Result};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// A day of a time zone as an interval of time: 23 or 25 hours long where clocks change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Its first moment.
    pub start: Timestamp,
    /// The first moment of the next day.
    pub end: Timestamp,
}

impl Bounds {
    /// The bounds of a day in a time zone. Where the clock leaps over midnight, the day begins
    /// when it has leapt.
    ///
    /// # Errors
    /// At the ends of the calendar.
    pub fn of(day: Date, zone: &TimeZone) -> Result<Self> {
        let start = |day: Date| day.to_zoned(zone.clone()).map(|start| start.timestamp());
        let bounds = || -> Result<_, jiff::Error> {
            Ok(Self {
                start: start(day)?,
                end: start(day.tomorrow()?)?,
            })
        };
        bounds().with_context(|| format!("finding when {day} begins and ends"))
    }

    /// How long the day is, s.
    pub fn seconds(&self) -> i64 {
        self.end.as_second() - self.start.as_second()
    }

    /// The moment of the day that is nearest to a time in µs since 1970 UTC; in the same unit.
    pub fn clamp(&self, micros: i64) -> i64 {
        micros.clamp(self.start.as_microsecond(), self.end.as_microsecond())
    }
}

/// A day as the tables hold it: days since 1970-01-01.
pub(super) fn to_date32(day: Date) -> i32 {
    let hours = day.duration_since(EPOCH).as_hours();
    i32::try_from(hours / 24).expect("every day of the calendar is less than 2³¹ from 1970")
}

/// The day that a table holds; none outside the calendar.
pub(super) fn from_date32(days: i32) -> Option<Date> {
    let span = jiff::Span::new().try_days(days).ok()?;
    EPOCH.checked_add(span).ok()
}

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn bounds(day: Date, zone: &str) -> (String, i64) {
        let bounds = Bounds::of(day, &TimeZone::get(zone).unwrap()).unwrap();
        (bounds.start.to_string(), bounds.seconds())
    }

    #[test]
    fn days_have_the_length_that_the_zone_gives_them() {
        let cases = [
            (date(2026, 11, 21), "UTC", "2026-11-21T00:00:00Z", 24 * 3600),
            (
                date(2026, 11, 21),
                "Asia/Tokyo",
                "2026-11-20T15:00:00Z",
                24 * 3600,
            ),
            (
                date(2026, 3, 29),
                "Europe/Berlin",
                "2026-03-28T23:00:00Z",
                23 * 3600,
            ),
            (
                date(2026, 10, 25),
                "Europe/Berlin",
                "2026-10-24T22:00:00Z",
                25 * 3600,
            ),
            // Lord Howe Island moves its clocks by half an hour.
            (
                date(2026, 4, 5),
                "Australia/Lord_Howe",
                "2026-04-04T13:00:00Z",
                49 * 1800,
            ),
            // Beirut's clocks leap over midnight.
            (
                date(2022, 3, 27),
                "Asia/Beirut",
                "2022-03-26T22:00:00Z",
                23 * 3600,
            ),
            // Samoa left this day out.
            (
                date(2011, 12, 30),
                "Pacific/Apia",
                "2011-12-30T10:00:00Z",
                0,
            ),
        ];
        for (day, zone, start, seconds) in cases {
            assert_eq!(
                bounds(day, zone),
                (start.to_owned(), seconds),
                "{day} {zone}"
            );
        }
    }

    #[test]
    fn table_dates_are_days_since_1970() {
        for (day, days) in [
            (date(1970, 1, 1), 0),
            (date(2026, 11, 21), 20778),
            (date(1969, 12, 31), -1),
        ] {
            assert_eq!(to_date32(day), days);
            assert_eq!(from_date32(days), Some(day));
        }
        assert_eq!(from_date32(i32::MAX), None);
    }

    #[test]
    fn moments_are_clamped_to_the_day() {
        let bounds = Bounds::of(date(1970, 1, 1), &TimeZone::UTC).unwrap();
        assert_eq!(
            [-5, 5, 86_400_000_005].map(|micros| bounds.clamp(micros)),
            [0, 5, 86_400_000_000]
        );
    }
}
