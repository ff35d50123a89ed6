//! Agents that are killed, or leave the kernel counting: the next goes on, and no packet is lost or
//! counted twice.

use std::{collections::BTreeMap, fs, process::Output, thread, time::Duration};

use talot_agent::{
    clock::Moment,
    journal::{Journal, Mark},
};
use talot_tests::{
    agent::{Agent, Home, ask},
    foreign,
    lab::{INTERFACE, Lab, Options},
    packet::{Ends, flag, frame, protocol, tcp},
    rows::{Key, Rows},
    send::Sender,
    shell::text,
    tzif,
};

use crate::common::{
    OFTEN, POINT, assert_nothing_but, dark, live, plus, some_syns, some_syns_rows,
    start_before_midnight,
};

/// What is pinned for an agent.
fn pinned(home: &Home) -> Vec<String> {
    let entries = fs::read_dir(home.pins()).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().into_string().expect("a name in UTF-8"))
        .collect();
    names.sort();
    names
}

fn said(output: &Output) -> String {
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_killed_agent_leaves_the_kernel_counting() {
    let lab = Lab::quiet();
    let home = Home::new(&dark());
    let sender = Sender::open(&lab);
    let once = some_syns_rows(23, 100);
    let mut rows = Rows::new();
    for _ in 0..3 {
        let agent = Agent::start(&lab.sensor, &home);
        sender.send_counted(&some_syns(23, 100));
        agent.kill();
        sender.send_counted(&some_syns(2323, 10));
        rows = plus(rows, &once);
        rows = plus(rows, &some_syns_rows(2323, 10));
    }
    let waiting = ask(&lab.sensor, &home, &["status"]);
    assert!(!waiting.status.success());
    assert!(said(&waiting).contains("point lab: "), "{}", said(&waiting));
    Agent::start(&lab.sensor, &home).stop();
    let coverage = assert_nothing_but(&home, &rows);
    assert!(!coverage.note.contains("not observed"), "{}", coverage.note);
    assert_eq!(pinned(&home), [""; 0], "a stop removes everything");
}

#[test]
fn another_pin_dir_does_not_strand_what_is_pinned() {
    let lab = Lab::quiet();
    let home = Home::new(&dark());
    let agent = Agent::start(&lab.sensor, &home);
    Sender::open(&lab).send_counted(&some_syns(23, 100));
    agent.kill();
    Sender::open(&lab).send_counted(&some_syns(23, 100));
    let configuration = fs::read_to_string(home.configuration()).expect("the configuration");
    let pins = home.pins().to_str().expect("a path in UTF-8").to_owned();
    let other = format!("{pins}-other");
    fs::write(home.configuration(), configuration.replace(&pins, &other)).expect("a file");
    let refused = Agent::launch(&lab.sensor, &home).end();
    assert_eq!(refused.status.code(), Some(1), "{}", refused.stderr);
    let answers = [["detach"], ["status"]].map(|words| said(&ask(&lab.sensor, &home, &words)));
    for answer in answers.iter().chain([&refused.stderr]) {
        assert!(
            answer.contains(&format!("are pinned in {pins}, where")),
            "{answer}"
        );
    }
    fs::write(home.configuration(), configuration).expect("a file");
    Agent::start(&lab.sensor, &home).stop();
    let once = some_syns_rows(23, 100);
    assert_nothing_but(&home, &plus(once.clone(), &once));
}

#[test]
fn counts_without_an_owner_are_refused_and_not_dropped() {
    let lab = Lab::quiet();
    let home = Home::new(&dark());
    let agent = Agent::start(&lab.sensor, &home);
    Sender::open(&lab).send_counted(&some_syns(23, 100));
    agent.kill();
    let layout = home.pins().join("v1");
    let instance = fs::read_dir(&layout).expect("a folder").next();
    let instance = instance.expect("an instance").expect("its entry").path();
    let [owner, elsewhere] = [instance.join("owner"), home.pins().join("elsewhere")];
    fs::rename(&owner, &elsewhere).expect("the pin can be moved");
    for _ in 0..2 {
        let refused = Agent::launch(&lab.sensor, &home).end();
        assert_eq!(refused.status.code(), Some(1), "{}", refused.stderr);
        let name = instance.to_str().expect("a path in UTF-8");
        for words in [name, "`owner`", "detach --force"] {
            assert!(refused.stderr.contains(words), "{}", refused.stderr);
        }
        for words in [["detach"], ["status"]] {
            let refused = ask(&lab.sensor, &home, &words);
            assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
            assert!(said(&refused).contains("`owner`"), "{}", said(&refused));
        }
        Sender::open(&lab).send_counted(&some_syns(23, 100));
    }
    fs::rename(&elsewhere, &owner).expect("the pin can be moved back");
    // Nor is an instance that nobody has put anything into.
    fs::create_dir(layout.join("fedcba9876543210".repeat(2))).expect("a folder");
    // What an agent that was killed has left unfinished is in nobody's way.
    let unfinished = layout.join(format!("unfinished-{}", "0123456789abcdef".repeat(2)));
    fs::create_dir(unfinished).expect("a folder");
    Agent::start(&lab.sensor, &home).stop();
    let once = some_syns_rows(23, 100);
    assert_nothing_but(&home, &plus(plus(once.clone(), &once), &once));
    assert_eq!(pinned(&home), [""; 0], "a stop removes everything");
}

#[test]
fn an_agent_that_keeps_is_followed_by_one_that_does_not() {
    let lab = Lab::quiet();
    let home = Home::new(&format!("{}{OFTEN}", dark()));
    let sender = Sender::open(&lab);
    for _ in 0..2 {
        let agent = Agent::start_and_keep(&lab.sensor, &home);
        sender.send_counted(&some_syns(23, 20));
        let ended = agent.stop();
        assert!(
            ended.stdout.contains("goes on counting"),
            "{}",
            ended.stdout
        );
        sender.send_counted(&some_syns(23, 20));
    }
    let agent = Agent::start(&lab.sensor, &home);
    sender.send_counted(&some_syns(23, 20));
    agent.stop();
    // Nobody watches now.
    sender.send_counted(&some_syns(23, 20));
    let rows = (0..5).fold(Rows::new(), |rows, _| plus(rows, &some_syns_rows(23, 20)));
    assert_nothing_but(&home, &rows);
}

#[test]
fn detach_makes_durable_what_a_killed_agent_has_left() {
    let lab = Lab::quiet();
    let home = Home::new(&dark());
    let sender = Sender::open(&lab);
    let agent = Agent::start(&lab.sensor, &home);
    let running = ask(&lab.sensor, &home, &["detach"]);
    assert!(!running.status.success(), "an agent is at work");
    assert!(
        said(&running).contains("in use by another"),
        "{}",
        said(&running)
    );
    sender.send_counted(&some_syns(23, 100));
    agent.kill();
    sender.send_counted(&some_syns(23, 100));
    let detached = ask(&lab.sensor, &home, &["detach"]);
    assert!(detached.status.success(), "{}", said(&detached));
    let rows = plus(some_syns_rows(23, 100), &some_syns_rows(23, 100));
    assert_nothing_but(&home, &rows);
    assert_eq!(pinned(&home), [""; 0]);
    // Nobody watches now.
    sender.send_counted(&some_syns(23, 100));
    let again = ask(&lab.sensor, &home, &["detach"]);
    assert!(
        said(&again).contains("nothing is pinned"),
        "{}",
        said(&again)
    );
    assert_nothing_but(&home, &rows);
}

#[test]
fn another_configuration_gets_its_own_maps_and_loses_nothing() {
    let lab = Lab::quiet();
    let point = |name: &str, prefix: &str| {
        format!(
            "[[point]]\nname = \"{name}\"\ninterface = \"{INTERFACE}\"\nmode = \"dark\"\n\
             addresses = [\"{prefix}\"]\n"
        )
    };
    let [a, b] = [
        point("a", "198.51.100.0/25"),
        point("b", "198.51.100.128/25"),
    ];
    let configurations = [
        format!("{a}{b}"),
        format!("{b}{a}[kernel]\nkeys = 5000\n"),
        format!("{b}[kernel]\nkeys = 5000\n"),
        format!("{a}{b}[kernel]\nkeys6 = 3000\n"),
    ];
    let home = Home::new(&configurations[0]);
    let sender = Sender::open(&lab);
    let syn = |to: &str, source: u8| {
        let ends = Ends::new(&format!("203.0.113.{source}"), to);
        (frame(&tcp(ends, 1, 23, flag::SYN)), 1)
    };
    let to = |address: &str| (0..50).map(|n| syn(address, n)).collect::<Vec<_>>();
    let mut sent = [0, 0];
    for (number, configuration) in configurations.iter().enumerate() {
        home.configure(configuration);
        let agent = Agent::start(&lab.sensor, &home);
        for _ in 0..2 {
            sender.send_counted(&to("198.51.100.1"));
            sender.send_counted(&to("198.51.100.200"));
        }
        // The third watches b alone.
        sent = [sent[0] + if number == 2 { 0 } else { 100 }, sent[1] + 100];
        agent.kill();
        // The kernel goes on by the configuration of the one that was killed.
        sender.send_counted(&to("198.51.100.200"));
        sent[1] += 50;
    }
    home.configure(&configurations[0]);
    Agent::start(&lab.sensor, &home).stop();
    let counted = ["a", "b"].map(|name| {
        let rows = home.sources();
        let rows = rows.iter().filter(|row| row.point == name);
        rows.map(|row| row.packets).sum::<i64>()
    });
    assert_eq!(counted, sent);
}

#[test]
fn pins_of_others_are_refused_by_name() {
    let lab = Lab::quiet();
    let home = Home::new(&dark());
    let agent = Agent::start_and_keep(&lab.sensor, &home);
    // Of another data directory, while the first is at work and after.
    let other = Home::new(&format!(
        "{}[metrics]\nlisten = \"127.0.0.1:9465\"\n",
        dark()
    ));
    let text = fs::read_to_string(other.configuration()).expect("the configuration");
    let [own, theirs] = [&other, &home].map(|home| home.pins().display().to_string());
    other.configure_exactly(&text.replace(&own, &theirs));
    let refused = |home: &Home, lab: &Lab, words: &[&str]| {
        let ended = Agent::launch(&lab.sensor, home).end();
        assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
        for word in words {
            assert!(ended.stderr.contains(word), "{word}: {}", ended.stderr);
        }
    };
    let data = home.data().display().to_string();
    refused(&other, &lab, &["at work with the pins", &data]);
    agent.stop();
    refused(
        &other,
        &lab,
        &["belong to the data directory", &data, "detach"],
    );
    // Of another network namespace, where they still count.
    let elsewhere = Lab::quiet();
    refused(&home, &elsewhere, &["another network namespace"]);
    // A second agent with everything of its own finds the interface taken.
    other.configure_exactly(&text);
    refused(&other, &lab, &["another XDP program is attached"]);
    Agent::start(&lab.sensor, &home).stop();
}

#[test]
fn pins_of_a_namespace_that_is_gone_are_this_data_directorys() {
    let home = Home::new(&dark());
    {
        let lab = Lab::quiet();
        let agent = Agent::start(&lab.sensor, &home);
        Sender::open(&lab).send_counted(&some_syns(23, 100));
        agent.kill();
        Sender::open(&lab).send_counted(&some_syns(23, 100));
    }
    // The kernel removes a namespace's interfaces a moment after its last user has gone.
    thread::sleep(Duration::from_secs(1));
    let lab = Lab::quiet();
    Agent::start(&lab.sensor, &home).stop();
    assert_nothing_but(
        &home,
        &plus(some_syns_rows(23, 100), &some_syns_rows(23, 100)),
    );
}

#[test]
fn an_interface_that_goes_while_no_agent_runs_is_attached_to_again() {
    let lab = Lab::quiet();
    let home = Home::new(&dark());
    let agent = Agent::start(&lab.sensor, &home);
    Sender::open(&lab).send_counted(&some_syns(23, 50));
    agent.kill();
    Sender::open(&lab).send_counted(&some_syns(23, 50));
    lab.sensor.ip(&format!("link del {INTERFACE}"));
    lab.lay_cable(&Options::quiet());
    Sender::open(&lab).send_counted(&some_syns(2323, 50));
    thread::sleep(Duration::from_secs(1));
    let agent = Agent::start(&lab.sensor, &home);
    Sender::open(&lab).send_counted(&some_syns(23, 50));
    agent.stop();
    let rows = (0..3).fold(Rows::new(), |rows, _| plus(rows, &some_syns_rows(23, 50)));
    let coverage = assert_nothing_but(&home, &rows);
    assert!(
        coverage.note.contains("not observed: detached"),
        "{}",
        coverage.note
    );
}

/// Starts an agent that believes in another boot of the machine.
fn after_a_reboot<'lab>(lab: &'lab Lab, home: &Home) -> Agent<'lab> {
    let boot = home.folder().join("boot");
    fs::write(&boot, "00000000-0000-4000-8000-000000000000\n").expect("a boot id");
    let script = format!(
        "mount --bind {} /proc/sys/kernel/random/boot_id && exec \"$@\"",
        boot.display()
    );
    let by = ["unshare", "--mount", "sh", "-c", &script, "sh"];
    Agent::launch_by(&lab.sensor, &by, home, &[])
}

