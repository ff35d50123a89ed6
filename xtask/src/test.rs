//! `cargo xtask test`: every check of the project, one after the other, to the first failure.
//!
//! Unit tests are compiled in the dev profile, which checks overflow; the whole sensor is tested
//! as it is delivered.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::setup::setup;
use crate::{guest, shell, test_tools};

/// Runs all checks. `long` lengthens the whole-sensor tests, `filter` selects tests by name.
pub(crate) fn test(workspace: &Path, long: bool, filter: Option<&str>) -> Result<()> {
    headline("setup");
    setup(workspace)?;
    test_tools::prepare(workspace);

    headline("formatting");
    if test_tools::has_component(workspace, "rustfmt") {
        shell::run(&mut cargo(workspace, "fmt --check"))?;
    } else {
        skip("rustfmt is missing");
    }

    headline("lints");
    if test_tools::has_component(workspace, "clippy") {
        let user_space = "clippy --workspace --exclude talot-ebpf --all-targets \
                          --features talot-agent/failpoints -- -D warnings";
        shell::run(&mut cargo(workspace, user_space))?;
        shell::run(&mut lint_of_kernel_side(workspace)?)?;
    } else {
        skip("clippy is missing");
    }

    headline("licences, bans and sources of the dependencies");
    if !long {
        skip("only with --long");
    } else if shell::find("cargo-deny").is_none() {
        skip("cargo-deny is missing: cargo install --locked cargo-deny");
    } else {
        let deny = "deny --workspace check licenses bans sources";
        shell::run(&mut cargo(workspace, deny))?;
    }

    headline("unit tests");
    let unit = "test --workspace --exclude talot-ebpf --exclude talot-tests \
                --features talot-agent/failpoints";
    shell::run(cargo(workspace, unit).args(filter))?;

    headline("tests of the whole sensor");
    let with_failpoints = build_agent_with_failpoints(workspace)?;
    let agent = build_agent(workspace, &[])?;
    shell::require_root("cargo xtask test")?;
    let mut sensor = cargo(workspace, "test --release --package talot-tests");
    sensor
        .args(filter)
        .env("TALOT_AGENT", agent)
        .env("TALOT_AGENT_FAILPOINTS", with_failpoints);
    if long {
        sensor.env("TALOT_TEST_LONG", "1");
    }
    shell::run(&mut sensor)?;

    headline("clocks and an older kernel, in a virtual machine");
    if !long {
        skip("only with --long, or by cargo xtask guest");
    } else if filter.is_some() {
        skip("only without a filter");
    } else {
        guest::guest(workspace, None)?;
    }
    Ok(())
}

/// Builds the agent. Together with the tests, so that what both depend on has the same features and
/// is compiled once.
fn build_agent(workspace: &Path, more: &[&str]) -> Result<PathBuf> {
    let agent = "build --release --package talot-agent --package talot-tests --bin talot-agent";
    shell::run(cargo(workspace, agent).args(more))?;
    Ok(shell::target_dir()?.join("release/talot-agent"))
}

/// The agent with faults on demand. It is put aside, for the one that is delivered takes its place.
fn build_agent_with_failpoints(workspace: &Path) -> Result<PathBuf> {
    let agent = build_agent(workspace, &["--features", "talot-agent/failpoints"])?;
    let copy = agent.with_file_name("talot-agent-failpoints");
    // Not written over: an agent of an earlier test may still run from it.
    let _ = fs::remove_file(&copy);
    fs::copy(&agent, &copy).with_context(|| format!("copying the agent to {}", copy.display()))?;
    Ok(copy)
}

/// Lints the kernel side as if it were for this machine: the clippy at hand belongs to another
/// compiler than the one for BPF. It gets a target folder of its own, because build scripts look
/// at RUSTC_BOOTSTRAP and all else would be compiled anew.
fn lint_of_kernel_side(workspace: &Path) -> Result<Command> {
    let mut command = cargo(workspace, "clippy --package talot-ebpf --profile bpf");
    command
        .arg("--target-dir")
        .arg(shell::target_dir()?.join("bpf-lint"))
        .args(["--", "-D", "warnings"])
        .env("RUSTC_BOOTSTRAP", "1");
    Ok(command)
}

fn cargo(workspace: &Path, arguments: &str) -> Command {
    let mut command = shell::cargo(workspace);
    command.args(arguments.split(' '));
    command
}

fn headline(text: &str) {
    eprintln!("\n== {text}");
}

fn skip(reason: &str) {
    eprintln!("SKIP: {reason}");
}
