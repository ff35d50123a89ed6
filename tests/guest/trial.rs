//! One agent and its records, compared with what was sent.

use std::{cell::OnceCell, collections::BTreeMap, thread, time::Duration};

use talot_tests::{
    agent::{Agent, Home},
    identity,
    lab::{DARK_V4, INTERFACE, Lab},
    records::Coverage,
    rows::assert_same,
};

use crate::{
    calendar::{self, DAY, HOUR, UTC, Zone},
    clock,
    flow::{ANY_DAY, Flow, Log, after_step, port, port_after_step, steps_before},
};

/// How far seconds observed may be from those measured beside what the agent has observed before the
/// first packet and after the last: a step is noticed within a second.
const SLACK: f64 = 3.0;

/// A laboratory, and an agent's home in it.
pub(crate) struct Trial {
    pub(crate) lab: Lab,
    pub(crate) home: Home,
    zone: Zone,
    /// When the first agent was launched, since the machine was booted.
    launched: OnceCell<Duration>,
}

/// Noon (UTC) of the day after tomorrow: a plausible moment, and the same distance from every midnight.
pub(crate) fn noon() -> Duration {
    let day = built().as_secs() / DAY as u64 + 2;
    Duration::from_secs(day * DAY as u64 + 12 * HOUR as u64)
}

/// The clock of the machine that has started this one, as it was when the first scenario began.
fn built() -> Duration {
    static FIRST: std::sync::OnceLock<Duration> = std::sync::OnceLock::new();
    *FIRST.get_or_init(clock::now)
}

impl Trial {
    /// In UTC, the clock set to this.
    pub(crate) fn at(moment: Duration) -> Self {
        let trial = Self::new("UTC", UTC);
        clock::set(moment);
        trial
    }

    /// In a time zone of this name.
    pub(crate) fn new(name: &str, zone: Zone) -> Self {
        let _ = built();
        let configuration = format!(
            "[[point]]\nname = \"lab\"\ninterface = \"{INTERFACE}\"\nmode = \"dark\"\n\
             addresses = [\"{DARK_V4}\"]\n[kernel]\nkeys = 20_000\nkeys6 = 2000\n"
        );
        let home = Home::new(&configuration);
        let text = std::fs::read_to_string(home.configuration()).expect("the configuration");
        let named = text.replace("timezone = \"zone\"", &format!("timezone = {name:?}"));
        home.configure_exactly(&named);
        Self {
            lab: Lab::quiet(),
            home,
            zone,
            launched: OnceCell::new(),
        }
    }

