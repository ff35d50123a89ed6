//! What an agent reads and writes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use super::program;
use crate::{
    records::{self, Coverage, Port, Source},
    shell::run,
    tzif,
};

/// An agent's configuration and data directory, in a temporary folder.
#[derive(Debug)]
pub struct Home {
    folder: TempDir,
}

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
        let folder = tempfile::tempdir().expect("a temporary folder");
        let home = Self { folder };
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
