//! `cargo xtask bench`: builds the agent and what it is compared with, and measures.

use std::env::consts::ARCH;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};

use crate::bpf_toolchain::{self, Machine, Program, TALOT, Target};
use crate::run::build_agent;
use crate::setup::setup;
use crate::{apt, shell};

/// What the bench itself loads: generator, floor, parser.
const BENCH: Program = Program {
    binary: "bench",
    features: "",
};

/// The agent's program with a plain kernel hash as its table.
const PLAIN_HASH: Program = Program {
    features: "plain-hash",
    ..TALOT
};

/// Programs that the bench starts, and Debian's packages that hold them.
const TOOLS: [(&str, &str); 4] = [
    ("ip", "iproute2"),
    ("nft", "nftables"),
    ("nsenter", "util-linux"),
    ("tc", "iproute2"),
];

/// Measures how long a monthly report takes.
pub(crate) fn report(workspace: &Path, arguments: &[OsString]) -> Result<()> {
    let mut command = shell::cargo(workspace);
    command
        .args([
            "bench",
            "--package",
            "talot-report",
            "--bench",
            "report",
            "--",
        ])
        .args(arguments);
    shell::run(&mut command)
}

/// Sets up, builds, and measures in network namespaces of its own.
pub(crate) fn bench(workspace: &Path, arguments: &[OsString]) -> Result<()> {
    setup(workspace)?;
    install_tools()?;
    let agent = build_agent(workspace)?;
    let bench = build(workspace, &BENCH, "bench.bpf.o")?;
    let plain_hash = build(workspace, &PLAIN_HASH, "plain-hash.bpf.o")?;
    shell::require_root("cargo xtask bench")?;
    let mut command = shell::cargo(workspace);
    command
        .args([
            "bench",
            "--package",
            "talot-tests",
            "--bench",
            "line-rate",
            "--",
        ])
        .args(arguments)
        .env("TALOT_AGENT", agent)
        .env("TALOT_BENCH_PROGRAMS", bench)
        .env("TALOT_BENCH_PLAIN_HASH", plain_hash)
        .env("TALOT_BENCH_DIR", shell::target_dir()?.join("bench"));
    shell::run(&mut command)
}

fn install_tools() -> Result<()> {
    let missing = TOOLS.iter().filter(|(tool, _)| shell::find(tool).is_none());
    let mut packages: Vec<_> = missing.map(|(_, package)| (*package).to_owned()).collect();
    packages.dedup();
    if packages.is_empty() {
        Ok(())
    } else if apt::is_usable() {
        apt::install(&packages)
    } else {
        bail!(
            "the bench needs programs that are missing:\n    {}",
            apt::advice(&packages)
        )
    }
}

/// Compiles a program for this machine, in the folder where the agent's build script has compiled
/// most of it, and puts the object aside under a name of its own.
fn build(workspace: &Path, program: &Program, name: &str) -> Result<PathBuf> {
    let target = Target {
        arch: ARCH,
        big_endian: cfg!(target_endian = "big"),
    };
    let toolchain = bpf_toolchain::find(&Machine::here(workspace), &target)
        .map_err(|missing| anyhow!("{missing}"))?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let target_dir = shell::target_dir()?;
    let (mut command, object) =
        toolchain.command(&cargo, workspace, &target_dir.join("bpf"), &target, program);
    shell::run(&mut command)?;
    let copy = target_dir.join("bench").join(name);
    fs::create_dir_all(target_dir.join("bench"))
        .and_then(|()| fs::copy(&object, &copy))
        .with_context(|| format!("copying {} to {}", object.display(), copy.display()))?;
    Ok(copy)
}
