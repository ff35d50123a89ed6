//! Agents that are killed at any moment, again and again, under traffic and at midnight.

use std::{
    env,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, UNIX_EPOCH},
};

use talot_tests::{agent::Agent, lab::Lab, random::Random, traffic, tzif};

use crate::common::{Over, alone, dark, start_before_midnight};

/// Drains so often that half of all moments are within 50 ms of one.
const DRAINS: &str = "[drain]\ninterval = \"200ms\"\n";

#[test]
fn a_kill_at_any_moment_neither_loses_nor_doubles() {
    let _alone = alone();
    let long = env::var_os("TALOT_TEST_LONG").is_some();
    // Two sensors at a time; each round of each has a midnight of its own.
    let (rounds, kills) = if long { (50, 10) } else { (2, 10) };
    let mut random = Random::new();
    for round in 0..rounds {
        let seeds = [random.bits(), random.bits()];
        println!("round {round}: seeds {seeds:?}");
        thread::scope(|scope| {
            for seed in seeds {
                scope.spawn(move || trial(seed, kills));
            }
        });
    }
}

/// So many kills of agents of one data directory.
fn trial(seed: u64, kills: u32) {
    let mut random = Random::seeded(seed);
    let lab = Lab::quiet();
    let seconds = 6 + random.below(u64::from(kills)) as i64;
    let configuration = format!("{}{DRAINS}", dark());
    let (home, mut agent, midnight) = start_before_midnight(&lab.sensor, seconds, &configuration);
    let over = AtomicBool::new(false);
    let log = thread::scope(|scope| {
        let traffic = scope.spawn(|| traffic::send_until(&lab, midnight, &over));
        let _over = Over(&over);
        for _ in 0..kills {
            thread::sleep(until_kill(&mut random, midnight));
            let ended = agent.kill();
            assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
            assert!(!ended.stderr.contains("is off by"), "{}", ended.stderr);
            agent = Agent::launch(&lab.sensor, &home);
        }
        drop(agent);
        over.store(true, Ordering::Relaxed);
        traffic.join().expect("the traffic")
    });
    let mut agent = Agent::start(&lab.sensor, &home);
    if tzif::now() > midnight {
        agent.wait_until("the day is closed", |metrics| {
            let closed = metrics.values("talot_last_day_closed_timestamp_seconds", &[]);
            closed.iter().any(|moment| *moment > 0.0)
        });
    }
    agent.stop();
    let coverage = home.coverage();
    println!(
        "seed {seed}: {} packets in {} days",
        log.packets(),
        coverage.len()
    );
    log.check(&home.sources(), &home.ports(), &coverage);
    for day in &coverage {
        assert!(!day.note.contains("not observed"), "seed {seed}: {day:?}");
    }
}

/// Any moment from the start of an agent on; at midnight, within 50 ms of it.
fn until_kill(random: &mut Random, midnight: i64) -> Duration {
    let wait = Duration::from_millis(random.below(2500));
    let now = UNIX_EPOCH.elapsed().expect("a clock after 1970");
    let near = Duration::from_secs(midnight as u64) - Duration::from_millis(50)
        + Duration::from_millis(random.below(100));
    match near.checked_sub(now) {
        Some(ahead) if ahead < wait + Duration::from_secs(2) => ahead,
        _ => wait,
    }
}
