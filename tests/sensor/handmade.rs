//! Packets that the test builds itself, against what was sent.

use talot_tests::{
    agent::{Agent, Home},
    cases, identity,
    lab::Lab,
    random::Random,
    rows::{Dispositions, Rows},
    send::Sender,
};

use crate::common::{OFTEN, assert_recorded, dark};

/// At a dark point, and at a live one whose host stays silent, by either way to attach.
fn counts(configuration: &str, mode: &str) {
    let mut random = Random::new();
    let mut cases = cases::all();
    random.shuffle(&mut cases);
    let (mut rows, mut dispositions, mut frames) = (Rows::new(), Dispositions::new(), Vec::new());
    for case in cases {
        let count = random.below(5) as u32 + 1;
        *dispositions.entry(case.disposition.to_owned()).or_insert(0) += i64::from(count);
        if let Some(key) = case.key {
            *rows.entry(key).or_insert(0) += i64::from(count);
        }
        frames.push((case.frame, count));
    }

    let lab = Lab::quiet();
    let home = Home::new(&format!("{configuration}{OFTEN}"));
    let mut agent = Agent::start(&lab.sensor, &home);
    Sender::open(&lab).send_counted(&frames);
    let sent: i64 = dispositions.values().sum();
    agent.wait_until("all packets are seen", |metrics| {
        metrics.sum("talot_seen_packets_total", &[]) == Some(sent)
    });
    identity::check_metrics(&agent.metrics());
    agent.stop();

    let coverage = assert_recorded(&home, &rows, &dispositions);
    assert_eq!(
        (coverage.mode.as_str(), coverage.verdict.as_str()),
        (mode, "pass")
    );
    assert_eq!(coverage.definition, 1);
    assert_eq!((coverage.overflow, coverage.missed), (0, 0));
}

#[test]
fn at_a_dark_point() {
    counts(&dark(), "dark");
}

#[test]
fn at_a_dark_point_by_the_network_stack() {
    counts(&format!("{}xdp = \"generic\"\n", dark()), "dark");
}

#[test]
fn at_a_live_point() {
    counts(&dark().replace("dark\"", "live\""), "live");
}
