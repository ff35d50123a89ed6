//! Times in which a point is not to be counted on.

use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{AmbiguousOffset, Offset, TimeZone},
};

use super::{
    mistake::Wrong,
    points::{self, Draft},
    section::Section,
    values::{local_time, text},
};

/// A window of maintenance, as somebody has written it and as an interval of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maintenance {
    /// Only the point of this name; none: every point.
    pub point: Option<String>,
    /// Its first local time.
    pub from: DateTime,
    /// The local time at which it is over.
    pub to: DateTime,
    /// Its first moment.
    pub start: Timestamp,
    /// The first moment after it, later than `start`.
    pub end: Timestamp,
    /// Why, for people.
    pub note: String,
}

/// Reads one `[[maintenance]]`.
pub(super) fn maintenance(
    section: &mut Section<'_>,
    points: &[Draft],
    zone: &TimeZone,
) -> Option<Maintenance> {
    let point = section.get("point", |value| points::name_of(value, points));
    let from = section.required("from", local_time);
    let to = section.required("to", local_time);
    let note = section.get("note", |value| text(value, "a string").map(str::to_owned));
    let (from, to) = (from?, to?);
    let (first, last) = (moments(from.value, zone), moments(to.value, zone));
    for (at, key, moments) in [(from.at, "from", &first), (to.at, "to", &last)] {
        if moments.is_none() {
            let wrong = Wrong::new("is outside the calendar", "a year from -9998 to 9998");
            section.note(at, key, wrong);
        }
    }
    // Of an hour that comes twice, all of it is in the window.
    let (start, end) = (first?.0, last?.1);
    if end <= start {
        let what = format!("{} is not after from, {}", to.value, from.value);
        section.note(to.at, "to", Wrong::new(what, "a later time"));
        return None;
    }
    Some(Maintenance {
        point: point.map(|found| found.value),
        from: from.value,
        to: to.value,
        start,
        end,
        note: note.map(|found| found.value).unwrap_or_default(),
    })
}

/// The moments at which clocks show a local time, the first and the last; of one that they leap
/// over, the moment at which they leap. None at the ends of the calendar.
fn moments(local: DateTime, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
    let by = |offset: Offset| offset.to_timestamp(local).ok();
    match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => Some((by(offset)?, by(offset)?)),
        AmbiguousOffset::Fold { before, after } => Some((by(before)?, by(after)?)),
        AmbiguousOffset::Gap { after, .. } => {
            let leap = zone.following(by(after)?).next()?.timestamp();
            Some((leap, leap))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_time_is_one_moment_two_or_that_of_a_leap() {
        let cases = [
            ("Asia/Tokyo", "2011-07-02T00:00", "2011-07-01T15:00:00Z", ""),
            // 02:00 to 03:00 is left out.
            (
                "Europe/Berlin",
                "2026-03-29T01:59",
                "2026-03-29T00:59:00Z",
                "",
            ),
            (
                "Europe/Berlin",
                "2026-03-29T02:00",
                "2026-03-29T01:00:00Z",
                "",
            ),
            (
                "Europe/Berlin",
                "2026-03-29T02:59",
                "2026-03-29T01:00:00Z",
                "",
            ),
            (
                "Europe/Berlin",
                "2026-03-29T03:00",
                "2026-03-29T01:00:00Z",
                "",
            ),
            // 02:00 to 03:00 comes twice.
            (
                "Europe/Berlin",
                "2026-10-25T02:00",
                "2026-10-25T00:00:00Z",
                "2026-10-25T01:00:00Z",
            ),
            (
                "Europe/Berlin",
                "2026-10-25T02:59",
                "2026-10-25T00:59:00Z",
                "2026-10-25T01:59:00Z",
            ),
            (
                "Europe/Berlin",
                "2026-10-25T03:00",
                "2026-10-25T02:00:00Z",
                "",
            ),
            // Beirut's clocks leap over midnight, Samoa's over a day.
            (
                "Asia/Beirut",
                "2022-03-27T00:00",
                "2022-03-26T22:00:00Z",
                "",
            ),
            (
                "Pacific/Apia",
                "2011-12-30T12:00",
                "2011-12-30T10:00:00Z",
                "",
            ),
        ];
        for (zone, local, first, last) in cases {
            let zone_of = TimeZone::get(zone).unwrap();
            let (from, to) = moments(local.parse().unwrap(), &zone_of).unwrap();
            let last = if last.is_empty() { first } else { last };
            assert_eq!(
                (from.to_string(), to.to_string()),
                (first.to_owned(), last.to_owned()),
                "{zone} {local}"
            );
        }
    }
}
