//! Maintenance of a point on a day, from the windows of the configuration.

use serde::{Deserialize, Serialize};

use super::Bounds;
use crate::config;

/// How much of a day is maintenance, and what for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Maintenance {
    /// Seconds of the day that lie in a window.
    pub(super) seconds: i64,
    /// Every window that the day has a part in, in words, in the order of time.
    pub(super) notes: Vec<String>,
}

impl Maintenance {
    /// What the windows mean for a point's day.
    pub(super) fn of(windows: &[config::Maintenance], point: &str, day: Bounds) -> Self {
        let is_here = |window: &&config::Maintenance| {
            window.point.as_deref().is_none_or(|own| own == point)
                && window.start < day.end
                && window.end > day.start
        };
        let mut windows: Vec<_> = windows.iter().filter(is_here).collect();
        windows.sort_by_key(|window| (window.start, window.end));
        let mut maintenance = Self::default();
        let mut counted_until = day.start;
        for window in windows {
            // What an earlier window has is not counted twice.
            let (start, end) = (window.start.max(counted_until), window.end.min(day.end));
            maintenance.seconds += (end.as_second() - start.as_second()).max(0);
            counted_until = counted_until.max(end);
            let note = format!("maintenance from {} to {}", window.from, window.to);
            maintenance.notes.push(if window.note.is_empty() {
                note
            } else {
                format!("{note}: {}", window.note)
            });
        }
        maintenance
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use jiff::tz::TimeZone;

    use super::*;
    use crate::config::Config;

    /// Maintenance of the point `a` in a zone, of windows `POINT FROM TO`.
    fn seconds(zone: &str, day: &str, windows: &[&str]) -> (i64, i64, usize) {
        let mut text = format!(
            "timezone = \"{zone}\"\n[[point]]\nname = \"a\"\ninterface = \"a0\"\n\
             [[point]]\nname = \"b\"\ninterface = \"b0\"\n"
        );
        for window in windows {
            let [point, from, to] = window.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{window}");
            };
            text += &format!("[[maintenance]]\nfrom = \"{from}\"\nto = \"{to}\"\n");
            if point != "*" {
                text += &format!("point = \"{point}\"\n");
            }
        }
        let config = Config::parse(Path::new("test.toml"), &text).unwrap();
        let bounds = Bounds::of(day.parse().unwrap(), &TimeZone::get(zone).unwrap()).unwrap();
        let maintenance = Maintenance::of(&config.maintenance, "a", bounds);
        (
            maintenance.seconds,
            bounds.seconds(),
            maintenance.notes.len(),
        )
    }

    #[test]
    fn a_days_maintenance_is_the_union_of_its_windows_within_the_day() {
        const H: i64 = 3600;
        type Case<'a> = (&'a str, &'a str, &'a [&'a str], (i64, i64, usize));
        let cases: [Case<'_>; 11] = [
            // TALOT2's day that was left out.
            (
                "Asia/Tokyo",
                "2011-07-02",
                &["a 2011-07-02T00:00 2011-07-03T00:00"],
                (24 * H, 24 * H, 1),
            ),
            (
                "Asia/Tokyo",
                "2011-07-03",
                &["a 2011-07-02T00:00 2011-07-03T00:00"],
                (0, 24 * H, 0),
            ),
            (
                "UTC",
                "2026-11-21",
                &["b 2026-11-21T10:00 2026-11-21T11:00"],
                (0, 24 * H, 0),
            ),
            (
                "UTC",
                "2026-11-21",
                &["* 2026-11-21T10:00 2026-11-21T11:00:30"],
                (H + 30, 24 * H, 1),
            ),
            // Overlapping, one inside another, touching, apart, in any order.
            (
                "UTC",
                "2026-11-21",
                &[
                    "a 2026-11-21T12:00 2026-11-21T14:00",
                    "* 2026-11-21T10:00 2026-11-21T13:00",
                    "a 2026-11-21T10:30 2026-11-21T11:00",
                    "a 2026-11-21T14:00 2026-11-21T15:00",
                    "a 2026-11-21T20:00 2026-11-21T21:00",
                ],
                (6 * H, 24 * H, 5),
            ),
            // Across midnights.
            (
                "UTC",
                "2026-11-21",
                &[
                    "a 2026-11-20T22:00 2026-11-21T01:00",
                    "a 2026-11-21T23:00 2026-11-25T00:00",
                ],
                (2 * H, 24 * H, 2),
            ),
            // 23 and 25 hours.
            (
                "Europe/Berlin",
                "2026-03-29",
                &["a 2026-03-29T00:00 2026-03-30T00:00"],
                (23 * H, 23 * H, 1),
            ),
            (
                "Europe/Berlin",
                "2026-10-25",
                &["a 2026-10-25T00:00 2026-10-26T00:00"],
                (25 * H, 25 * H, 1),
            ),
            // The hour that comes twice, and one that begins in the hour that does not come.
            (
                "Europe/Berlin",
                "2026-10-25",
                &["a 2026-10-25T02:00 2026-10-25T03:00"],
                (2 * H, 25 * H, 1),
            ),
            (
                "Europe/Berlin",
                "2026-03-29",
                &["a 2026-03-29T02:30 2026-03-29T04:00"],
                (H, 23 * H, 1),
            ),
            // A day without midnight.
            (
                "Asia/Beirut",
                "2022-03-27",
                &["a 2022-03-27T00:00 2022-03-28T00:00"],
                (23 * H, 23 * H, 1),
            ),
        ];
        for (zone, day, windows, expected) in cases {
            assert_eq!(
                seconds(zone, day, windows),
                expected,
                "{zone} {day} {windows:?}"
            );
        }
    }

    #[test]
    fn the_notes_name_the_windows() {
        let text = "[[maintenance]]\nfrom = \"2026-11-21T10:00\"\nto = \"2026-11-21T11:00:05\"\n\
                    note = \"new disks\"\n";
        let config = Config::parse(Path::new("test.toml"), text).unwrap();
        let bounds = Bounds::of("2026-11-21".parse().unwrap(), &TimeZone::UTC).unwrap();
        assert_eq!(
            Maintenance::of(&config.maintenance, "a", bounds).notes,
            ["maintenance from 2026-11-21T10:00:00 to 2026-11-21T11:00:05: new disks"]
        );
    }
}
