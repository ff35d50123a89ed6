//! `cargo xtask setup`: what it takes to compile for BPF.

use std::env::consts::ARCH;
use std::path::Path;

use anyhow::{Result, bail};

use crate::bpf_toolchain::{self, LINKER_VERSION, Machine, Missing, NIGHTLY, Target, Toolchain};
use crate::{apt, shell};

/// Debian's compiler with its `core` for BPF, and the LLVM that bpf-linker links.
const DEBIAN: [&str; 3] = ["rustc-web", "libstd-rust-web-dev-bpf", "llvm-22-dev"];

/// The LLVM versions that this bpf-linker can be built with.
const LINKABLE: std::ops::RangeInclusive<u32> = 21..=23;

/// Finds the toolchain for BPF, or installs what it lacks; says which it is.
pub(crate) fn setup(workspace: &Path) -> Result<()> {
    let machine = Machine::here(workspace);
    let target = Target {
        arch: ARCH,
        big_endian: cfg!(target_endian = "big"),
    };
    let mut done = Vec::new();
    loop {
        let missing = match bpf_toolchain::find(&machine, &target) {
            Ok(toolchain) => {
                say_found(&toolchain);
                return Ok(());
            }
            Err(missing) => missing,
        };
        let step = next_step(&missing, &machine, apt::is_usable());
        if done.contains(&step) {
            bail!(
                "{missing}, even after `cargo xtask setup` has installed it\n{}",
                advice(&missing, workspace)
            );
        }
        eprintln!("setup: {missing}");
        let outcome = match &step {
            Step::Packages(packages) => apt::install(packages),
            Step::Linker { llvm } => build_linker(workspace, *llvm),
            Step::Advise => bail!(
                "cannot install it from here\n{}",
                advice(&missing, workspace)
            ),
        };
        if let Err(error) = outcome {
            bail!("{error:#}\n{}", advice(&missing, workspace));
        }
        done.push(step);
    }
}

fn say_found(toolchain: &Toolchain) {
    let Toolchain { compiler, linker } = toolchain;
    eprintln!(
        "setup: {} (LLVM {}) and {} compile for BPF",
        compiler.rustc.display(),
        compiler.llvm,
        linker.display()
    );
}

/// What to do next about something that is missing.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// Install packages with apt.
    Packages(Vec<String>),
    /// Build bpf-linker with this major version of LLVM.
    Linker { llvm: u32 },
    /// Leave it to the user.
    Advise,
}

fn next_step(missing: &Missing, machine: &Machine, apt: bool) -> Step {
    match missing {
        Missing::Compiler if apt => Step::Packages(DEBIAN.map(String::from).to_vec()),
        Missing::Linker(compiler) if LINKABLE.contains(&compiler.llvm) => {
            let llvm = compiler.llvm;
            let library = machine
                .root
                .join(format!("usr/lib/llvm-{llvm}/lib/libLLVM.so"));
            if library.exists() {
                Step::Linker { llvm }
            } else if apt {
                Step::Packages(vec![format!("llvm-{llvm}-dev")])
            } else {
                Step::Advise
            }
        }
        Missing::Compiler | Missing::Linker(_) => Step::Advise,
    }
}

/// Builds bpf-linker from crates.io into this working tree's own tools.
fn build_linker(workspace: &Path, llvm: u32) -> Result<()> {
    let (major, minor, patch) = LINKER_VERSION;
    let mut command = shell::cargo(workspace);
    command
        .env("LLVM_PREFIX", format!("/usr/lib/llvm-{llvm}"))
        .args(["install", "--locked", "--no-default-features", "--features"])
        .arg(format!("llvm-{llvm}"))
        .arg("--root")
        .arg(bpf_toolchain::tools(workspace))
        .arg(format!("bpf-linker@{major}.{minor}.{patch}"));
    shell::run(&mut command)
}

/// The exact commands, for whoever may run them.
fn advice(missing: &Missing, workspace: &Path) -> String {
    let (major, minor, patch) = LINKER_VERSION;
    let bin = bpf_toolchain::tools(workspace).join("bin");
    let bin = bin.display();
    let release = format!(
        "mkdir -p {bin}\n    curl -fL https://github.com/aya-rs/bpf-linker/releases/download/\
         v{major}.{minor}.{patch}/bpf-linker-{ARCH}-unknown-linux-musl.tar.zst | tar --zstd -x -C {bin}"
    );
    match missing {
        Missing::Compiler => format!(
            "Do one of the two, then repeat:\n\
             - with Debian's packages:\n    {}\n\
             - with rustup:\n    rustup toolchain install {NIGHTLY} --profile minimal --component rust-src\n    {release}",
            apt::advice(&DEBIAN.map(String::from))
        ),
        Missing::Linker(compiler) => format!(
            "Do one of the two, then repeat:\n\
             - with a package of LLVM (Debian's, or from https://apt.llvm.org):\n    {}\n\
             - with a release of bpf-linker:\n    {release}",
            apt::advice(&[format!("llvm-{}-dev", compiler.llvm)])
        ),
    }
}

#[cfg(test)]
mod tests;
