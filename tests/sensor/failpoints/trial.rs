//! One run of the sensor across a midnight, with faults.

use std::{
    collections::VecDeque,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant, UNIX_EPOCH},
};

use talot_tests::{
    agent::{Agent, Home},
    identity,
    lab::Lab,
    packet::{Ends, flag, frame, many_v4, protocol, tcp},
    records::{Source, by_port, counted, fold_sources},
    rows::{Key, Rows, assert_same},
    send::{Sender, settle},
    tzif,
};

use crate::{
    bad_storage::Mounted,
    common::{Over, POINT, dark},
};

/// When the day ends, from the beginning of a run: time for drains enough to be merged before.
const MIDNIGHT: i64 = 18;
/// Between a packet and midnight at least this: the test's clock and the kernel's are read apart.
const APART: Duration = Duration::from_millis(40);
/// How long an agent may take to come to a point.
const PATIENCE: Duration = Duration::from_secs(120);
/// Drains very often; small tables, for many agents run at once.
const CONFIGURATION: &str = "[drain]\ninterval = \"50ms\"\n[records]\nkeep_days = 1\n\
                             [kernel]\nkeys = 8192\nkeys6 = 1024\n";

/// What is to fail.
pub(super) struct Trial {
    /// Faults of the first agent, of the one that is started when that has ended, and so on.
    faults: VecDeque<String>,
    /// Whether agents end of the faults.
    restarts: bool,
    pseudonyms: bool,
}

impl Trial {
    pub(super) fn of(faults: impl IntoIterator<Item = String>) -> Self {
        Self {
            faults: faults.into_iter().collect(),
            restarts: false,
            pseudonyms: false,
        }
    }

    /// The agent ends of each fault, and is started again.
    pub(super) fn restarting(self) -> Self {
        Self {
            restarts: true,
            ..self
        }
    }

    /// After an agent that ends of these faults.
    pub(super) fn after(mut self, faults: &str) -> Self {
        self.faults.push_front(faults.to_owned());
        self.restarting()
    }

    /// Sources are written as pseudonyms.
    pub(super) fn with_pseudonyms(self) -> Self {
        Self {
            pseudonyms: true,
            ..self
        }
    }

    /// # Panics
    /// When a point is not reached, or something is recorded that was not sent, or not recorded that
    /// was.
    pub(super) fn run(mut self) {
        let name = format!("{:?}", self.faults);
        println!("{name}");
        let lab = Lab::quiet();
        let midnight = tzif::now() + MIDNIGHT;
        let home = Home::with_midnight(midnight, &self.configuration());
        // In memory: so many agents at once would wait for one disk.
        let _data = Mounted::at(home.data(), "size=64m");
        prepare(&home);
        if self.restarts {
            // So that all that is sent is counted, however early the next one dies.
            Agent::start(&lab.sensor, &home).kill();
        }
        let mut agent = self.next(&lab, &home);
        if !self.restarts {
            agent.0.wait_until_it_watches();
        }
        let over = AtomicBool::new(false);
        let sent = thread::scope(|scope| {
            let midnight = Duration::from_secs(midnight as u64);
            let (lab, over) = (&lab, &over);
            let sending = scope.spawn(move || send_around(midnight, &Sender::open(lab), over));
            let ending = Over(over);
            while self.restarts && is_deadly(&agent.1) {
                let (dying, faults) = agent;
                wait_until(&format!("it dies of {faults}"), &dying, |dying| {
                    missing(dying, &faults).is_empty()
                });
                dying.end();
                agent = self.next(lab, &home);
            }
            let (agent, faults) = agent;
            wait_until("every point is reached", &agent, |agent| {
                missing(agent, &faults).is_empty()
            });
            wait_until("the day is closed", &agent, |_| is_closed(&home));
            drop(ending);
            let sent = sending.join().expect("the sender");
            settle();
            agent.stop();
            sent
        });
        assert_eq!(
            lab.lost(),
            0,
            "the cable has lost packets, the test is void"
        );
        self.check(&home, &sent, &name);
    }

    fn configuration(&self) -> String {
        let privacy = if self.pseudonyms {
            "[privacy]\nsources = \"anonymise\"\nkey_file = \"key\"\n"
        } else {
            ""
        };
        format!("{}{CONFIGURATION}{privacy}", dark())
    }