#[test]
fn a_reboot_is_a_gap_with_its_reason() {
    let lab = Lab::quiet();
    let home = Home::new(&format!("{}{OFTEN}", dark()));
    let mut agent = Agent::start(&lab.sensor, &home);
    Sender::open(&lab).send_counted(&some_syns(23, 50));
    agent.wait_until("it is drained", |metrics| {
        metrics.sum("talot_seen_packets_total", &[])
            == Some(some_syns_rows(23, 50).values().sum::<i64>())
    });
    agent.kill();
    let refused = after_a_reboot(&lab, &home).end();
    assert!(
        refused.stderr.contains("another boot"),
        "{}",
        refused.stderr
    );
    // A real reboot leaves no pins.
    fs::remove_dir_all(home.pins()).expect("the pins");
    thread::sleep(Duration::from_secs(2));
    let mut agent = after_a_reboot(&lab, &home);
    agent.wait_until("it watches", |metrics| {
        metrics.sum("talot_attached", &[]) == Some(1)
    });
    Sender::open(&lab).send_counted(&some_syns(23, 50));
    agent.stop();
    let rows = plus(some_syns_rows(23, 50), &some_syns_rows(23, 50));
    let note = assert_nothing_but(&home, &rows).note;
    for words in [
        "not observed: reboot",
        "the machine was restarted: of what arrived after",
    ] {
        assert!(note.contains(words), "{note}");
    }
}

