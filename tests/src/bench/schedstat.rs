//! The time that a thread has run, as the scheduler accounts for it.

use std::{fs, io};

/// Nanoseconds that a thread has been on a CPU (the first field of `schedstat`,
/// Documentation/scheduler/sched-stats.rst). Exact while the thread sleeps.
///
/// # Errors
/// When there is no such thread.
pub fn time_on_cpu(thread: u32) -> io::Result<u64> {
    let path = format!("/proc/{thread}/schedstat");
    parse(&fs::read_to_string(&path)?)
        .ok_or_else(|| io::Error::other(format!("{path} does not begin with a number")))
}

fn parse(text: &str) -> Option<u64> {
    text.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn the_first_field_is_the_time() {
        assert_eq!(parse("183455412 27691941 589\n"), Some(183_455_412));
        assert_eq!(parse("0 0 0"), Some(0));
        assert_eq!(parse("\n"), None);
        assert_eq!(parse("x 1 2"), None);
    }

    #[test]
    fn a_thread_that_worked_has_run() {
        // SAFETY: the call takes nothing.
        let own = unsafe { libc::gettid() } as u32;
        let before = time_on_cpu(own).unwrap();
        let until = Instant::now() + Duration::from_millis(50);
        while Instant::now() < until {}
        std::thread::sleep(Duration::from_millis(1));
        assert!(time_on_cpu(own).unwrap() > before);
        assert!(time_on_cpu(u32::MAX).is_err());
    }
}
