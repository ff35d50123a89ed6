//! One agent in the place of another, again and again, under load; layouts that an agent does not
//! know.

use std::{
    env, fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use talot_tests::{
    agent::{Agent, Home, program_with_failpoints},
    lab::Lab,
    require,
    send::Sender,
    traffic, tzif,
};

use crate::common::{
    OFTEN, Over, alone, assert_nothing_but, dark, plus, some_syns, some_syns_rows,
};

#[test]
fn programs_are_replaced_under_load_without_a_gap() {
    if !require::met(
        "upgrade",
        "a second build of the agent (cargo xtask test)",
        program_with_failpoints().is_some(),
    ) {
        return;
    }
    let _alone = alone();
    let times: u32 = if env::var_os("TALOT_TEST_LONG").is_some() {
        100
    } else {
        6
    };
    let lab = Lab::quiet();
    let midnight = tzif::now() + 10;
    let home = Home::with_midnight(midnight, &format!("{}{OFTEN}", dark()));
    let over = AtomicBool::new(false);
    let log = thread::scope(|scope| {
        // Two builds of the agent, with two programs.
        let start = |number: u32| {
            if number.is_multiple_of(2) {
                return Agent::start_and_keep(&lab.sensor, &home);
            }
            let mut agent = Agent::launch_with_faults(&lab.sensor, &home, "");
            agent.wait_until_it_watches();
            agent
        };
        let mut agent = start(0);
        let traffic = scope.spawn(|| traffic::send_until(&lab, midnight, &over));
        let _over = Over(&over);
        for number in 1..=times {
            thread::sleep(Duration::from_millis(300));
            if number.is_multiple_of(2) {
                agent.kill();
            } else {
                agent.stop();
            }
            thread::sleep(Duration::from_millis(200));
            agent = start(number);
        }
        over.store(true, Ordering::Relaxed);
        let log = traffic.join().expect("the traffic");
        agent.kill();
        log
    });
    Agent::start(&lab.sensor, &home).stop();
    let coverage = home.coverage();
    println!("{} packets, {times} replacements", log.packets());
    log.check(&home.sources(), &home.ports(), &coverage);
    for day in &coverage {
        assert!(!day.note.contains("not observed"), "{day:?}");
    }
}

#[test]
fn counts_in_an_unknown_layout_are_left_for_the_agent_that_knows_it() {
    let lab = Lab::quiet();
    let home = Home::new(&dark());
    let agent = Agent::start(&lab.sensor, &home);
    Sender::open(&lab).send_counted(&some_syns(23, 100));
    agent.kill();
    // As if an agent with another layout had made them.
    let layouts = ["v1", "v7"].map(|name| home.pins().join(name));
    fs::rename(&layouts[0], &layouts[1]).expect("the pins can be renamed");
    for _ in 0..2 {
        let refused = Agent::launch(&lab.sensor, &home).end();
        assert_eq!(refused.status.code(), Some(1), "{}", refused.stderr);
        for words in ["layout 7", "talot-agent detach", "Nothing is lost"] {
            assert!(refused.stderr.contains(words), "{}", refused.stderr);
        }
        Sender::open(&lab).send_counted(&some_syns(23, 100));
    }
    // What the refused agents have made there is empty.
    let _ = fs::remove_dir(&layouts[0]);
    fs::rename(&layouts[1], &layouts[0]).expect("the pins can be renamed");
    Agent::start(&lab.sensor, &home).stop();
    let once = some_syns_rows(23, 100);
    assert_nothing_but(&home, &plus(plus(once.clone(), &once), &once));
}
