//! The clocks.

mod changes;

use std::{io, mem, time::Duration};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::changes::Changes;

/// A moment on four clocks: one tells the day, one tells it with the seconds that are inserted into
/// the first, one measures durations, and one stands still while the machine is suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// The time of day.
    pub wall: Timestamp,
    /// CLOCK_TAI, which is set together with the time of day, but has no leap seconds. Marks of former
    /// agents may lack it.
    #[serde(default)]
    pub tai: Duration,
    /// Since the machine was booted, suspended or not.
    pub boot: Duration,
    /// Since the machine was booted, without the time in which it was suspended.
    pub awake: Duration,
}

impl Moment {
    /// This one.
    ///
    /// # Errors
    ///
    /// If a clock cannot be read.
    pub fn now() -> Result<Self> {
        Ok(Self {
            wall: now(),
            tai: read(libc::CLOCK_TAI)?,
            boot: read(libc::CLOCK_BOOTTIME)?,
            awake: read(libc::CLOCK_MONOTONIC)?,
        })
    }
}

fn read(clock: libc::clockid_t) -> Result<Duration> {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: it writes the one timespec that it is given.
    if unsafe { libc::clock_gettime(clock, &raw mut time) } != 0 {
        return Err(io::Error::last_os_error()).context("clock_gettime");
    }
    Ok(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}

/// User and system CPU time of this process.
///
/// # Errors
///
/// If the clock cannot be read.
pub fn of_cpu() -> Result<Duration> {
    read(libc::CLOCK_PROCESS_CPUTIME_ID)
}

/// When this program was built, seconds since 1970.
const BUILT: &str = env!("TALOT_BUILD_TIME");

/// Whether a clock may be right: it is not before this program was built.
pub fn is_plausible(wall: Timestamp) -> bool {
    wall >= built()
}

/// When this program was built.
pub fn built() -> Timestamp {
    let seconds = BUILT.parse().unwrap_or_default();
    Timestamp::from_second(seconds).unwrap_or_default()
}

/// Whether the kernel was told that its clock is right: by NTP, or by the host.
///
/// # Errors
///
/// If the clock cannot be read.
pub fn is_synchronised() -> Result<bool> {
    // SAFETY: timex is plain data, for which zeroes are valid; no modes: nothing is changed.
    let mut timex: libc::timex = unsafe { mem::zeroed() };
    // SAFETY: it writes the one timex that it is given.
    if unsafe { libc::adjtimex(&raw mut timex) } == -1 {
        return Err(io::Error::last_os_error()).context("adjtimex");
    }
    Ok(timex.status & libc::STA_UNSYNC == 0)
}

/// The time of day.
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// The time of day as the kernel program tells it. The kernel inserts a second at a tick: CLOCK_REALTIME
/// is in the next day for some milliseconds before that second comes, CLOCK_TAI never is.
///
/// # Errors
///
/// If the clocks cannot be read.
pub fn now_by_tai() -> Result<Timestamp> {
    Tai::now()?.time_of_day(read(libc::CLOCK_TAI)?)
}

/// How far CLOCK_TAI, by which the kernel program tells the day, is ahead of the time of day, now and
/// after the leap second that the kernel was told to expect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tai {
    /// Seconds: 37 where somebody has told the kernel (since 2017), else 0.
    pub offset: i64,
    /// From when on it will be one more, or less.
    pub leap: Option<(Timestamp, i64)>,
}

impl Tai {
    /// As the kernel has it.
    ///
    /// # Errors
    ///
    /// If the clock cannot be read.
    pub fn now() -> Result<Self> {
        // SAFETY: timex is plain data, for which zeroes are valid; no modes: nothing is changed.
        let mut timex: libc::timex = unsafe { mem::zeroed() };
        // SAFETY: it writes the one timex that it is given.
        let state = unsafe { libc::adjtimex(&raw mut timex) };
        let by = match state {
            -1 => return Err(io::Error::last_os_error()).context("adjtimex"),
            libc::TIME_INS => 1,
            libc::TIME_DEL => -1,
            _ => 0,
        };
        let midnight = (timex.time.tv_sec.div_euclid(DAY) + 1) * DAY;
        let leap = (by != 0).then(|| Ok::<_, jiff::Error>((Timestamp::from_second(midnight)?, by)));
        Ok(Self {
            offset: i64::from(timex.tai),
            leap: leap.transpose().context("a leap second")?,
        })
    }

    /// Seconds at a moment of the time of day. A leap second is inserted before the midnight (UTC) from
    /// which on it counts.
    pub fn at(self, moment: Timestamp) -> i64 {
        let leap = self.leap.filter(|(from, _)| moment >= *from);
        self.offset + leap.map_or(0, |(_, by)| by)
    }

    /// The time of day when CLOCK_TAI said this. An inserted second is the last moment of the day that
    /// it ends.
    fn time_of_day(self, tai: Duration) -> Result<Timestamp> {
        let utc = |offset| -> Result<Timestamp> {
            let nanoseconds = i128::try_from(tai.as_nanos())? - i128::from(offset) * 1_000_000_000;
            Ok(Timestamp::from_nanosecond(nanoseconds)?)
        };
        let Some((from, by)) = self.leap else {
            return utc(self.offset);
        };
        let after = utc(self.offset + by)?;
        if after >= from {
            return Ok(after);
        }
        Ok(utc(self.offset)?.min(from - Duration::from_nanos(1)))
    }
}

/// A day of UTC in seconds.
const DAY: i64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tai_moves_on_at_the_leap_second() {
        let midnight: Timestamp = "2017-01-01T00:00:00Z".parse().unwrap();
        let tai = Tai {
            offset: 36,
            leap: Some((midnight, 1)),
        };
        let before = midnight - Duration::from_nanos(1);
        assert_eq!([before, midnight].map(|moment| tai.at(moment)), [36, 37]);
        assert_eq!(Tai { leap: None, ..tai }.at(midnight), 36);
    }

    #[test]
    fn an_inserted_second_is_not_in_the_next_day_before_it_is_over() {
        let midnight: Timestamp = "2017-01-01T00:00:00Z".parse().unwrap();
        let seconds = midnight.as_second() as u64;
        let nanosecond = Duration::from_nanos(1);
        let of = |tai: Tai, second| {
            let end = Duration::from_secs(seconds + second);
            [end - nanosecond, end].map(|reading| tai.time_of_day(reading).unwrap())
        };
        let last = midnight - nanosecond;
        let told = |by| Tai {
            offset: 36,
            leap: Some((midnight, by)),
        };
        assert_eq!(of(told(1), 36), [last; 2], "the second begins");
        assert_eq!(of(told(1), 37), [last, midnight], "the second ends");
        let left_out = midnight - Duration::from_secs(1) - nanosecond;
        assert_eq!(of(told(-1), 35), [left_out, midnight]);
        let after = Tai {
            offset: 37,
            leap: None,
        };
        assert_eq!(of(after, 37), [last, midnight]);
    }

    #[test]
    fn the_kernel_says_how_far_tai_is_ahead() {
        let tai = Tai::now().unwrap();
        let [ahead, behind] =
            [libc::CLOCK_TAI, libc::CLOCK_REALTIME].map(|clock| read(clock).unwrap());
        let difference = ahead.as_secs_f64() - behind.as_secs_f64();
        assert!(
            (difference - tai.offset as f64).abs() < 0.5,
            "{difference} for {tai:?}"
        );
    }
}
