//! The clock is set while packets flow.

use std::{thread, time::Duration};

use crate::{
    calendar::{self, DAY, HOUR, UTC},
    clock,
    trial::{Trial, assert_noted, check_all_seconds, closed_by_first_step, noon, own_day, pass},
};

fn today() -> i64 {
    calendar::day(clock::now().as_secs() as i64, UTC)
}

/// At noon, so that no day changes.
pub(crate) fn of_seconds_and_hours() {
    let trial = Trial::at(noon());
    let day = today();
    let flow = trial.flow();
    let agent = trial.agent();
    let (log, ()) = flow.during(|| {
        for seconds in [1, -1, HOUR, -HOUR] {
            pass();
            flow.step(seconds);
        }
        pass();
    });
    agent.stop();
    let coverage = trial.check(&log, own_day);
    let words = ["+1.0 s", "-1.0 s", "+3600.0 s", "-3600.0 s"];
    assert_noted(&coverage, day, &words);
}

/// From half past eleven into the next day, which closes the day, and back again: a closed day
/// stays closed.
pub(crate) fn across_midnight_and_back() {
    let trial = Trial::at(noon() + Duration::from_secs(11 * 3600 + 1800));
    let day = today();
    let flow = trial.flow();
    let agent = trial.agent();
    let (log, ()) = flow.during(|| {
        pass();
        flow.step(HOUR);
        pass();
        flow.step(-HOUR);
        pass();
        flow.step(HOUR);
        pass();
    });
    agent.stop();
    let coverage = trial.check(&log, closed_by_first_step(day));
    assert_noted(&coverage, day + 1, &["+3600.0 s", "-3600.0 s", "put back"]);
}

/// An agent that begins after midnight finds that it is before midnight still: that day is not closed.
pub(crate) fn back_into_an_open_day() {
    let trial = Trial::at(noon() + Duration::from_secs(12 * 3600 + 600));
    let day = today();
    let flow = trial.flow();
    let mut agent = trial.agent();
    let (log, ()) = flow.during(|| {
        pass();
        flow.step(-HOUR);
        pass();
        // Both days are open; now the first is over.
        flow.step(HOUR);
        pass();
        agent.wait_until("the first day is closed", |metrics| {
            let closed = metrics.values("talot_last_day_closed_timestamp_seconds", &[]);
            closed.iter().any(|moment| *moment > 0.0)
        });
    });
    agent.stop();
    let coverage = trial.check(&log, own_day);
    assert_eq!(coverage.len(), 2, "two days");
    assert_noted(&coverage, day - 1, &["-3600.0 s"]);
    assert!(coverage[0].closed_at.is_some() && coverage[1].closed_at.is_none());
}

/// A day forward, which closes the day, and back.
pub(crate) fn of_days() {
    let trial = Trial::at(noon());
    let day = today();
    let flow = trial.flow();
    let agent = trial.agent();
    let (log, ()) = flow.during(|| {
        pass();
        flow.step(DAY);
        pass();
        flow.step(-DAY);
        pass();
    });
    agent.stop();
    let coverage = trial.check(&log, closed_by_first_step(day));
    assert_noted(
        &coverage,
        day + 1,
        &["+86400.0 s", "-86400.0 s", "put back"],
    );
}

/// What is wrong for a moment must not make a year wrong.
pub(crate) fn a_year_ahead_for_a_moment() {
    let trial = Trial::at(noon());
    let day = today();
    let flow = trial.flow();
    let agent = trial.agent();
    let (log, ()) = flow.during(|| {
        pass();
        flow.step(365 * DAY);
        pass();
        flow.step(-365 * DAY);
        pass();
        flow.step(DAY);
        pass();
    });
    agent.stop();
    let coverage = trial.check(&log, closed_by_first_step(day));
    let dates: Vec<&str> = coverage.iter().map(|row| row.date.as_str()).collect();
    // Until the agent notices, the last day whose end the kernel knows stands for all later ones.
    let days = [day, day + 1, day + 7, day + 365].map(calendar::date);
    assert!(
        dates.iter().all(|date| days.iter().any(|day| day == date)),
        "{dates:?}"
    );
}

/// The days follow the clock at once, not only when the agent looks at it next: four times it is set
/// forward by more days than the kernel knows the ends of.
pub(crate) fn days_follow_at_once() {
    let trial = Trial::at(noon());
    let flow = trial.flow().at_once();
    let agent = trial.agent();
    let (log, ()) = flow.during(|| {
        for quarter in 0..4 {
            // At each quarter of the second once: an agent that only looks every second is three of
            // them late, at least, after one of the four.
            pass();
            thread::sleep(Duration::from_millis(quarter * 250));
            flow.step(30 * DAY);
        }
        pass();
    });
    agent.stop();
    trial.check_packets(&log, own_day);
}

const IN_1970: Duration = Duration::from_secs(12 * 3600);

/// Without a battery the clock begins in 1970, until the network tells the time.
pub(crate) fn booted_in_1970() {
    let right = noon();
    let trial = Trial::at(IN_1970);
    let flow = trial.flow();
    let agent = trial.agent();
    let mut day = 0;
    let (log, ()) = flow.during(|| {
        pass();
        flow.set(right);
        day = today();
        pass();
    });
    agent.stop();
    let coverage = trial.check(&log, |_, sent| sent.max(day));
    assert_noted(&coverage, day, &["waited without a day"]);
}

/// To 1970 and back, and killed there.
pub(crate) fn back_to_1970() {
    let trial = Trial::at(noon());
    let day = today();
    let flow = trial.flow();
    let mut agent = trial.agent();
    let (log, agent) = flow.during(|| {
        for kill in [false, true] {
            pass();
            let back = clock::now();
            flow.set(IN_1970);
            pass();
            if kill {
                agent.kill();
                pass();
                agent = trial.agent();
                pass();
            }
            flow.set(back + Duration::from_secs(10));
        }
        pass();
        agent
    });
    agent.stop();
    let coverage = trial.check(&log, |_, sent| sent.max(day));
    assert_noted(&coverage, day, &["waited without a day", "was set by"]);
}

/// Killed in one day, set forward into the next, and found by the next agent.
pub(crate) fn without_an_agent() {
    let trial = Trial::at(noon() + Duration::from_secs(11 * 3600 + 1800));
    let day = today();
    let flow = trial.flow();
    let mut agent = trial.agent();
    let (log, agent) = flow.during(|| {
        pass();
        agent.kill();
        pass();
        flow.step(HOUR);
        pass();
        agent = trial.agent();
        pass();
        agent
    });
    agent.stop();
    let slack = trial.slack(&log);
    let coverage = trial.check_packets(&log, own_day);
    check_all_seconds(&log, &coverage, slack);
    assert_noted(&coverage, day + 1, &["was set by +3600.0 s"]);
}

/// Killed, and set back within the day.
pub(crate) fn back_without_an_agent() {
    let trial = Trial::at(noon());
    let day = today();
    let flow = trial.flow();
    let mut agent = trial.agent();
    let (log, agent) = flow.during(|| {
        for seconds in [-HOUR, 1, -1] {
            pass();
            agent.kill();
            flow.step(seconds);
            pass();
            agent = trial.agent();
        }
        pass();
        agent
    });
    agent.stop();
    let coverage = trial.check(&log, own_day);
    let words = [
        "was set by -3600.0 s",
        "was set by +1.0 s",
        "was set by -1.0 s",
    ];
    assert_noted(&coverage, day, &words);
}
