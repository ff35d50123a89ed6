//! Days that pass without an agent.

use std::{thread, time::Duration};

use talot_tests::records::Coverage;

use crate::{
    calendar::{self, DAY, HOUR, UTC, berlin, last_sunday},
    clock,
    flow::Log,
    trial::{Trial, assert_noted, noon, own_day, pass},
};

/// The kernel knows seven midnights; what comes after the last stays in the eighth day.
pub(crate) fn nine_days() {
    let trial = Trial::at(noon());
    let first = calendar::day(clock::now().as_secs() as i64, UTC);
    let flow = trial.flow();
    let agent = trial.agent();
    let mut passed = Duration::ZERO;
    let (log, ()) = flow.during(|| {
        pass();
        agent.kill();
        let [wall, boot] = [clock::now(), clock::boot()];
        for _ in 0..9 {
            flow.to_midnight(Duration::from_secs(2));
            thread::sleep(Duration::from_secs(4));
        }
        passed = (clock::now() - wall) - (clock::boot() - boot);
    });
    // For the next agent, all these days have passed by the other clocks, too.
    let mut agent = trial.agent_later(passed);
    agent.wait_until("what was left is durable", |metrics| {
        metrics
            .sum("talot_seen_packets_total", &[])
            .is_some_and(|seen| seen > 0)
    });
    agent.wait_until("the days are closed", |metrics| {
        let closed = metrics.values("talot_last_day_closed_timestamp_seconds", &[]);
        closed.iter().any(|moment| *moment > 0.0)
    });
    agent.stop();
    let coverage = trial.check_packets(&log, |_, day| day.min(first + 7));
    let days: Vec<i64> = (0..=9).map(|n| first + n).collect();
    assert_days(&coverage, &days);
    assert_noted(&coverage, first + 7, &["count here"]);
    for (number, day) in coverage.iter().enumerate() {
        let what = format!("{}: {} s", day.date, day.observed_seconds);
        match number {
            0 => assert!((day.observed_seconds - 12 * HOUR).abs() <= 60, "{what}"),
            1..=7 => assert!((day.observed_seconds - DAY).abs() <= 1, "{what}"),
            // Nobody can tell which of the packets are theirs.
            _ => {
                assert_eq!(day.seen, 0, "{what}");
                assert!(day.observed_seconds <= 60, "{what}");
                assert!(
                    day.note.contains("last day whose end was known"),
                    "{}",
                    day.note
                );
            }
        }
    }
}

fn assert_days(coverage: &[Coverage], days: &[i64]) {
    let dates: Vec<&str> = coverage.iter().map(|row| row.date.as_str()).collect();
    let right: Vec<String> = days.iter().copied().map(calendar::date).collect();
    assert_eq!(dates, right);
}

/// The days at which Europe's clocks change, next spring and next autumn.
fn changes() -> [(i64, i64); 2] {
    let today = noon().as_secs() as i64 / DAY;
    [(3, 23), (10, 25)].map(|(month, hours)| (last_sunday(month, today + 3), hours * HOUR))
}

/// The midnight with which a day begins there.
fn midnight(day: i64) -> Duration {
    let morning = day * DAY;
    Duration::from_secs((morning - berlin(morning - 2 * HOUR)) as u64)
}

/// No agent runs from the day before to the day after the change.
pub(crate) fn days_of_23_and_25_hours() {
    for (change, length) in changes() {
        let trial = Trial::new("Europe/Berlin", berlin);
        let before = midnight(change) - Duration::from_secs(600);
        clock::set(before);
        let flow = trial.flow();
        let agent = trial.agent();
        let mut passed = Duration::ZERO;
        let (log, ()) = flow.during(|| {
            pass();
            agent.kill();
            let [wall, boot] = [clock::now(), clock::boot()];
            // Both sides of both midnights, and of the hour that is left out or comes twice.
            for moment in [
                midnight(change),
                midnight(change) + Duration::from_secs(2 * 3600),
                midnight(change + 1),
            ] {
                flow.set(moment - Duration::from_secs(3));
                thread::sleep(Duration::from_secs(6));
            }
            passed = (clock::now() - wall) - (clock::boot() - boot);
        });
        let mut agent = trial.agent_later(passed);
        agent.wait_until("what was left is durable", |metrics| {
            metrics
                .sum("talot_seen_packets_total", &[])
                .is_some_and(|seen| seen > 0)
        });
        thread::sleep(Duration::from_secs(2));
        agent.stop();
        check_change(&trial, &log, change, length);
    }
}

fn check_change(trial: &Trial, log: &Log, change: i64, length: i64) {
    let coverage = trial.check_packets(log, own_day);
    assert_days(&coverage, &[change - 1, change, change + 1]);
    let day = &coverage[1];
    assert_eq!(day.expected_seconds, length);
    assert!(
        (day.observed_seconds - length).abs() <= 1,
        "{}",
        day.observed_seconds
    );
    assert_eq!(
        coverage.iter().map(|it| it.expected_seconds).sum::<i64>(),
        2 * DAY + length
    );
}

/// An agent runs while the midnights before and after the change pass.
pub(crate) fn midnights_of_23_and_25_hours() {
    for (change, length) in changes() {
        let trial = Trial::new("Europe/Berlin", berlin);
        clock::set(midnight(change) - Duration::from_secs(20));
        let flow = trial.flow();
        let agent = trial.agent();
        let (log, ()) = flow.during(|| {
            for midnight in [midnight(change), midnight(change + 1)] {
                flow.set(midnight - Duration::from_secs(4));
                thread::sleep(Duration::from_secs(8));
            }
        });
        agent.stop();
        let coverage = trial.check(&log, own_day);
        assert_days(&coverage, &[change - 1, change, change + 1]);
        assert_eq!(coverage[1].expected_seconds, length);
    }
}
