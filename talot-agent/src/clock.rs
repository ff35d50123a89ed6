//! The clocks.

use std::{io, time::Duration};

use anyhow::{Context as _, Result};
use jiff::Timestamp;

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

/// The time of day.
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Time since the machine was booted, suspended or not: what durations are measured on.
pub fn since_boot() -> Result<Duration> {
    read(libc::CLOCK_BOOTTIME)
}

/// How far CLOCK_TAI, by which the kernel program tells the day, is ahead of the time of day, in
/// seconds: 37 where somebody has told the kernel (since 2017), else 0.
pub fn tai_offset() -> Result<i64> {
    let (tai, utc) = (read(libc::CLOCK_TAI)?, read(libc::CLOCK_REALTIME)?);
    Ok((tai.as_secs_f64() - utc.as_secs_f64()).round() as i64)
}
