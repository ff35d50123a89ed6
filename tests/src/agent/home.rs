//! What an agent reads and writes.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use tempfile::TempDir;

use super::program;
use crate::{
    records::{self, Coverage, Port, Source},
    shell::run,
    tzif,
};

/// An agent's configuration and data directory, in a temporary folder, and a folder for its pins.
#[derive(Debug)]
pub struct Home {
    folder: TempDir,
    pins: PathBuf,
}

/// Where the agents of these tests pin.
const PINS: &str = "/sys/fs/bpf/talot-test";

impl Home {
    /// With this configuration, below a data directory and a time zone in which it is noon: no day
    /// ends while the test runs.
    ///
    /// # Panics
    /// When a file cannot be written.
    pub fn new(configuration: &str) -> Self {
        Self::with_midnight(tzif::now() + 12 * 3600, configuration)
    }

    /// The same, in a time zone in which a day ends at this moment (seconds since 1970).
    ///
    /// # Panics
    /// When a file cannot be written.
    pub fn with_midnight(moment: i64, configuration: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let pins = Path::new(PINS).join(format!("{}-{count}", std::process::id()));
        let home = Self { folder, pins };
        let zone = tzif::fixed(tzif::offset_of_midnight(moment));
        fs::write(home.folder().join("zone"), zone).expect("the zone can be written");
        home.configure(configuration);
        home
    }

    /// Writes another configuration.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn configure(&self, configuration: &str) {
        let data = self.data();
        let pins = format!("[kernel]\npin_dir = {:?}\n", self.pins);
        let configuration = if configuration.contains("[kernel]\n") {
            configuration.replace("[kernel]\n", &pins)
        } else {
            format!("{configuration}{pins}")
        };
        self.configure_exactly(&format!(
            "data_dir = {data:?}\ntimezone = \"zone\"\n{configuration}"
        ));
    }

    /// Writes a configuration with nothing above it.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn configure_exactly(&self, configuration: &str) {
        fs::write(self.configuration(), configuration).expect("the configuration can be written");
    }

    /// The temporary folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The configuration file.
    pub fn configuration(&self) -> PathBuf {
        self.folder().join("talot.toml")
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.folder().join("data")
    }

    /// Where the agent pins what stays in the kernel.
    pub fn pins(&self) -> &Path {
        &self.pins
    }

    /// A command of the agent with this configuration, outside of any namespace.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(words)
            .arg("--config")
            .arg(self.configuration());
        command
    }

    /// What `export` writes.
    ///
    /// # Panics
    /// When it fails.
    pub fn export(&self, table: &str, more: &[&str]) -> Vec<u8> {
        let mut command = self.command(&["export", "--table", table]);
        run(command.args(more)).stdout
    }

    /// The rows of `sources`, of all days.
    ///
    /// # Panics
    /// When they cannot be exported or read.
    pub fn sources(&self) -> Vec<Source> {
        records::rows(&self.export("sources", &["--format", "json"]))
    }

    /// The rows of `ports`, of all days.
    ///
    /// # Panics
    /// When they cannot be exported or read.
    pub fn ports(&self) -> Vec<Port> {
        records::rows(&self.export("ports", &["--format", "json"]))
    }

    /// The rows of `coverage`, of all days.
    ///
    /// # Panics
    /// When they cannot be exported or read.
    pub fn coverage(&self) -> Vec<Coverage> {
        records::rows(&self.export("coverage", &["--format", "json"]))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // What a killed agent has left goes on counting otherwise.
        match fs::remove_dir_all(&self.pins) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                eprintln!("cannot remove {}: {error}", self.pins.display());
            }
            _ => {}
        }
    }
}

/// Removes what agents of test processes have left that were killed.
pub(crate) fn sweep_pins() {
    for entry in fs::read_dir(PINS).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.split('-').next());
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
