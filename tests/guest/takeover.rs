//! Before Linux 6.6 a TC program has no link that could be pinned: the next agent finds the filter by
//! its priority and handle.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Duration,
};

use talot_tests::{
    agent::{Agent, Home, ask},
    identity,
    lab::{INTERFACE, Lab},
    packet::{Ends, flag, frame, tcp},
    send::Sender,
    shell::{run, text},
};

/// A filter at egress as `tc` shows it.
#[derive(Debug, PartialEq, Eq)]
struct Filter {
    priority: i64,
    handle: String,
    program: i64,
}

fn filters(lab: &Lab) -> Vec<Filter> {
    let mut tc = lab.sensor.command("tc");
    let said = run(tc.args(["-json", "filter", "show", "dev", INTERFACE, "egress"]));
    let said: serde_json::Value = serde_json::from_slice(&said.stdout).expect("tc writes JSON");
    let entries = said.as_array().expect("a list").iter();
    let filters = entries.filter(|entry| entry["options"]["prog"].is_object());
    filters
        .map(|entry| Filter {
            priority: entry["pref"].as_i64().expect("a priority"),
            handle: entry["options"]["handle"].to_string(),
            program: entry["options"]["prog"]["id"].as_i64().expect("a number"),
        })
        .collect()
}

/// The host begins conversations and is answered while agents are killed: an instant without an egress
/// program, and an answer would be backscatter.
pub(crate) fn filter_replaced_in_place() {
    let lab = Lab::quiet();
    let home = Home::new(&format!(
        "[[point]]\nname = \"lab\"\ninterface = \"{INTERFACE}\"\nmode = \"live\"\n[kernel]\nkeys = \
         20_000\nkeys6 = 2000\n"
    ));
    let has_links = !filters_are_used();
    let over = AtomicBool::new(false);
    let begun = AtomicU64::new(0);
    let mut seen = Vec::new();
    thread::scope(|scope| {
        let mut agent = Agent::start(&lab.sensor, &home);
        let over = Over(&over);
        let talk = scope.spawn(|| talk(&lab, over.0, &begun));
        for round in 0..4 {
            thread::sleep(Duration::from_secs(2));
            seen.push(filters(&lab));
            if round == 2 {
                agent.stop();
            } else {
                agent.kill();
            }
            thread::sleep(Duration::from_secs(1));
            agent = if round == 1 {
                Agent::start_and_keep(&lab.sensor, &home)
            } else {
                Agent::start(&lab.sensor, &home)
            };
        }
        thread::sleep(Duration::from_secs(2));
        agent.kill();
        drop(over);
        talk.join().expect("the conversations");
    });
    let detached = ask(&lab.sensor, &home, &["detach"]);
    assert!(detached.status.success(), "{}", text(&detached.stderr));
    assert_eq!(filters(&lab), [], "detach removes the filter");
    if !has_links {
        for pair in seen.windows(2) {
            let [[before], [after]] = [&pair[0][..], &pair[1][..]] else {
                panic!("not one filter at a time: {seen:?}");
            };
            assert_eq!(
                (before.priority, &before.handle),
                (after.priority, &after.handle)
            );
            assert_ne!(before.program, after.program);
        }
    }
    let coverage = home.coverage();
    identity::check(&home.sources(), &home.ports(), &coverage);
    let [day] = &coverage[..] else {
        panic!("one day: {coverage:?}")
    };
    println!(
        "  {} conversations, filters {seen:?}; {}",
        begun.load(Ordering::Relaxed),
        day.note
    );
    let answers = begun.load(Ordering::Relaxed) as i64;
    assert_eq!((day.solicited, day.backscatter), (answers, 0));
    let left = std::fs::read_dir(home.pins()).into_iter().flatten().count();
    assert_eq!(left, 0, "detach removes the pins");
}

/// Whether this kernel is older than 6.6.
fn filters_are_used() -> bool {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("the release");
    let mut numbers = release.split('.').map(|part| part.parse().unwrap_or(0));
    let version: (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    version < (6, 6)
}

/// Conversations that the host begins, each answered once.
fn talk(lab: &Lab, over: &AtomicBool, begun: &AtomicU64) {
    let host = Sender::at_the_sensor(lab);
    let peer = Sender::open(lab);
    while !over.load(Ordering::Relaxed) {
        let number = begun.fetch_add(1, Ordering::Relaxed);
        let port = 1024 + (number % 60_000) as u16;
        let [here, there] = ["192.0.2.1", "203.0.113.9"];
        host.send_one(&frame(&tcp(Ends::new(here, there), port, 443, flag::SYN)));
        let answer = tcp(Ends::new(there, here), 443, port, flag::SYN | flag::ACK);
        peer.send_one(&frame(&answer));
        thread::sleep(Duration::from_millis(2));
    }
    talot_tests::send::settle();
    peer.assert_nothing_lost();
}

struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
