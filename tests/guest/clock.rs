//! The machine's clocks.

use std::{io, mem::zeroed, time::Duration};

fn read(clock: libc::clockid_t) -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: it writes the one timespec that it is given.
    let result = unsafe { libc::clock_gettime(clock, &raw mut time) };
    assert!(result == 0, "clock_gettime: {}", io::Error::last_os_error());
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The time of day, since 1970.
pub(crate) fn now() -> Duration {
    read(libc::CLOCK_REALTIME)
}

/// International atomic time, as far as the kernel was told.
pub(crate) fn tai() -> Duration {
    read(libc::CLOCK_TAI)
}

/// Since the machine was booted.
pub(crate) fn boot() -> Duration {
    read(libc::CLOCK_BOOTTIME)
}

/// Sets the time of day.
pub(crate) fn set(to: Duration) {
    let time = libc::timespec {
        tv_sec: to.as_secs() as i64,
        tv_nsec: i64::from(to.subsec_nanos()),
    };
    // SAFETY: it reads the one timespec that it is given.
    let result = unsafe { libc::clock_settime(libc::CLOCK_REALTIME, &raw const time) };
    assert!(
        result == 0,
        "clock_settime {to:?}: {}",
        io::Error::last_os_error()
    );
}

/// Tells the kernel how far TAI is ahead of UTC.
pub(crate) fn tell_tai(offset: i64) {
    adjust(libc::ADJ_TAI, |timex| timex.constant = offset);
}

/// What the kernel is to do with the last second of the UTC day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leap {
    /// Nothing.
    None,
    /// Repeat it.
    Insert,
    /// Leave it out.
    Delete,
}

/// Tells the kernel of a leap second as a time daemon does: by a clock that is in step. Of one that is
/// not, as after boot, adjtimex(2) says that (TIME_ERROR) and nothing of the leap second.
pub(crate) fn announce(leap: Leap) {
    let status = match leap {
        Leap::None => 0,
        Leap::Insert => libc::STA_INS,
        Leap::Delete => libc::STA_DEL,
    };
    adjust(libc::ADJ_STATUS | libc::ADJ_MAXERROR, |timex| {
        timex.status = status;
        timex.maxerror = 0;
    });
}

/// What the kernel says of the leap second (`TIME_OK`, `TIME_INS`, …).
pub(crate) fn leap_state() -> i32 {
    adjust(0, |_| {})
}

fn adjust(modes: libc::c_uint, fill: impl FnOnce(&mut libc::timex)) -> i32 {
    // SAFETY: timex is plain data, for which zeroes are valid.
    let mut timex: libc::timex = unsafe { zeroed() };
    timex.modes = modes;
    fill(&mut timex);
    // SAFETY: it reads and writes the one timex that it is given.
    let result = unsafe { libc::adjtimex(&raw mut timex) };
    assert!(result >= 0, "adjtimex: {}", io::Error::last_os_error());
    result
}