#[test]
fn days_without_an_agent_have_their_coverage() {
    let lab = Lab::quiet();
    let home = Home::new(&dark());
    // As an agent has left it that was stopped on the evening of three days ago.
    let now = Moment::now().expect("the clocks");
    let mark = Mark {
        instance: "another".into(),
        epoch: 7,
        boot: "another".into(),
        at: Moment {
            wall: now.wall - Duration::from_secs(66 * 3600),
            ..now
        },
        interfaces: BTreeMap::new(),
        points: vec![POINT.into()],
        detached: true,
    };
    Journal::open(&home.data())
        .and_then(|mut journal| journal.add(&mut [], Some(&mark)))
        .expect("a journal");
    let mut agent = Agent::start(&lab.sensor, &home);
    agent.wait_until("the days are closed", |metrics| {
        let closed = metrics.values("talot_last_day_closed_timestamp_seconds", &[]);
        closed.iter().any(|moment| *moment > 0.0)
    });
    agent.stop();
    let coverage = home.coverage();
    let days: Vec<(&str, i64, i64, bool)> = coverage
        .iter()
        .map(|day| {
            let (status, seen) = (day.status.as_str(), day.seen);
            (
                status,
                seen,
                day.observed_seconds,
                day.note.contains("reboot"),
            )
        })
        .collect();
    // In this zone it is noon: an evening, two days, and today.
    let [first @ .., (_, 0, observed, true)] = &days[..] else {
        panic!("{coverage:#?}");
    };
    assert_eq!(first, [("down", 0, 0, true); 3]);
    assert!((0..100).contains(observed), "{coverage:#?}");
    let noted = |day: usize| seconds_of(&coverage[day].note, "reboot");
    assert_eq!([noted(1), noted(2)], [86_400, 86_400]);
}

