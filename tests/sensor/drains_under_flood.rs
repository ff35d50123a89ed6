//! Drains while packets pour in from both CPUs: nothing is lost, nothing is doubled.

use std::{
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use talot_tests::{
    agent::{Agent, Home},
    identity,
    lab::Lab,
    packet::{Ends, flag, frame, many_v4, many_v6, protocol, tcp},
    process::pin_to_cpu,
    rows::{Key, Rows},
    send::Sender,
};

use crate::common::{alone, assert_nothing_but, dark};

/// Different frames of each CPU.
const KINDS: u32 = 1000;

/// The frames of one CPU, and what each is counted as. Some keys are common to all CPUs.
fn frames(cpu: u32) -> Vec<(Vec<u8>, Key)> {
    let frame_of = |n: u32| {
        let number = if n.is_multiple_of(5) {
            n
        } else {
            n + cpu * KINDS
        };
        let port = 1 + (n % 7) as u16;
        let ends = if n.is_multiple_of(2) {
            Ends::new(&many_v4(number).to_string(), "198.51.100.1")
        } else {
            Ends::new(&many_v6(number.into()).to_string(), "2001:db8:51::1")
        };
        let key = Key::new("access", protocol::TCP, Some(port), false, ends.source);
        (frame(&tcp(ends, 1, port, flag::SYN)), key)
    };
    (0..KINDS).map(frame_of).collect()
}

#[test]
fn every_key_is_exact() {
    let _alone = alone();
    let lasts = Duration::from_secs(60);
    let lab = Lab::quiet();
    // One drain after the other, without a pause.
    let drains = "[drain]\ninterval = \"1ms\"\n[kernel]\nkeys = 65_536\nkeys6 = 16_384\n";
    let home = Home::new(&format!("{}{drains}", dark()));
    let mut agent = Agent::start(&lab.sensor, &home);

    let cpus = thread::available_parallelism().map_or(2, |cpus| cpus.get().min(4)) as u32;
    let start = Barrier::new(cpus as usize);
    let flood = |cpu: u32| {
        let (sender, frames) = (Sender::open(&lab), frames(cpu));
        let bytes: Vec<&[u8]> = frames.iter().map(|(frame, _)| frame.as_slice()).collect();
        pin_to_cpu(cpu as usize);
        start.wait();
        let until = Instant::now() + lasts;
        let mut rounds = 0;
        while Instant::now() < until {
            sender.send(&bytes);
            rounds += 1;
        }
        frames
            .into_iter()
            .map(|(_, key)| (key, rounds))
            .collect::<Vec<_>>()
    };
    let sent: Vec<(Key, i64)> = thread::scope(|scope| {
        let flood = &flood;
        let floods: Vec<_> = (0..cpus)
            .map(|cpu| scope.spawn(move || flood(cpu)))
            .collect();
        let mut exported = 0;
        while !floods.iter().all(thread::ScopedJoinHandle::is_finished) {
            exported = look_on(&agent, &home, exported);
            thread::sleep(Duration::from_millis(300));
        }
        let counts = floods.into_iter();
        counts
            .flat_map(|flood| flood.join().expect("a flood"))
            .collect()
    });
    let mut rows = Rows::new();
    for (key, packets) in sent {
        *rows.entry(key).or_insert(0) += packets;
    }
    let total: i64 = rows.values().sum();
    println!("{total} packets in {lasts:?}");
    Sender::open(&lab).assert_nothing_lost();

    agent.wait_until("all packets are drained", |metrics| {
        metrics.sum("talot_seen_packets_total", &[]) == Some(total)
    });
    let metrics = agent.metrics();
    identity::check_metrics(&metrics);
    let drains = metrics.sum("talot_drain_duration_seconds_count", &[]);
    println!("{drains:?} drains");
    assert!(drains > Some(100), "{drains:?} drains");
    agent.stop();
    let coverage = assert_nothing_but(&home, &rows);
    assert_eq!((coverage.overflow, coverage.missed), (0, 0));
}

/// What others read meanwhile is whole at every moment, and never falls.
fn look_on(agent: &Agent<'_>, home: &Home, exported: i64) -> i64 {
    let metrics = agent.metrics();
    identity::check_metrics(&metrics);
    let accesses = metrics.sum("talot_packets_total", &[("disposition", "access")]);
    assert_eq!(metrics.sum("talot_accesses_total", &[]), accesses);
    let packets = home.ports().iter().map(|port| port.packets).sum();
    assert!(
        packets >= exported,
        "{packets} packets, before it were {exported}"
    );
    packets
}
