//! The tests' own Python, with packages from PyPI.

use std::{fs, path::PathBuf};

use crate::agent::workspace;

/// The interpreter, if it is there and has these packages: `cargo xtask test` installs them.
pub fn with(packages: &[&str]) -> Option<PathBuf> {
    let venv = workspace().join("target/tools/venv");
    let python = venv.join("bin/python");
    let versions = fs::read_dir(venv.join("lib")).ok()?;
    let mut folders = versions
        .flatten()
        .map(|version| version.path().join("site-packages"));
    let has_all = |folder: PathBuf| packages.iter().all(|name| folder.join(name).is_dir());
    (python.is_file() && folders.any(has_all)).then_some(python)
}
