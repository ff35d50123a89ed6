//! `cargo xtask run`: builds the agent and becomes it.

use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::setup::setup;
use crate::shell;

/// Builds the agent as it is delivered, and tells where it lies.
pub(crate) fn build_agent(workspace: &Path) -> Result<PathBuf> {
    let mut command = shell::cargo(workspace);
    shell::run(command.args(["build", "--release", "--package", "talot-agent"]))?;
    Ok(shell::target_dir()?.join("release/talot-agent"))
}

/// Builds the agent with faults on demand for the tests, and tells where it lies. To be called
/// before [`build_agent`], which leaves the one that is delivered in its place.
pub(crate) fn build_agent_with_failpoints(workspace: &Path) -> Result<PathBuf> {
    let mut command = shell::cargo(workspace);
    let words = [
        "build",
        "--release",
        "--package",
        "talot-agent",
        "--features",
        "failpoints",
    ];
    shell::run(command.args(words))?;
    let release = shell::target_dir()?.join("release");
    let copy = release.join("talot-agent-failpoints");
    // Not written over: an agent of an earlier test may still run from it.
    let _ = fs::remove_file(&copy);
    fs::copy(release.join("talot-agent"), &copy)
        .with_context(|| format!("copying the agent to {}", copy.display()))?;
    Ok(copy)
}

/// Sets up, builds, and replaces this process by `talot-agent run`, so that signals reach it.
pub(crate) fn run(workspace: &Path, arguments: &[OsString]) -> Result<()> {
    setup(workspace)?;
    let mut agent = Command::new(build_agent(workspace)?);
    agent.arg("run").args(arguments);
    if !shell::is_root() {
        bail!(
            "the agent loads programs into the kernel and needs root's rights. It is built; start it with\n    sudo {}",
            shell::line(&agent)
        );
    }
    eprintln!("$ {}", shell::line(&agent));
    let error = agent.exec();
    Err(error).with_context(|| format!("cannot run `{}`", shell::line(&agent)))
}
