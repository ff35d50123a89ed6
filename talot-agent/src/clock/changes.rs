//! The kernel says when the time of day is set.

use std::{
    fs::File,
    io::{self, Read as _},
    os::fd::FromRawFd as _,
    ptr,
};

use anyhow::{Context as _, Result};
use tokio::io::{Interest, unix::AsyncFd};

/// A timer of CLOCK_REALTIME that never comes: whenever that clock is set, the kernel cancels it, and
/// says so (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET). It goes on as it was.
pub struct Changes(AsyncFd<File>);

impl Changes {
    /// Notices whatever is set from now on.
    ///
    /// # Errors
    ///
    /// If the kernel has no such timer.
    pub fn listen() -> Result<Self> {
        let flags = libc::TFD_NONBLOCK | libc::TFD_CLOEXEC;
        // SAFETY: it takes no pointers.
        let timer = unsafe { libc::timerfd_create(libc::CLOCK_REALTIME, flags) };
        if timer < 0 {
            return Err(io::Error::last_os_error()).context("timerfd_create");
        }
        // SAFETY: the descriptor is new, and nobody else's.
        let file = unsafe { File::from_raw_fd(timer) };
        let at = |tv_sec| libc::timespec { tv_sec, tv_nsec: 0 };
        let never = libc::itimerspec {
            it_interval: at(0),
            it_value: at(libc::time_t::MAX),
        };
        let flags = libc::TFD_TIMER_ABSTIME | libc::TFD_TIMER_CANCEL_ON_SET;
        // SAFETY: it reads the one itimerspec, and is given none to write to.
        if unsafe { libc::timerfd_settime(timer, flags, &raw const never, ptr::null_mut()) } != 0 {
            return Err(io::Error::last_os_error()).context("timerfd_settime");
        }
        // SAFETY: the file owns its descriptor, and is owned in turn.
        let timer = unsafe { AsyncFd::register_with_interest(file, Interest::READABLE) };
        Ok(Self(timer.context("polling a timer")?))
    }

    /// Waits until the clock is set; several times that have come meanwhile are one.
    pub async fn made(&mut self) {
        loop {
            let Ok(mut ready) = self.0.readable().await else {
                // Whoever waits looks at the clock now and then, too.
                return std::future::pending().await;
            };
            let read = ready.try_io(|timer| timer.get_ref().read(&mut [0; 8]));
            if let Ok(Err(error)) = read
                && error.raw_os_error() == Some(libc::ECANCELED)
            {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::Future as _, pin::pin, task};

    use super::*;

    #[tokio::test]
    async fn a_clock_that_nobody_sets_is_not_said_to_be_set() {
        let mut changes = Changes::listen().unwrap();
        let made = pin!(changes.made());
        let mut context = task::Context::from_waker(task::Waker::noop());
        assert!(made.poll(&mut context).is_pending());
    }
}