/// The seconds that a note gives for a reason.
pub(crate) fn seconds_of(note: &str, reason: &str) -> i64 {
    let rest = note.split(reason).nth(1).unwrap_or_default();
    let number = rest.split_whitespace().next().unwrap_or_default();
    number.parse().unwrap_or(-1)
}

/// A point on an interface that cannot be watched as it is asked for.
fn impossible(name: &str, addresses: &str) -> String {
    format!(
        "[[point]]\nname = \"{name}\"\ninterface = \"z0\"\nmode = \"dark\"\nxdp = \"native\"\n\
         addresses = [\"{addresses}\"]\n"
    )
}

#[test]
fn a_start_that_fails_lets_go_on_what_a_former_agent_has_left() {
    let lab = Lab::quiet();
    lab.sensor.ip("link add z0 type bridge");
    lab.sensor.ip("link set z0 up");
    let home = Home::new(&dark());
    let sender = Sender::open(&lab);
    let failing = [
        // Another point, so other maps; the same point elsewhere, by the same maps.
        format!("{}{}", dark(), impossible("other", "198.18.0.0/24")),
        impossible(POINT, "198.51.100.0/24"),
    ];
    let mut rows = Rows::new();
    let mut send = || {
        sender.send_counted(&some_syns(23, 30));
        rows = plus(std::mem::take(&mut rows), &some_syns_rows(23, 30));
    };
    for failing in failing {
        home.configure(&dark());
        let agent = Agent::start(&lab.sensor, &home);
        send();
        agent.kill();
        send();
        home.configure(&failing);
        let ended = Agent::launch(&lab.sensor, &home).end();
        assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
        send();
        thread::sleep(Duration::from_secs(1));
    }
    home.configure(&dark());
    Agent::start(&lab.sensor, &home).stop();
    let coverage = assert_nothing_but(&home, &rows);
    assert!(!coverage.note.contains("not observed"), "{}", coverage.note);
}

