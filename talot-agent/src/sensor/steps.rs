//! Clocks that are put forward or back.

use std::time::Duration;

use crate::clock::Moment;

/// What a leap second is noted with.
pub(super) const LEAP: &str = "a leap second";

/// Finds steps of the time of day, by the clock that nobody sets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steps {
    last: Moment,
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
    pub(super) const fn new(now: Moment) -> Self {
        Self { last: now }
    }

    /// When the clocks were looked at last.
    pub(super) const fn last(&self) -> Moment {
        self.last
    }

    /// Looks at the clocks again.
    pub(super) fn check(&mut self, now: Moment) -> Option<Step> {
        let before = std::mem::replace(&mut self.last, now);
        let passed = now.boot.saturating_sub(before.boot);
        let step = now.wall.duration_since(before.wall).as_secs_f64() - passed.as_secs_f64();
        let has_moved = |step: f64| step.abs() >= tolerance(passed);
        if !has_moved(step) {
            return None;
        }
        let of_tai = now.tai.as_secs_f64() - before.tai.as_secs_f64() - passed.as_secs_f64();
        Some(if has_moved(of_tai) {
            Step::By(step)
        } else {
            Step::Leap
        })
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
        tai_offset: i64,
    }

    impl Machine {
        fn new() -> Self {
            Self {
                wall: "2026-11-21T12:00:00Z".parse().unwrap(),
                boot: Duration::from_secs(1000),
                tai_offset: 37,
            }
        }

        fn pass(&mut self, time: Duration) {
            self.wall += time;
            self.boot += time;
        }

        fn set(&mut self, by: f64) {
            self.wall += SignedDuration::from_secs_f64(by);
        }

        fn leap(&mut self, inserted: i64) {
            self.wall -= SignedDuration::from_secs(inserted);
            self.tai_offset += inserted;
        }

        fn now(&self) -> Moment {
            let tai = self.wall + SignedDuration::from_secs(self.tai_offset);
            Moment {
                wall: self.wall,
                tai: Duration::try_from(tai.duration_since(Timestamp::UNIX_EPOCH)).unwrap(),
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
            let mut steps = Steps::new(machine.now());
            for second in 0..10 {
                machine.pass(Duration::from_secs(1));
                if second == 4 {
                    machine.set(by);
                }
                match steps.check(machine.now()) {
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
        let mut steps = Steps::new(machine.now());
        for passed in [1, 60, 3600, 86_400] {
            machine.pass(Duration::from_secs(passed));
            machine.set(passed as f64 * 0.0005);
            assert_eq!(steps.check(machine.now()), None, "after {passed} s");
        }
    }

    #[test]
    fn a_leap_second_and_a_first_word_of_tai_are_no_steps() {
        for inserted in [1, -1] {
            let mut machine = Machine::new();
            let mut steps = Steps::new(machine.now());
            machine.pass(Duration::from_secs(1));
            machine.leap(inserted);
            assert_eq!(steps.check(machine.now()), Some(Step::Leap));
            machine.pass(Duration::from_secs(1));
            machine.tai_offset = 0;
            assert_eq!(steps.check(machine.now()), None, "only TAI was set");
        }
    }

    #[test]
    fn a_leap_second_while_no_agent_ran_is_no_step() {
        let mut machine = Machine::new();
        let killed = machine.now();
        machine.pass(Duration::from_secs(12));
        machine.leap(1);
        assert_eq!(Steps::new(killed).check(machine.now()), Some(Step::Leap));
        machine.set(-1.0);
        let step = Steps::new(killed).check(machine.now());
        assert_eq!(step, Some(Step::By(-2.0)), "set, too");
    }

    #[test]
    fn a_step_since_a_mark_without_tai_is_one() {
        let mut machine = Machine::new();
        let killed = Moment {
            tai: Duration::ZERO,
            ..machine.now()
        };
        machine.pass(Duration::from_secs(12));
        assert_eq!(Steps::new(killed).check(machine.now()), None);
        machine.set(60.0);
        let step = Steps::new(killed).check(machine.now());
        assert_eq!(step, Some(Step::By(60.0)));
    }

    #[test]
    fn from_1970_to_today_is_a_step() {
        let mut machine = Machine::new();
        machine.wall = Timestamp::UNIX_EPOCH;
        let mut steps = Steps::new(machine.now());
        machine.pass(Duration::from_secs(1));
        machine.set(1.79e9);
        assert_eq!(steps.check(machine.now()), Some(Step::By(1.79e9)));
    }
}
