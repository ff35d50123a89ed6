//! Which toolchain compiles for BPF on this machine, and how the command looks.
//!
//! `talot-agent/build.rs` includes this file as it stands, so `cargo build` and `cargo xtask setup`
//! cannot disagree. It only looks, it installs nothing, and it needs nothing but std.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The bpf-linker that is installed where there is none, and the oldest that is taken.
pub(crate) const LINKER_VERSION: (u32, u32, u32) = (0, 13, 0);

/// The nightly to install with rustup; where there are several, it is tried first.
pub(crate) const NIGHTLY: &str = "nightly-2026-05-16";

/// Cargo's profile for the BPF program, in the workspace's `Cargo.toml`.
const PROFILE: &str = "bpf";

/// A BPF program of package `talot-ebpf`.
pub(crate) struct Program {
    /// The name of the binary.
    pub(crate) binary: &'static str,
    /// The features of the package that it is compiled with, separated by commas.
    pub(crate) features: &'static str,
}

/// The one that the agent attaches.
pub(crate) const TALOT: Program = Program {
    binary: "talot",
    features: "",
};

/// What the outer cargo, clippy or the user's shell say about *their* compile. None of it holds
/// for the BPF one.
const FOREIGN: [&str; 8] = [
    "RUSTC",
    "RUSTC_LINKER",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTDOC",
    "RUSTFLAGS",
    "RUSTUP_TOOLCHAIN",
    "CARGO_ENCODED_RUSTFLAGS",
];
const FOREIGN_PREFIXES: [&str; 6] = [
    "CARGO_BUILD_",
    "CARGO_CFG_",
    "CARGO_FEATURE_",
    "CARGO_PROFILE_",
    "CARGO_TARGET_",
    "CARGO_UNSTABLE_",
];

/// Where to look.
pub(crate) struct Machine {
    /// `/`, below which the distribution's compiler lives.
    pub(crate) root: PathBuf,
    /// Rustup's home, with `toolchains/` in it.
    pub(crate) rustup: PathBuf,
    /// Folders that may hold bpf-linker, best first.
    pub(crate) bins: Vec<PathBuf>,
}

impl Machine {
    /// The machine that this process runs on, for the working tree at `workspace`.
    pub(crate) fn here(workspace: &Path) -> Self {
        let var = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let home = PathBuf::from(var("HOME").unwrap_or_default());
        let cargo = var("CARGO_HOME").map_or_else(|| home.join(".cargo"), PathBuf::from);
        let path = var("PATH").unwrap_or_default();
        let mut bins = vec![tools(workspace).join("bin")];
        bins.extend(std::env::split_paths(&path));
        bins.push(cargo.join("bin"));
        Self {
            root: PathBuf::from("/"),
            rustup: var("RUSTUP_HOME").map_or_else(|| home.join(".rustup"), PathBuf::from),
            bins,
        }
    }
}

/// The folder for tools that belong to this working tree.
pub(crate) fn tools(workspace: &Path) -> PathBuf {
    workspace.join("target").join("tools")
}

/// What to compile for: the byte order and the registers of the machine that will run the agent.
pub(crate) struct Target<'a> {
    /// Rust's name of the CPU architecture, as `std::env::consts::ARCH` has it.
    pub(crate) arch: &'a str,
    /// Whether it is big-endian.
    pub(crate) big_endian: bool,
}

impl Target<'_> {
    fn triple(&self) -> &'static str {
        if self.big_endian {
            "bpfeb-unknown-none"
        } else {
            "bpfel-unknown-none"
        }
    }
}

/// A compiler that can compile for BPF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A nightly of rustup with the standard library's source, from which `core` is built.
    Rustup(PathBuf),
    /// The distribution's, with a prebuilt `core`.
    Distribution,
}

/// A compiler and the version of its LLVM, which the linker must match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Compiler {
    pub(crate) source: Source,
    pub(crate) rustc: PathBuf,
    /// LLVM's major version.
    pub(crate) llvm: u32,
}

/// All it takes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Toolchain {
    pub(crate) compiler: Compiler,
    pub(crate) linker: PathBuf,
}

/// What is not there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// No Rust compiler with a `core` for BPF.
    Compiler,
    /// The compiler is there, a bpf-linker that reads its output is not.
    Linker(Compiler),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compiler => f.write_str("no Rust compiler for BPF was found"),
            Self::Linker(compiler) => {
                let (major, minor, patch) = LINKER_VERSION;
                write!(
                    f,
                    "no bpf-linker {major}.{minor}.{patch} or later with LLVM {} or later was found, as {} needs it",
                    compiler.llvm,
                    compiler.rustc.display()
                )
            }
        }
    }
}

/// Finds a compiler and its linker. A complete pair wins over a compiler without a linker;
/// otherwise rustup's comes before the distribution's, as its owner chose it.
pub(crate) fn find(machine: &Machine, target: &Target<'_>) -> Result<Toolchain, Missing> {
    let mut incomplete = None;
    for compiler in compilers(machine, target) {
        match linker(machine, compiler.llvm) {
            Some(linker) => return Ok(Toolchain { compiler, linker }),
            None => incomplete = incomplete.or(Some(compiler)),
        }
    }
    Err(incomplete.map_or(Missing::Compiler, Missing::Linker))
}