#[test]
fn another_xdp_mode_after_a_kill_is_attached_at_once() {
    let lab = Lab::quiet();
    let home = Home::new(&dark());
    let mode = |mode: &str| {
        dark().replace(
            "mode = \"dark\"",
            &format!("mode = \"dark\"\nxdp = \"{mode}\""),
        )
    };
    let sender = Sender::open(&lab);
    let mut rows = Rows::new();
    for xdp in ["native", "generic", "native", "generic"] {
        home.configure(&mode(xdp));
        let agent = Agent::start(&lab.sensor, &home);
        sender.send_counted(&some_syns(23, 30));
        agent.kill();
        sender.send_counted(&some_syns(23, 30));
        rows = plus(rows, &some_syns_rows(23, 30));
        rows = plus(rows, &some_syns_rows(23, 30));
    }
    Agent::start(&lab.sensor, &home).stop();
    let coverage = assert_nothing_but(&home, &rows);
    assert!(!coverage.note.contains("missing"), "{}", coverage.note);
}

#[test]
fn detach_accounts_for_the_time_too() {
    let lab = Lab::quiet();
    let home = Home::new(&format!("{}{OFTEN}", dark()));
    let agent = Agent::start(&lab.sensor, &home);
    Sender::open(&lab).send_counted(&some_syns(23, 30));
    agent.kill();
    thread::sleep(Duration::from_secs(4));
    let detached = ask(&lab.sensor, &home, &["detach"]);
    assert!(detached.status.success(), "{}", said(&detached));
    let coverage = assert_nothing_but(&home, &some_syns_rows(23, 30));
    assert!(coverage.observed_seconds >= 4, "{coverage:?}");
    assert!(
        coverage.addresses.contains("198.51.100.0/24"),
        "{coverage:?}"
    );
    let observed = [
        coverage.mode.as_str(),
        &coverage.verdict,
        &coverage.xdp_mode,
    ];
    assert_eq!(observed, ["dark", "pass", "native"]);
    thread::sleep(Duration::from_secs(2));
    Agent::start(&lab.sensor, &home).stop();
    let note = home.coverage().remove(0).note;
    assert!(seconds_of(&note, "detached") >= 2, "{note}");
    assert!(!note.contains("missing"), "{note}");
}

