//! Dates, worked out by hand: no library that the agent uses.

/// A day in seconds.
pub(crate) const DAY: i64 = 86_400;
/// An hour in seconds.
pub(crate) const HOUR: i64 = 3600;

/// The date of a day, counted from 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", `civil_from_days`).
pub(crate) fn date(day: i64) -> String {
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}

fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * shifted_month + 2) / 5 + 1)
}

/// The last Sunday of the first month given that begins on this day or later.
pub(crate) fn last_sunday(month: i64, from: i64) -> i64 {
    // 1970-01-04 was a Sunday.
    let is_last_sunday = |day: i64| {
        let (_, of_day, _) = civil(day);
        let (_, week_later, _) = civil(day + 7);
        (day - 3).rem_euclid(7) == 0 && of_day == month && week_later != month
    };
    (from..from + 400)
        .find(|day| is_last_sunday(*day))
        .expect("every year has one")
}

/// How far a zone's clocks are ahead of UTC, in seconds, at a moment in seconds since 1970.
pub(crate) type Zone = fn(i64) -> i64;

/// UTC.
pub(crate) const UTC: Zone = |_| 0;

/// Central Europe: summer time from the last Sunday of March to that of October, 01:00 UTC.
pub(crate) fn berlin(moment: i64) -> i64 {
    let (_, month, day) = civil(moment.div_euclid(DAY));
    let start_of_month = moment.div_euclid(DAY) - day + 1;
    let change = |month| last_sunday(month, start_of_month) * DAY + HOUR;
    let summer = match month {
        4..=9 => true,
        3 => moment >= change(3),
        10 => moment < change(10),
        _ => false,
    };
    if summer { 2 * HOUR } else { HOUR }
}

/// The day of a moment, counted from 1970-01-01.
pub(crate) fn day(moment: i64, zone: Zone) -> i64 {
    (moment + zone(moment)).div_euclid(DAY)
}
