//! Agents that stand still, interfaces that come and go, limits that are too low, tables that are
//! too small.

use std::{
    env, fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use talot_tests::{
    agent::{Agent, Home},
    foreign::{Mode, Program},
    identity,
    lab::{INTERFACE, Lab, Options},
    link,
    metrics::Metrics,
    packet::{Ends, flag, frame, many_v4, tcp},
    rows::Rows,
    send::Sender,
    traffic, tzif,
};

use crate::{
    common::{OFTEN, Over, alone, assert_nothing_but, dark, plus, some_syns, some_syns_rows},
    takeover::seconds_of,
};

/// How soon an interface is watched again that is back.
const SOON: Duration = Duration::from_secs(5);

fn attached(metrics: &Metrics) -> Option<i64> {
    metrics.sum("talot_attached", &[])
}

/// Waits until the number of attached points is this; gives how long that took.
fn wait_attached(agent: &mut Agent<'_>, points: i64) -> Duration {
    let began = Instant::now();
    agent.wait_until("the change is noticed", |metrics| {
        attached(metrics) == Some(points)
    });
    began.elapsed()
}

#[test]
fn an_agent_that_stands_still_loses_nothing() {
    let _alone = alone();
    let seconds: &[u64] = if env::var_os("TALOT_TEST_LONG").is_some() {
        &[1, 10, 60]
    } else {
        &[1, 5]
    };
    let lab = Lab::quiet();
    let midnight = tzif::now() + 7;
    let home = Home::with_midnight(midnight, &format!("{}{OFTEN}", dark()));
    let agent = Agent::start(&lab.sensor, &home);
    let over = AtomicBool::new(false);
    let log = thread::scope(|scope| {
        let traffic = scope.spawn(|| traffic::send_until(&lab, midnight, &over));
        let _over = Over(&over);
        for still in seconds {
            thread::sleep(Duration::from_millis(1100));
            agent.signal(libc::SIGSTOP);
            thread::sleep(Duration::from_secs(*still));
            agent.signal(libc::SIGCONT);
        }
        thread::sleep(Duration::from_secs(2));
        over.store(true, Ordering::Relaxed);
        traffic.join().expect("the traffic")
    });
    agent.stop();
    log.check(&home.sources(), &home.ports(), &home.coverage());
}

#[test]
fn an_interface_that_is_down_is_a_gap_with_its_reason() {
    let lab = Lab::quiet();
    let home = Home::new(&format!("{}{OFTEN}", dark()));
    let agent = Agent::start(&lab.sensor, &home);
    let sender = Sender::open(&lab);
    sender.send_counted(&some_syns(23, 60));
    lab.sensor.ip(&format!("link set {INTERFACE} down"));
    thread::sleep(Duration::from_secs(3));
    lab.sensor.ip(&format!("link set {INTERFACE} up"));
    thread::sleep(Duration::from_millis(1500));
    // A dark prefix routed to the sensor is sent to its own MAC address; no route is needed.
    sender.send_counted(&some_syns(23, 60));
    agent.stop();
    let rows = plus(some_syns_rows(23, 60), &some_syns_rows(23, 60));
    let coverage = assert_nothing_but(&home, &rows);
    let down = seconds_of(&coverage.note, "interface down");
    assert!((2..=5).contains(&down), "{}", coverage.note);
}

#[test]
fn interfaces_that_come_and_go_are_attached_to_within_seconds() {
    let lab = Lab::quiet();
    let home = Home::new(&format!("{}{OFTEN}", dark()));
    let mut agent = Agent::start(&lab.sensor, &home);
    let mut rows = Rows::new();
    let mut send = |agent: &mut Agent<'_>| {
        let took = wait_attached(agent, 1);
        assert!(took < SOON, "attached again after {took:?}");
        Sender::open(&lab).send_counted(&some_syns(23, 20));
        rows = plus(std::mem::take(&mut rows), &some_syns_rows(23, 20));
    };
    send(&mut agent);
    // Deleted and made again.
    lab.sensor.ip(&format!("link del {INTERFACE}"));
    wait_attached(&mut agent, 0);
    thread::sleep(Duration::from_secs(1));
    lab.lay_cable(&Options::quiet());
    send(&mut agent);
    // Renamed, and back.
    lab.sensor.ip(&format!("link set {INTERFACE} down"));
    lab.sensor.ip(&format!("link set {INTERFACE} name other0"));
    wait_attached(&mut agent, 0);
    lab.sensor.ip(&format!("link set other0 name {INTERFACE}"));
    lab.sensor.ip(&format!("link set {INTERFACE} up"));
    send(&mut agent);
    // Another MTU.
    lab.sensor.ip(&format!("link set {INTERFACE} mtu 3000"));
    thread::sleep(Duration::from_secs(2));
    send(&mut agent);
    // Its program is taken off.
    link::detach(&pin(&home, "xdp-"));
    thread::sleep(SOON);
    send(&mut agent);
    agent.stop();
    let coverage = assert_nothing_but(&home, &rows);
    assert!(
        coverage.note.contains("interface gone"),
        "{}",
        coverage.note
    );
}

