//! `cargo xtask soak`: random faults under known traffic, for as long as one wants.

use std::path::Path;

use anyhow::Result;

use crate::run::build_agent;
use crate::setup::setup;
use crate::shell;

/// Builds the agent and lets it suffer; a seed replays the faults of an earlier run.
pub(crate) fn soak(workspace: &Path, seed: Option<u64>, minutes: f64) -> Result<()> {
    setup(workspace)?;
    let agent = build_agent(workspace)?;
    shell::require_root("cargo xtask soak")?;
    let mut soak = shell::cargo(workspace);
    soak.args(["test", "--release", "--package", "talot-tests"])
        .args([
            "--test",
            "sensor",
            "--",
            "--ignored",
            "--nocapture",
            "soak::",
        ])
        .env("TALOT_AGENT", agent)
        .env("TALOT_SOAK_MINUTES", minutes.to_string());
    if let Some(seed) = seed {
        soak.env("TALOT_TEST_SEED", seed.to_string());
    }
    shell::run(&mut soak)
}
