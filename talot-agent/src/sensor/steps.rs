//! Clocks that are put forward or back.

use std::time::Duration;

use crate::clock::Moment;

/// Finds steps of the time of day, by the clock that nobody sets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steps {
    last: Moment,
    tai_offset: i64,
}

/// What has happened to the clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    /// It was set: forward by so many seconds, or back.
    By(f64),
    /// A second was inserted into the time of day, or left out: nothing that was counted moves.
    Leap,
}

impl Steps {
    pub(super) const fn new(now: Moment, tai_offset: i64) -> Self {
        Self {
            last: now,
            tai_offset,
        }
    }

    /// When the clocks were looked at last.
    pub(super) const fn last(&self) -> Moment {
        self.last
    }

    /// Looks at the clocks again.
    pub(super) fn check(&mut self, now: Moment, tai_offset: i64) -> Option<Step> {
        let before = std::mem::replace(self, Self::new(now, tai_offset));
        let wall = now.wall.duration_since(before.last.wall).as_secs_f64();
        let passed = now.boot.saturating_sub(before.last.boot);
        let step = wall - passed.as_secs_f64();
        if step.abs() < tolerance(passed) {
            return None;
        }
        let leap = before.tai_offset - tai_offset;
        if leap != 0 && (step - leap as f64).abs() < tolerance(passed) {
            return Some(Step::Leap);
        }
        Some(Step::By(step))
    }
}

/// Seconds by which a clock that is only being adjusted may go wrong: adjtimex(2) changes its
/// frequency by 500 parts in a million at most. Clocks are read one after the other, too.
fn tolerance(passed: Duration) -> f64 {
    0.1 + passed.as_secs_f64() * 0.001
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;

    /// A machine whose clocks a test sets.
    struct Machine {
        wall: Timestamp,
        boot: Duration,
    }

    impl Machine {
        fn new() -> Self {
            Self {
                wall: "2026-11-21T12:00:00Z".parse().unwrap(),
                boot: Duration::from_secs(1000),
            }
        }

        fn pass(&mut self, time: Duration) {
            self.wall += time;
            self.boot += time;
        }

        fn set(&mut self, by: f64) {
            self.wall += SignedDuration::from_secs_f64(by);
        }

        fn now(&self) -> Moment {
            Moment {
                wall: self.wall,
                boot: self.boot,
                awake: self.boot,
            }
        }
    }

    #[test]
    fn every_step_is_found_and_found_once() {
        const HOUR: f64 = 3600.0;
        for by in [1.0, -1.0, HOUR, -HOUR, 24.0 * HOUR, -24.0 * HOUR, 0.5, -0.5] {
            let mut machine = Machine::new();
            let mut steps = Steps::new(machine.now(), 37);
            for second in 0..10 {
                machine.pass(Duration::from_secs(1));
                if second == 4 {
                    machine.set(by);
                }
                match steps.check(machine.now(), 37) {
                    Some(Step::By(found)) => {
                        assert!(second == 4 && (found - by).abs() < 1e-6, "{found} for {by}");
                    }
                    other => assert!(second != 4 && other.is_none(), "{other:?} for {by}"),
                }
            }
        }
    }

    #[test]
    fn an_adjusted_clock_a_suspended_machine_and_a_late_look_are_no_steps() {
        let mut machine = Machine::new();
        let mut steps = Steps::new(machine.now(), 37);
        for passed in [1, 60, 3600, 86_400] {
            machine.pass(Duration::from_secs(passed));
            machine.set(passed as f64 * 0.0005);
            assert_eq!(steps.check(machine.now(), 37), None, "after {passed} s");
        }
    }

    #[test]
    fn a_leap_second_and_a_first_word_of_tai_are_no_steps() {
        let mut machine = Machine::new();
        let mut steps = Steps::new(machine.now(), 37);
        machine.pass(Duration::from_secs(1));
        machine.set(-1.0);
        assert_eq!(steps.check(machine.now(), 38), Some(Step::Leap));
        machine.pass(Duration::from_secs(1));
        assert_eq!(steps.check(machine.now(), 0), None, "only TAI was set");
    }

    #[test]
    fn from_1970_to_today_is_a_step() {
        let mut machine = Machine::new();
        machine.wall = Timestamp::UNIX_EPOCH;
        let mut steps = Steps::new(machine.now(), 0);
        machine.pass(Duration::from_secs(1));
        machine.set(1.79e9);
        assert_eq!(steps.check(machine.now(), 0), Some(Step::By(1.79e9)));
    }
}