/// The pin of a link of this home's agent.
fn pin(home: &Home, kind: &str) -> std::path::PathBuf {
    let entries = fs::read_dir(home.pins().join("links")).expect("the links");
    let mut paths = entries.map(|entry| entry.expect("a link").path());
    let is_it = |path: &std::path::PathBuf| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(kind))
    };
    paths.find(is_it).expect("a link of this kind")
}

#[test]
fn a_program_of_somebody_else_is_waited_for() {
    let lab = Lab::quiet();
    let home = Home::new(&format!("{}{OFTEN}", dark()));
    let mut agent = Agent::start(&lab.sensor, &home);
    Sender::open(&lab).send_counted(&some_syns(23, 20));
    link::detach(&pin(&home, "xdp-"));
    let program = Program::attach(&lab.sensor, Mode::Native);
    agent.wait_for_words(&["another XDP program is attached"]);
    thread::sleep(Duration::from_secs(1));
    drop(program);
    let took = wait_attached(&mut agent, 1);
    assert!(took < SOON, "attached again after {took:?}");
    Sender::open(&lab).send_counted(&some_syns(23, 20));
    agent.stop();
    let rows = plus(some_syns_rows(23, 20), &some_syns_rows(23, 20));
    let note = assert_nothing_but(&home, &rows).note;
    assert!(seconds_of(&note, "detached") > 0, "{note}");
}

#[test]
fn limits_that_are_too_low_are_said_and_cost_nothing() {
    let lab = Lab::quiet();
    let home = Home::new(&dark());
    let agent = Agent::start(&lab.sensor, &home);
    Sender::open(&lab).send_counted(&some_syns(23, 100));
    agent.kill();
    Sender::open(&lab).send_counted(&some_syns(23, 100));
    for limit in ["--nofile=8", "--nofile=24", "--as=200000000", "--nproc=1"] {
        let by = ["prlimit", limit, "--"];
        let mut agent = Agent::launch_by(&lab.sensor, &by, &home, &[]);
        thread::sleep(Duration::from_secs(3));
        if agent.runs() {
            agent.kill();
            continue;
        }
        let ended = agent.end();
        assert!(!ended.status.success(), "{limit}: {}", ended.stderr);
        assert!(
            !ended.stderr.contains("panicked"),
            "{limit}: {}",
            ended.stderr
        );
        println!(
            "{limit}: {}",
            ended.stderr.lines().last().unwrap_or_default()
        );
    }
    Agent::start(&lab.sensor, &home).stop();
    let rows = plus(some_syns_rows(23, 100), &some_syns_rows(23, 100));
    assert_nothing_but(&home, &rows);
}

#[test]
fn a_table_with_more_sources_than_room_loses_no_packet() {
    let _alone = alone();
    const KEYS: u32 = 2048;
    for (what, sources) in [("+1", KEYS + 1), ("× 2", 2 * KEYS), ("× 10", 10 * KEYS)] {
        let lab = Lab::quiet();
        let home = Home::new(&format!(
            "{}[drain]\ninterval = \"1h\"\n[kernel]\nkeys = {KEYS}\nkeys6 = 64\n",
            dark()
        ));
        let agent = Agent::start(&lab.sensor, &home);
        let frames: Vec<(Vec<u8>, u32)> = (0..sources)
            .map(|n| {
                let ends = Ends::new(&many_v4(n).to_string(), "198.51.100.1");
                (frame(&tcp(ends, 1, 23, flag::SYN)), 2)
            })
            .collect();
        Sender::open(&lab).send_counted(&frames);
        agent.stop();
        let (rows, ports, coverage) = (home.sources(), home.ports(), home.coverage());
        identity::check(&rows, &ports, &coverage);
        let [day] = &coverage[..] else {
            panic!("{coverage:?}");
        };
        assert_eq!(day.access, i64::from(2 * sources), "capacity {what}");
        // Each CPU has a table of its own, and the agent is woken before they are full.
        println!(
            "capacity {what}: {} sources of {sources}, overflow {}",
            rows.len(),
            day.overflow
        );
        assert!(rows.len() as u32 <= sources);
    }
}