    pub(crate) fn flow(&self) -> Flow<'_> {
        Flow::new(&self.lab, self.zone)
    }

    pub(crate) fn agent(&self) -> Agent<'_> {
        self.launched.get_or_init(clock::boot);
        Agent::start(&self.lab.sensor, &self.home)
    }

    /// An agent that finds as much time passed since boot as the clock was set forward by. What unshare
    /// makes is for the children of its process only, and not for a process that has threads: nsenter
    /// enters it, so that no process stands between the agent and its signals.
    pub(crate) fn agent_later(&self, passed: Duration) -> Agent<'_> {
        let seconds = passed.as_secs().to_string();
        let by = [
            "unshare",
            "--time",
            "--boottime",
            &seconds,
            "--monotonic",
            &seconds,
            "--",
            "nsenter",
            "--time=/proc/self/ns/time_for_children",
            "--",
        ];
        Agent::launch_by(&self.lab.sensor, &by, &self.home, &[])
    }

    /// Compares everything that is recorded with what was sent and how long it took. A packet belongs
    /// to the day that `place` gives for the day on which it was sent and for how often the clock had
    /// been set before.
    pub(crate) fn check(&self, log: &Log, place: impl Fn(u8, i64) -> i64) -> Vec<Coverage> {
        let slack = self.slack(log);
        let coverage = self.check_packets(log, &place);
        let mut expected = BTreeMap::<String, f64>::new();
        for ((steps, day), lasted) in &log.lasted {
            let date = calendar::date(place(*steps, *day));
            *expected.entry(date).or_insert(0.0) += lasted.as_secs_f64();
        }
        for day in &coverage {
            let right = expected.get(&day.date).copied().unwrap_or(0.0);
            let found = day.observed_seconds;
            let date = &day.date;
            assert!(
                (found as f64 - right).abs() <= slack,
                "{date}: {right:.1} s ± {slack:.1}, not {found}"
            );
        }
        check_all_seconds(log, &coverage, slack);
        coverage
    }

    /// By how much seconds observed may differ from those in which packets were sent, now that the last
    /// agent has ended.
    pub(crate) fn slack(&self, log: &Log) -> f64 {
        let [first, last] = log.within;
        let launched = self.launched.get().copied().unwrap_or(first);
        let before_and_after = (first - launched) + (clock::boot() - last);
        SLACK + before_and_after.as_secs_f64()
    }

    /// Every packet that was sent is there once, in its own day.
    pub(crate) fn check_packets(&self, log: &Log, place: impl Fn(u8, i64) -> i64) -> Vec<Coverage> {
        let Self { home, .. } = self;
        let (sources, ports, coverage) = (home.sources(), home.ports(), home.coverage());
        for day in &coverage {
            let Coverage {
                date,
                seen,
                observed_seconds,
                expected_seconds,
                note,
                ..
            } = day;
            println!(
                "  {date}: {seen} packets, {observed_seconds} of {expected_seconds} s; {note}"
            );
        }
        let mut counted = BTreeMap::<(u8, i32), i64>::new();
        let mut misplaced = BTreeMap::<_, i64>::new();
        let mut late = None;
        let days = || log.lasted.keys().map(|(_, day)| *day);
        let after: BTreeMap<i32, i64> = days().map(|day| (port_after_step(day), day)).collect();
        let days: BTreeMap<i32, i64> = days().map(|day| (port(day), day)).collect();
        for row in &sources {
            let steps = steps_before(row.source);
            let port = row.port.expect("SYNs have a port");
            *counted.entry((steps, port)).or_insert(0) += row.packets;
            if let Some(day) = after.get(&port)
                && row.date != calendar::date(place(steps, *day))
            {
                late = late.max(Some(after_step(row.source)));
            }
            let Some(day) = days.get(&port) else { continue };
            let right = calendar::date(place(steps, *day));
            if row.date != right {
                let key = (steps, calendar::date(*day), right, row.date.clone());
                *misplaced.entry(key).or_insert(0) += row.packets;
            }
        }
        let sum: i64 = log.packets.values().sum();
        let is_unsaid = |port: &i32| *port == ANY_DAY || after.contains_key(port);
        let unsaid = log.packets.iter().filter(|((_, port), _)| is_unsaid(port));
        let unsaid: i64 = unsaid.map(|(_, packets)| packets).sum();
        println!("  {sum} packets sent, {unsaid} of them after a step or before midnight");
        if let Some(late) = late {
            println!("  of these some are in another day: until {late:?} after a step");
        }
        assert_same("packets by steps before and port", &log.packets, &counted);
        assert!(
            misplaced.is_empty(),
            "packets (steps before, sent on, right day, recorded on): {misplaced:?}"
        );
        identity::check(&sources, &ports, &coverage);
        coverage
    }
}

/// All the time that passed was observed, in whatever days.
pub(crate) fn check_all_seconds(log: &Log, coverage: &[Coverage], slack: f64) {
    let observed: i64 = coverage.iter().map(|day| day.observed_seconds).sum();
    let passed: f64 = log.lasted.values().map(Duration::as_secs_f64).sum();
    assert!(
        (observed as f64 - passed).abs() <= slack,
        "{observed} s observed of {passed:.1}"
    );
}

/// Each packet in the day on which it was sent.
pub(crate) fn own_day(_: u8, day: i64) -> i64 {
    day
}

/// The first step closed this day: what was sent on it afterwards counts in the next.
pub(crate) fn closed_by_first_step(closed: i64) -> impl Fn(u8, i64) -> i64 {
    move |steps, day| day + i64::from(steps > 0 && day == closed)
}

/// Lets time pass: enough for the agent to notice whatever was done to the clock.
pub(crate) fn pass() {
    thread::sleep(Duration::from_secs(5));
}

/// Whether a day's note says all this.
pub(crate) fn assert_noted(coverage: &[Coverage], day: i64, words: &[&str]) {
    let date = calendar::date(day);
    let found = coverage.iter().find(|row| row.date == date);
    let note = &found.unwrap_or_else(|| panic!("no record of {date}")).note;
    for word in words {
        assert!(note.contains(word), "{date} does not note {word:?}: {note}");
    }
}
