//! Data directories that cannot be written, or are full.

use std::{
    collections::BTreeSet,
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use talot_tests::{
    agent::{Agent, Home, ask},
    identity,
    lab::Lab,
    metrics::Metrics,
    records::counted,
    require,
    rows::assert_same,
    send::Sender,
    shell::{attempt, run, text},
    tzif,
};

use crate::{
    bad_input::refused,
    common::{OFTEN, assert_nothing_but, dark, plus, some_syns, some_syns_rows},
};

/// A small file system that ends with this value.
pub(crate) struct Mounted(PathBuf);

impl Mounted {
    /// In memory.
    pub(crate) fn at(path: PathBuf, options: &str) -> Self {
        Self::mount(path, &["-t", "tmpfs", "-o", options, "tmpfs"])
    }

    /// The data directory, on an ext4 of 16 MiB in a file.
    fn disk(home: &Home) -> Self {
        let image = home.folder().join("image");
        let file = fs::File::create(&image).expect("a file");
        file.set_len(16 << 20).expect("a file of holes");
        run(Command::new("mkfs.ext4")
            .args(["-q", "-m", "0"])
            .arg(&image));
        Self::mount(home.data(), &["-o", "loop", utf8(&image)])
    }

    fn mount(path: PathBuf, what: &[&str]) -> Self {
        fs::create_dir_all(&path).expect("the mount point");
        run(Command::new("mount").args(what).arg(&path));
        Self(path)
    }

    /// Fills it to the last byte.
    pub(crate) fn fill(&self) {
        let mut file = fs::File::create(self.0.join("filling")).expect("a file");
        let error = loop {
            if let Err(error) = file.write_all(&[7; 512]) {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }

    pub(crate) fn make_room(&self) {
        fs::remove_file(self.0.join("filling")).expect("the filling");
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // The agent that a failed test leaves may still hold it.
        let status = Command::new("umount").arg("--lazy").arg(&self.0).status();
        assert!(status.is_ok_and(|status| status.success()) || thread::panicking());
    }
}

fn utf8(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

#[test]
fn a_data_directory_that_cannot_be_written_is_named() {
    let lab = Lab::quiet();
    let home = Home::new(&dark());
    let data = Mounted::at(home.data(), "ro");
    refused(&lab.sensor, &home, 1, &[utf8(&data.0), "data_dir"]);
    drop(data);
    fs::remove_dir(home.data()).expect("the mount point");
    fs::write(home.data(), "a file").expect("a file");
    refused(&lab.sensor, &home, 1, &[utf8(&home.data())]);
}

#[test]
fn a_data_directory_that_is_full_from_the_start_is_named() {
    let lab = Lab::quiet();
    let home = Home::new(&format!("{}{OFTEN}", dark()));
    let data = Mounted::at(home.data(), "size=1m");
    data.fill();
    let agent = Agent::start(&lab.sensor, &home);
    Sender::open(&lab).send_counted(&some_syns(23, 60));
    agent.wait_for_words(&[utf8(&data.0), "space"]);
    data.make_room();
    agent.stop();
    assert_nothing_but(&home, &some_syns_rows(23, 60));
}

#[test]
fn what_was_counted_survives_a_full_data_directory() {
    let lab = Lab::quiet();
    let home = Home::new(&format!("{}{OFTEN}", dark()));
    let data = Mounted::at(home.data(), "size=2m");
    let mut agent = Agent::start(&lab.sensor, &home);
    let sender = Sender::open(&lab);
    sender.send_counted(&some_syns(23, 60));
    data.fill();
    sender.send_counted(&some_syns(2323, 60));
    agent.wait_for_words(&[utf8(&data.0), "space"]);
    sender.send_counted(&some_syns(4444, 60));
    assert!(agent.runs(), "it ended:\n{}", agent.stderr());
    data.make_room();
    let parts = [23, 2323, 4444].map(|port| some_syns_rows(port, 60));
    let rows = parts.iter().fold(Default::default(), plus);
    let total: i64 = rows.values().sum();
    agent.wait_until("all is durable again", |metrics| {
        metrics.sum("talot_seen_packets_total", &[]) == Some(total)
    });
    sender.send_counted(&some_syns(5555, 60));
    agent.stop();
    assert_nothing_but(&home, &plus(rows, &some_syns_rows(5555, 60)));
}

/// It had begun at 0 then, as if there had not been a drain since 1970.
#[test]
fn after_a_restart_on_a_full_disk_the_last_drain_is_the_last_durable_one() {
    let lab = Lab::quiet();
    let home = Home::new(&format!("{}{OFTEN}", dark()));
    let data = Mounted::at(home.data(), "size=2m");
    let last_drain = |agent: &Agent<'_>| {
        let values = agent
            .metrics()
            .values("talot_last_drain_timestamp_seconds", &[]);
        let [moment] = values[..] else {
            panic!("{values:?}")
        };
        moment
    };
    let agent = Agent::start(&lab.sensor, &home);
    data.fill();
    Sender::open(&lab).send_counted(&some_syns(23, 60));
    agent.wait_for_words(&[utf8(&data.0), "space"]);
    let durable = last_drain(&agent);
    assert!(durable > (tzif::now() - 60) as f64, "{durable}");
    agent.kill();
    let mut agent = Agent::start(&lab.sensor, &home);
    agent.wait_for_words(&[utf8(&data.0), "space"]);
    assert!((last_drain(&agent) - durable).abs() < 1e-3);
    data.make_room();
    agent.wait_until("it drains again", |metrics| {
        metrics.values("talot_last_drain_timestamp_seconds", &[])[0] > durable + 1e-3
    });
    agent.stop();
    assert_nothing_but(&home, &some_syns_rows(23, 60));
}

/// A disk that is full across a midnight, and an agent that is killed and started again meanwhile:
/// nothing is said to be durable that is not, and in the end each day has its own packets.
#[test]
fn a_full_disk_at_midnight_with_a_killed_agent_loses_nothing() {
    const TEST: &str = "a_full_disk_at_midnight_with_a_killed_agent_loses_nothing";
    let loops = Path::new("/dev/loop-control").exists();
    if !require::programs(TEST, &["mkfs.ext4"]) || !require::of_kernel(TEST, "loop devices", loops)
    {
        return;
    }
    let lab = Lab::quiet();
    let midnight = tzif::now() + 35;
    let home = Home::with_midnight(midnight, &format!("{}{OFTEN}", dark()));
    let disk = Mounted::disk(&home);
    let mut agent = Agent::start(&lab.sensor, &home);
    let sender = Sender::open(&lab);
    sender.send_counted(&some_syns(23, 60));
    let durable = some_syns_rows(23, 60);
    let seen: i64 = durable.values().sum();
    let is_durable = |metrics: &Metrics| metrics.sum("talot_seen_packets_total", &[]) == Some(seen);
    agent.wait_until("what came first is durable", is_durable);

    disk.fill();
    sender.send_counted(&some_syns(2323, 60));
    agent.wait_for_words(&[utf8(&disk.0), "No space left"]);
    agent.wait_until("no room is shown", |metrics| {
        metrics.sum("talot_data_free_bytes", &[]) == Some(0)
    });
    assert!(is_durable(&agent.metrics()), "it says that more is durable");
    let status = text(&ask(&lab.sensor, &home, &["status"]).stdout);
    assert!(status.contains("TROUBLE: a drain could not"), "{status}");
    assert_same("what is durable", &durable, &counted(&home.sources()));
    agent.kill();
    sender.send_counted(&some_syns(4444, 60));
    let mut agent = Agent::start(&lab.sensor, &home);
    sender.send_counted(&some_syns(5555, 60));
    assert!(tzif::now() < midnight, "this machine is too slow");

    while tzif::now() <= midnight {
        thread::sleep(Duration::from_millis(100));
    }
    let before = memory(&agent);
    sender.send_counted(&some_syns(6666, 60));
    thread::sleep(Duration::from_secs(2));
    assert!(agent.runs(), "it ended:\n{}", agent.stderr());
    // Ten drains have failed, some more with every packet.
    assert!(
        memory(&agent) < before + (8 << 10),
        "it holds more and more"
    );
    disk.make_room();
    agent.wait_until("the day is closed", |metrics| {
        let closed = metrics.values("talot_last_day_closed_timestamp_seconds", &[]);
        closed.iter().any(|moment| *moment > 0.0)
    });
    let status = text(&ask(&lab.sensor, &home, &["status"]).stdout);
    assert!(!status.contains("TROUBLE"), "{status}");
    agent.stop();

    let sources = home.sources();
    let coverage = home.coverage();
    identity::check(&sources, &home.ports(), &coverage);
    let first = [23, 2323, 4444, 5555].map(|port| some_syns_rows(port, 60));
    let first = first.iter().fold(Default::default(), plus);
    for (record, sent) in coverage.iter().zip([first, some_syns_rows(6666, 60)]) {
        let of_day = sources.iter().filter(|row| row.date == record.date);
        assert_same(
            &record.date,
            &sent,
            &counted(&of_day.cloned().collect::<Vec<_>>()),
        );
    }
    assert_eq!(coverage.len(), 2);
}

/// What a process holds of memory, KiB.
fn memory(agent: &Agent<'_>) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", agent.id())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kib.and_then(|kib| kib.parse().ok()).expect("a size")
}

#[test]
fn what_was_counted_survives_a_read_only_file_system() {
    let lab = Lab::quiet();
    let home = Home::new(&format!("{}{OFTEN}", dark()));
    let mut agent = Agent::start(&lab.sensor, &home);
    let sender = Sender::open(&lab);
    sender.send_counted(&some_syns(23, 60));
    let read_only = Mounted::at(home.data().join("tmp"), "ro");
    sender.send_counted(&some_syns(2323, 60));
    agent.wait_for_words(&[utf8(&read_only.0), "Read-only file system"]);
    drop(read_only);
    let rows = plus(some_syns_rows(23, 60), &some_syns_rows(2323, 60));
    let total: i64 = rows.values().sum();
    agent.wait_until("all is durable again", |metrics| {
        metrics.sum("talot_seen_packets_total", &[]) == Some(total)
    });
    agent.stop();
    assert_nothing_but(&home, &rows);
}

#[test]
fn a_damaged_file_of_the_journal_is_set_aside_and_counting_goes_on() {
    let lab = Lab::quiet();
    let home = Home::new(&dark());
    let sender = Sender::open(&lab);
    let drains = || -> BTreeSet<PathBuf> {
        let entries = fs::read_dir(home.data().join("journal")).expect("a folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        paths
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "drain")
            })
            .collect()
    };
    let agent = Agent::start(&lab.sensor, &home);
    sender.send_counted(&some_syns(23, 60));
    agent.stop();
    let damaged = drains();
    let agent = Agent::start(&lab.sensor, &home);
    sender.send_counted(&some_syns(2323, 60));
    agent.stop();
    for path in &damaged {
        let mut bytes = fs::read(path).expect("a file of the journal");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
        fs::write(path, bytes).expect("a file of the journal");
    }
    // Without them there is less, and the exit status says so.
    let export = attempt(&mut home.command(&["export", "--table", "ports"]));
    assert_eq!(export.status.code(), Some(1));
    let agent = Agent::start(&lab.sensor, &home);
    for path in &damaged {
        let name = path.file_name().expect("a name");
        agent.wait_for_words(&[utf8(path), "set aside"]);
        assert!(home.data().join("damaged").join(name).exists());
    }
    sender.send_counted(&some_syns(4444, 60));
    agent.stop();
    let rows = plus(some_syns_rows(2323, 60), &some_syns_rows(4444, 60));
    let coverage = assert_nothing_but(&home, &rows);
    assert!(
        coverage.note.contains("what it counted is lost"),
        "{coverage:?}"
    );
}

/// Whoever is told that the disk is full may restart the agent: what was counted until it stopped was watched, and
/// nothing is missing.
#[test]
fn stopping_on_a_full_disk_keeps_the_time_that_was_watched() {
    const TEST: &str = "stopping_on_a_full_disk_keeps_the_time_that_was_watched";
    let loops = Path::new("/dev/loop-control").exists();
    if !require::programs(TEST, &["mkfs.ext4"]) || !require::of_kernel(TEST, "loop devices", loops)
    {
        return;
    }
    for next in ["detach", "run"] {
        let lab = Lab::quiet();
        let home = Home::new(&format!("{}{OFTEN}", dark()));
        let disk = Mounted::disk(&home);
        let started = tzif::now();
        let agent = Agent::start(&lab.sensor, &home);
        let watched = tzif::now();
        disk.fill();
        let sender = Sender::open(&lab);
        sender.send_counted(&some_syns(23, 60));
        thread::sleep(Duration::from_secs(6));
        let stopping = tzif::now();
        let ended = agent.terminate();
        assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
        let stopped = tzif::now();
        thread::sleep(Duration::from_secs(4));
        disk.make_room();
        let restarted = tzif::now();
        match next {
            "run" => Agent::start(&lab.sensor, &home).stop(),
            _ => {
                let detached = ask(&lab.sensor, &home, &[next]);
                assert!(detached.status.success(), "{}", text(&detached.stderr));
                ended
            }
        };
        let more = tzif::now() - restarted;
        let coverage = home.coverage().remove(0);
        let (least, most) = (stopping - watched - 1, stopped - started + more + 1);
        let observed = coverage.observed_seconds;
        assert!(
            (least..=most).contains(&observed),
            "{next}: {observed}, not {least} to {most}"
        );
        assert!(
            coverage.note.contains("detached"),
            "{next}: {}",
            coverage.note
        );
        assert!(
            !coverage.note.contains("missing"),
            "{next}: {}",
            coverage.note
        );
        assert_nothing_but(&home, &some_syns_rows(23, 60));
    }
}
