//! Prometheus and its tool, as Debian has them.

use std::{env, path::PathBuf};

use crate::agent::workspace;

/// `prometheus` or `promtool`: installed, or where `cargo xtask test` has put it.
pub fn program(name: &str) -> Option<PathBuf> {
    let own = workspace().join("target/tools/prometheus/usr/bin");
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain([own])
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}
