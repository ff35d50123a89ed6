//! Compiles the kernel side and leaves the object at `$OUT_DIR/talot.bpf.o`.

#[path = "../xtask/src/bpf_toolchain.rs"]
mod bpf_toolchain;

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::UNIX_EPOCH;

use bpf_toolchain::{Machine, Target};

fn main() -> ExitCode {
    match compile() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error={error}");
            ExitCode::FAILURE
        }
    }
}

fn compile() -> Result<(), Box<dyn Error>> {
    let manifest_dir = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let workspace = manifest_dir
        .parent()
        .ok_or("CARGO_MANIFEST_DIR has no parent")?;
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    for input in ["talot-ebpf", "talot-common", "Cargo.toml", "Cargo.lock"] {
        rerun_if_changed(&workspace.join(input));
    }

    println!("cargo::rustc-env=TALOT_BUILD_TIME={}", build_time()?);

    let arch = env::var("CARGO_CFG_TARGET_ARCH")?;
    let big_endian = env::var("CARGO_CFG_TARGET_ENDIAN")? == "big";
    let target = Target {
        arch: &arch,
        big_endian,
    };
    let toolchain = bpf_toolchain::find(&Machine::here(workspace), &target)
        .map_err(|missing| format!("{missing}: run `cargo xtask setup` once, then build again"))?;
    rerun_if_changed(&toolchain.compiler.rustc);
    rerun_if_changed(&toolchain.linker);

    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let (mut command, object) = toolchain.command(
        &cargo,
        workspace,
        &target_dir(&out_dir).join("bpf"),
        &target,
        &bpf_toolchain::TALOT,
    );
    let status = command
        .status()
        .map_err(|error| format!("running {command:?}: {error}"))?;
    if !status.success() {
        return Err(format!("the kernel side did not compile ({status}), see above").into());
    }
    fs::copy(&object, out_dir.join("talot.bpf.o"))
        .map_err(|error| format!("copying {}: {error}", object.display()))?;
    Ok(())
}

/// Seconds since 1970: no clock that is right is before this. `SOURCE_DATE_EPOCH` is what those who
/// build twice and compare set (reproducible-builds.org).
fn build_time() -> Result<u64, Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    match env::var("SOURCE_DATE_EPOCH") {
        Ok(seconds) => Ok(seconds.parse()?),
        Err(_) => Ok(UNIX_EPOCH.elapsed()?.as_secs()),
    }
}

/// The outer cargo's target folder, from `<target>/<profile>/build/<package>/out`. The outer cargo
/// holds the lock of its profile's folder; the inner one gets a folder beside that, which all
/// profiles share, and so compiles once.
fn target_dir(out_dir: &Path) -> &Path {
    out_dir.ancestors().nth(4).unwrap_or(out_dir)
}

fn rerun_if_changed(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
}
