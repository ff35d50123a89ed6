//! Days of the configured time zone, and their slots in the kernel.

use anyhow::Result;
use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, date},
    tz::TimeZone,
};
use talot_common::layout::DAYS;

/// The date of a moment.
pub fn date_at(moment: Timestamp, zone: &TimeZone) -> Date {
    zone.to_datetime(moment).date()
}

const EPOCH: Date = date(1970, 1, 1);

/// Days since 1970-01-01.
pub fn number(day: Date) -> u32 {
    (day - EPOCH).get_days().max(0) as u32
}

/// The day of a slot, among the [`DAYS`] that begin with `first`.
///
/// # Errors
///
/// At the end of the calendar.
pub fn day_of_slot(slot: u8, first: Date) -> Result<Date> {
    let ahead = u32::from(slot).wrapping_sub(number(first)) % DAYS as u32;
    Ok(first.checked_add(i64::from(ahead).days())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_names_one_of_the_eight_days_from_the_first() {
        for first in [date(2026, 11, 21), date(2028, 2, 25), date(1970, 1, 1)] {
            for ahead in 0..8 {
                let day = first.checked_add(ahead.days()).unwrap();
                let slot = (number(day) % 8) as u8;
                assert_eq!(day_of_slot(slot, first).unwrap(), day);
            }
        }
    }

    #[test]
    fn day_numbers_count_from_1970() {
        assert_eq!(number(date(1970, 1, 1)), 0);
        assert_eq!(number(date(2000, 1, 1)), 10_957);
    }
}