#[test]
fn an_agent_that_cannot_begin_leaves_nothing_behind() {
    let lab = Lab::quiet();
    let home = Home::new(&dark());
    let _program = foreign::Program::attach(&lab.sensor, foreign::Mode::Native);
    let ended = Agent::launch(&lab.sensor, &home).end();
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    assert_eq!(pinned(&home), [""; 0]);
}

#[test]
fn conversations_go_on_whatever_becomes_of_the_agent() {
    let lab = Lab::quiet();
    let home = Home::new(&live());
    let begin = |port: u16| {
        let ends = Ends::new("192.0.2.1", "203.0.113.9");
        frame(&tcp(ends, port, 443, flag::SYN))
    };
    let answer = |port: u16| {
        let ends = Ends::new("203.0.113.9", "192.0.2.1");
        (frame(&tcp(ends, 443, port, flag::SYN | flag::ACK)), 1)
    };
    let host = Sender::at_the_sensor(&lab);
    let attacker = Sender::open(&lab);
    let agent = Agent::start(&lab.sensor, &home);
    host.send_one(&begin(5001));
    agent.kill();
    host.send_one(&begin(5002));
    attacker.send_counted(&[answer(5001)]);
    // Other maps for what is counted, the same for conversations.
    home.configure(&format!("{}[kernel]\nkeys = 5000\n", live()));
    let agent = Agent::start(&lab.sensor, &home);
    attacker.send_counted(&[answer(5001), answer(5002), answer(5003)]);
    agent.stop();
    let rows = home.sources();
    let key = Key::new(
        "backscatter",
        protocol::TCP,
        Some(443),
        false,
        "203.0.113.9".parse().expect("an address"),
    );
    let found: Vec<(&str, i32, i64)> = rows
        .iter()
        .map(|row| (row.class.as_str(), row.port.unwrap_or(-1), row.packets))
        .collect();
    assert_eq!(
        found,
        [(key.class.as_str(), 443, 1)],
        "only 5003 was not asked for"
    );
    let coverage = home.coverage().remove(0);
    assert_eq!(coverage.dispositions()["solicited"], 3);
}

#[test]
fn midnight_passes_without_an_agent() {
    let lab = Lab::quiet();
    let (home, agent, midnight) = start_before_midnight(&lab.sensor, 6, &dark());
    let sender = Sender::open(&lab);
    sender.send_counted(&some_syns(23, 30));
    agent.kill();
    sender.send_counted(&some_syns(23, 30));
    let left = midnight + 1 - tzif::now();
    assert!(left > 1, "this machine is too slow: it is midnight");
    thread::sleep(Duration::from_secs(left as u64));
    sender.send_counted(&some_syns(2323, 30));
    let mut agent = Agent::start(&lab.sensor, &home);
    agent.wait_until("the day is closed", |metrics| {
        let closed = metrics.values("talot_last_day_closed_timestamp_seconds", &[]);
        closed.iter().any(|moment| *moment >= midnight as f64)
    });
    agent.stop();
    let coverage = home.coverage();
    let days: Vec<(i64, i64)> = coverage
        .iter()
        .map(|day| (day.seen, day.observed_seconds))
        .collect();
    let [(first, _), (second, observed)] = days[..] else {
        panic!("{coverage:?}");
    };
    let [thirty] = [some_syns_rows(23, 30).values().sum::<i64>()];
    assert_eq!([first, second], [2 * thirty, thirty]);
    assert!(observed >= 1, "the kernel watched on the second day");
    let point = coverage.iter().all(|day| day.point == POINT);
    assert!(point, "{coverage:?}");
}
