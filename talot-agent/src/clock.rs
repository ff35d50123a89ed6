//! The clocks.

use std::{io, time::Duration};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A moment on three clocks: one tells the day, one measures durations, and one stands still while
/// the machine is suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// The time of day.
    pub wall: Timestamp,
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

/// The time of day.
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// How far CLOCK_TAI, by which the kernel program tells the day, is ahead of the time of day, in
/// seconds: 37 where somebody has told the kernel (since 2017), else 0.
pub fn tai_offset() -> Result<i64> {
    let (tai, utc) = (read(libc::CLOCK_TAI)?, read(libc::CLOCK_REALTIME)?);
    Ok((tai.as_secs_f64() - utc.as_secs_f64()).round() as i64)
}