    /// Starts the next agent; gives its faults too.
    fn next<'lab>(&mut self, lab: &'lab Lab, home: &Home) -> (Agent<'lab>, String) {
        let faults = self.faults.pop_front().unwrap_or_default();
        let agent = Agent::launch_with_faults(&lab.sensor, home, &faults);
        (agent, faults)
    }

    /// Both days are recorded as they were sent.
    fn check(&self, home: &Home, sent: &[Rows; 2], name: &str) {
        // An error there is tried again when the next day is closed.
        let _ = fs::remove_dir_all(old_records(home));
        let (sources, ports, coverage) = (home.sources(), home.ports(), home.coverage());
        identity::check(&sources, &ports, &coverage);
        assert!(
            !sent[0].is_empty(),
            "{name}: the agent took too long to be ready"
        );
        let dates: Vec<&str> = coverage.iter().map(|record| record.date.as_str()).collect();
        assert_eq!(dates.len(), 2, "{name}: {dates:?}");
        assert!(coverage[0].closed_at.is_some(), "{name}");
        for (date, sent) in dates.into_iter().zip(sent) {
            let what = format!("{date}, {name}");
            let ports: Vec<_> = ports
                .iter()
                .filter(|row| row.date == date)
                .cloned()
                .collect();
            let folded = fold_sources(sent);
            let packets = folded.into_iter().map(|(key, (packets, _))| (key, packets));
            assert_same(&what, &packets.collect(), &by_port(&ports));
            if !self.pseudonyms {
                let of_day = sources.iter().filter(|row| row.date == date);
                let of_day: Vec<Source> = of_day.cloned().collect();
                assert_same(&what, sent, &counted(&of_day));
            }
        }
        let damaged = home.data().join("damaged");
        assert!(!damaged.exists(), "{name}: something was set aside");
    }
}

/// The points of these faults of which the agent does not say that it has come to them.
fn missing(agent: &Agent<'_>, faults: &str) -> Vec<String> {
    let points = faults.split_terminator(',').map(|fault| {
        let (point, _) = fault.split_once('=').expect("a fault");
        format!("failpoint {point},")
    });
    points.filter(|said| !agent.says(said)).collect()
}

fn wait_until(what: &str, agent: &Agent<'_>, is_so: impl Fn(&Agent<'_>) -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so(agent) {
        let said = agent.stderr();
        assert!(
            Instant::now() < until,
            "no sign that {what}; the agent says:\n{said}"
        );
        thread::sleep(Duration::from_millis(50));
    }
}

/// Whether an agent ends of these faults: killed, or because it cannot begin in a data directory that it cannot clear.
fn is_deadly(faults: &str) -> bool {
    faults.contains("kill") || faults.contains("temporary.delete")
}

/// Closed, and all that belongs to it is done.
fn is_closed(home: &Home) -> bool {
    let names = |path: &Path| -> Vec<_> {
        let entries = fs::read_dir(path).into_iter().flatten();
        entries
            .map(|entry| entry.expect("an entry").path())
            .collect()
    };
    let days = names(&home.data().join("records/coverage")).into_iter();
    days.into_iter()
        .filter(|day| !day.ends_with(OLD))
        .any(|day| day.join(format!("_{POINT}.sha256")).exists())
        && names(&home.data().join("closing")).is_empty()
}

const OLD: &str = "day=2020-01-01";

fn old_records(home: &Home) -> PathBuf {
    home.data().join("records/coverage").join(OLD)
}

/// A data directory that an agent has used before, with something to be deleted; a key.
fn prepare(home: &Home) {
    let key = home.folder().join("key");
    fs::write(&key, "15".repeat(32)).expect("the key");
    fs::set_permissions(key, Permissions::from_mode(0o600)).expect("a file of ours");
    for folder in ["journal", "tmp"] {
        fs::create_dir_all(home.data().join(folder)).expect("a folder");
    }
    fs::create_dir_all(old_records(home)).expect("a folder");
    let file = old_records(home).join(format!("{POINT}.parquet"));
    fs::write(file, "old").expect("a file");
}

/// Sends until it is over, and for a second after midnight; gives what came before, and what came
/// after it.
fn send_around(midnight: Duration, sender: &Sender<'_>, over: &AtomicBool) -> [Rows; 2] {
    let mut sent = [Rows::new(), Rows::new()];
    let now = || UNIX_EPOCH.elapsed().expect("a clock after 1970");
    for n in 0_u32.. {
        let before = now();
        if over.load(Ordering::Relaxed) && before > midnight + Duration::from_secs(1) {
            break;
        }
        if before + APART < midnight || before > midnight + APART {
            let ends = Ends::new(&many_v4(n % 100).to_string(), "198.51.100.1");
            sender.send_one(&frame(&tcp(ends, 1, 23, flag::SYN)));
            let day = usize::from(before > midnight);
            assert_eq!(
                day,
                usize::from(now() > midnight),
                "this machine stood still at midnight"
            );
            let key = Key::new("access", protocol::TCP, Some(23), false, ends.source);
            *sent[day].entry(key).or_insert(0) += 1;
        }
        thread::sleep(Duration::from_millis(3));
    }
    sent
}