fn compilers(machine: &Machine, target: &Target<'_>) -> Vec<Compiler> {
    let mut nightlies = entries(&machine.rustup.join("toolchains"));
    nightlies.retain(|dir| {
        file_name(dir).starts_with("nightly")
            && dir
                .join("lib/rustlib/src/rust/library/core/Cargo.toml")
                .is_file()
    });
    nightlies.sort_by_key(|dir| !file_name(dir).starts_with(NIGHTLY));
    let nightlies = nightlies.into_iter();
    let mut found: Vec<_> = nightlies
        .map(|dir| (dir.join("bin/rustc"), Source::Rustup(dir)))
        .collect();
    let prebuilt = machine
        .root
        .join("usr/lib/rustlib")
        .join(target.triple())
        .join("lib");
    if entries(&prebuilt)
        .iter()
        .any(|file| file_name(file).starts_with("libcore-"))
    {
        found.push((machine.root.join("usr/bin/rustc"), Source::Distribution));
    }
    found
        .into_iter()
        .filter_map(|(rustc, source)| {
            let llvm = llvm_of_compiler(&rustc)?;
            Some(Compiler {
                source,
                rustc,
                llvm,
            })
        })
        .collect()
}

fn linker(machine: &Machine, llvm: u32) -> Option<PathBuf> {
    machine
        .bins
        .iter()
        .map(|dir| dir.join("bpf-linker"))
        .find(|file| {
            linker_version(file).is_some_and(|version| version >= LINKER_VERSION)
            // One that is linked statically comes from a release and has the newest LLVM.
            && llvm_of_linker(file).is_none_or(|version| version >= llvm)
        })
}

fn llvm_of_compiler(rustc: &Path) -> Option<u32> {
    let text = output(rustc, "-vV")?;
    let version = text
        .lines()
        .find_map(|line| line.strip_prefix("LLVM version: "))?;
    version.split('.').next()?.parse().ok()
}

fn linker_version(linker: &Path) -> Option<(u32, u32, u32)> {
    let text = output(linker, "--version")?;
    let mut numbers = text
        .strip_prefix("bpf-linker ")?
        .trim()
        .split(['.', '-', '+']);
    let mut next = || numbers.next()?.parse().ok();
    Some((next()?, next()?, next()?))
}

/// The major version of the shared LLVM that the executable asks for: `libLLVM.so.22.1`.
fn llvm_of_linker(linker: &Path) -> Option<u32> {
    const NAME: &[u8] = b"libLLVM.so.";
    let bytes = fs::read(linker).ok()?;
    let at = bytes
        .windows(NAME.len())
        .position(|window| window == NAME)?
        + NAME.len();
    let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit());
    String::from_utf8(digits.copied().collect())
        .ok()?
        .parse()
        .ok()
}

impl Toolchain {
    /// The command that compiles a program of `workspace` into `target_dir`, and the object it leaves
    /// there. `cargo` is the cargo in use; rustup's nightly brings its own.
    pub(crate) fn command(
        &self,
        cargo: &OsStr,
        workspace: &Path,
        target_dir: &Path,
        target: &Target<'_>,
        program: &Program,
    ) -> (Command, PathBuf) {
        let triple = target.triple();
        let mut command = match &self.compiler.source {
            Source::Rustup(dir) => Command::new(dir.join("bin/cargo")),
            Source::Distribution => Command::new(cargo),
        };
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if FOREIGN.contains(&&*text)
                || FOREIGN_PREFIXES
                    .iter()
                    .any(|prefix| text.starts_with(prefix))
            {
                command.env_remove(&name);
            }
        }
        command
            .current_dir(workspace)
            .args([
                "build",
                "--locked",
                "--package",
                "talot-ebpf",
                "--bin",
                program.binary,
                "--features",
                program.features,
            ])
            .args(["--profile", PROFILE, "--target", triple, "--target-dir"])
            .arg(target_dir)
            .env("RUSTC", &self.compiler.rustc)
            .env("CARGO_ENCODED_RUSTFLAGS", rust_flags(target).join("\u{1f}"))
            .env(linker_variable(triple), &self.linker);
        match self.compiler.source {
            Source::Rustup(_) => command.args(["-Z", "build-std=core"]),
            // The program and aya use unstable features; a distribution's compiler is a stable one.
            Source::Distribution => command.env("RUSTC_BOOTSTRAP", "1"),
        };
        let object = target_dir.join(triple).join(PROFILE);
        (command, object.join(program.binary))
    }
}

fn rust_flags(target: &Target<'_>) -> Vec<String> {
    let mut flags = vec![
        format!("--cfg=bpf_target_arch=\"{}\"", target.arch),
        "-Cdebuginfo=2".into(),
        "-Clink-arg=--btf".into(),
        // It would put a loop's last block before its first one to save a jump; kernels before
        // Linux 6.7 take a loop only if it goes back by a jump.
        "-Clink-arg=--llvm-args=-disable-block-placement".into(),
        // Not v3: its 32-bit jumps compare the two ends of a packet, which the context holds in 32
        // bits, in a way that the verifier does not follow.
        "-Ctarget-cpu=v2".into(),
    ];
    // Packet fields are not aligned; these machines do not mind, nor does their verifier
    // (CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS).
    if ["aarch64", "powerpc64", "s390x", "x86_64"].contains(&target.arch) {
        flags.push("-Ctarget-feature=+allows-misaligned-mem-access".into());
    }
    flags
}

fn linker_variable(triple: &str) -> String {
    format!(
        "CARGO_TARGET_{}_LINKER",
        triple.to_uppercase().replace('-', "_")
    )
}

/// What `program` prints when it runs well.
fn output(program: &Path, argument: &str) -> Option<String> {
    if !program.is_file() {
        return None;
    }
    let output = Command::new(program).arg(argument).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The entries of a folder by name; none if it cannot be read.
fn entries(dir: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(dir)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    entries.sort();
    entries
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}
