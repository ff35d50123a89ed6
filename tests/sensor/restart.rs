//! An agent that is stopped and started again on the same day goes on with its sums.

use std::{
    sync::atomic::{AtomicBool, AtomicI64, Ordering},
    thread,
    time::Duration,
};

use talot_tests::{
    agent::{Agent, Home},
    identity,
    lab::Lab,
    send::Sender,
};

use crate::common::{
    OFTEN, Over, alone, assert_nothing_but, dark, plus, some_syns, some_syns_rows,
};

#[test]
fn sums_continue() {
    let lab = Lab::quiet();
    // The drain interval is the default: what is counted comes by the last drain of each run.
    let home = Home::new(&dark());
    let sender = Sender::open(&lab);
    let once = plus(some_syns_rows(23, 100), &some_syns_rows(2323, 10));
    let mut rows = once.clone();
    for run in 1..=3 {
        let agent = Agent::start(&lab.sensor, &home);
        sender.send_counted(&some_syns(23, 100));
        sender.send_counted(&some_syns(2323, 10));
        agent.stop();
        // Nobody watches now.
        sender.send_counted(&some_syns(4444, 10));
        assert_nothing_but(&home, &rows);
        if run < 3 {
            rows = plus(rows, &once);
        }
    }
}

#[test]
fn asked_twice_to_end_it_still_drains_first() {
    let lab = Lab::quiet();
    let home = Home::new(&dark());
    let agent = Agent::start(&lab.sensor, &home);
    Sender::open(&lab).send_counted(&some_syns(23, 100));
    for signal in [libc::SIGINT, libc::SIGTERM] {
        // SAFETY: kill takes no pointers; the agent is a child that is not reaped yet.
        unsafe { libc::kill(agent.id() as i32, signal) };
    }
    agent.stop();
    assert_nothing_but(&home, &some_syns_rows(23, 100));
}

#[test]
fn a_stop_in_the_midst_of_a_flood_keeps_the_identity() {
    let _alone = alone();
    let lab = Lab::quiet();
    let home = Home::new(&format!("{}{OFTEN}", dark()));
    let (over, sent) = (AtomicBool::new(false), AtomicI64::new(0));
    let mut counted = 0;
    thread::scope(|scope| {
        scope.spawn(|| {
            let (sender, frames) = (Sender::open(&lab), some_syns(23, 200));
            let frames: Vec<&[u8]> = frames.iter().map(|(frame, _)| frame.as_slice()).collect();
            while !over.load(Ordering::Relaxed) {
                sender.send(&frames);
                sent.fetch_add(frames.len() as i64, Ordering::Relaxed);
            }
        });
        let _over = Over(&over);
        for _ in 0..3 {
            let agent = Agent::start(&lab.sensor, &home);
            thread::sleep(Duration::from_millis(700));
            agent.stop();
            let coverage = home.coverage();
            identity::check(&home.sources(), &home.ports(), &coverage);
            assert!(
                coverage[0].seen > counted,
                "{} after {counted}",
                coverage[0].seen
            );
            counted = coverage[0].seen;
        }
    });
    assert!(counted <= sent.load(Ordering::Relaxed));
}
