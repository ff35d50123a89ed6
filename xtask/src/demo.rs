//! `cargo xtask demo`: a sensor at work, in network namespaces of its own.

use std::path::Path;

use anyhow::{Result, bail};

use crate::run::build_agent;
use crate::setup::setup;
use crate::{shell, test_tools};

/// Sets up, builds, and shows it.
pub(crate) fn demo(workspace: &Path) -> Result<()> {
    setup(workspace)?;
    test_tools::prepare_demo(workspace);
    let agent = build_agent(workspace)?;
    if !shell::is_root() {
        bail!(
            "the demo loads programs into the kernel and makes network namespaces: repeat as root, \
             `sudo -E env \"PATH=$PATH\" cargo xtask demo`"
        );
    }
    let mut command = shell::cargo(workspace);
    command
        .args([
            "run",
            "--quiet",
            "--package",
            "talot-tests",
            "--example",
            "demo",
        ])
        .env("TALOT_AGENT", agent)
        .env("TALOT_DEMO_DIR", shell::target_dir()?.join("demo"));
    shell::run(&mut command)
}
