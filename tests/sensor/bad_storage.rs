//! Data directories that cannot be written, or are full.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use talot_tests::{
    agent::{Agent, Home},
    lab::Lab,
    send::Sender,
    shell::run,
};

use crate::{
    bad_input::refused,
    common::{OFTEN, assert_nothing_but, dark, plus, some_syns, some_syns_rows},
};

/// A small file system that ends with this value.
pub(crate) struct Mounted(PathBuf);

impl Mounted {
    pub(crate) fn at(path: PathBuf, options: &str) -> Self {
        fs::create_dir(&path).expect("the mount point");
        run(Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(&path));
        Self(path)
    }

    /// Fills it to the last byte.
    pub(crate) fn fill(&self) {
        let mut file = fs::File::create(self.0.join("filling")).expect("a file");
        let error = loop {
            if let Err(error) = file.write_all(&[7; 4096]) {
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
        assert!(status.is_ok_and(|status| status.success()) || std::thread::panicking());
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
