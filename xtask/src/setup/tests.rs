//! The decisions of setup, against machines made of files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::*;
use crate::bpf_toolchain::{Compiler, Source, TALOT, find};

const LITTLE: Target<'_> = Target {
    arch: "x86_64",
    big_endian: false,
};
const BIG: Target<'_> = Target {
    arch: "s390x",
    big_endian: true,
};

/// A folder that stands for a machine.
struct Fake {
    dir: TempDir,
    machine: Machine,
}

impl Fake {
    fn new() -> Self {
        let dir = TempDir::new().expect("a temporary folder");
        let at = |name: &str| dir.path().join(name);
        let machine = Machine {
            root: at("root"),
            rustup: at("rustup"),
            bins: vec![at("tools/bin"), at("bin")],
        };
        Self { dir, machine }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    /// Leaves an executable file. Another process writes it: were it this one, a thread that forks
    /// meanwhile would hold it open for writing, and it could not be run (ETXTBSY).
    fn file(self, path: &str, content: &str) -> Self {
        let written = self.at("content");
        fs::write(&written, content).expect("a file");
        let mut install = Command::new("install");
        let install = install
            .args(["-D", "-m", "755"])
            .arg(written)
            .arg(self.at(path));
        assert!(install.status().expect("install runs").success(), "{path}");
        self
    }

    fn debian(self, llvm: &str) -> Self {
        self.file("root/usr/bin/rustc", &rustc(llvm)).file(
            "root/usr/lib/rustlib/bpfel-unknown-none/lib/libcore-1f2e.rlib",
            "",
        )
    }

    fn nightly(self, name: &str, llvm: &str) -> Self {
        let source = "lib/rustlib/src/rust/library/core/Cargo.toml";
        self.file(&format!("rustup/toolchains/{name}/bin/rustc"), &rustc(llvm))
            .file(&format!("rustup/toolchains/{name}/{source}"), "")
    }

    /// A linker that is linked to the shared library `needed`, if that is not empty.
    fn linker(self, path: &str, version: &str, needed: &str) -> Self {
        self.file(
            path,
            &format!("#!/bin/sh\n# {needed}\necho bpf-linker {version}\n"),
        )
    }

    fn find(&self, target: &Target<'_>) -> Result<Toolchain, Missing> {
        find(&self.machine, target)
    }

    /// The folder of the compiler that was found, and the linker, relative to the machine.
    fn found(&self) -> (String, String) {
        let Toolchain { compiler, linker } = self.find(&LITTLE).expect("a toolchain");
        let relative = |path: &Path| {
            let path = path
                .strip_prefix(self.dir.path())
                .expect("a path of the machine");
            path.to_str().expect("text").to_owned()
        };
        (relative(&compiler.rustc), relative(&linker))
    }
}

fn rustc(llvm: &str) -> String {
    format!("#!/bin/sh\n[ \"$1\" = -vV ] && echo 'rustc 1.96.0' && echo 'LLVM version: {llvm}'\n")
}

fn compiler(llvm: u32) -> Missing {
    let rustc = PathBuf::from("/usr/bin/rustc");
    Missing::Linker(Compiler {
        source: Source::Distribution,
        rustc,
        llvm,
    })
}

#[test]
fn an_empty_machine_lacks_the_compiler() {
    assert_eq!(Fake::new().find(&LITTLE), Err(Missing::Compiler));
}

#[test]
fn debians_compiler_needs_the_core_of_the_target() {
    let fake = Fake::new()
        .debian("22.1.8")
        .linker("bin/bpf-linker", "0.13.0", "libLLVM.so.22.1");
    assert_eq!(
        fake.found(),
        ("root/usr/bin/rustc".into(), "bin/bpf-linker".into())
    );
    assert_eq!(fake.find(&BIG), Err(Missing::Compiler));
    let without = Fake::new().file("root/usr/bin/rustc", &rustc("22.1.8"));
    assert_eq!(without.find(&LITTLE), Err(Missing::Compiler));
}

#[test]
fn a_nightly_needs_the_source_of_core() {
    let nightly = "rustup/toolchains/nightly-x86_64/bin/rustc";
    let fake = Fake::new().file(nightly, &rustc("22.1.4"));
    assert_eq!(fake.find(&LITTLE), Err(Missing::Compiler));
    let fake = fake.nightly("nightly-x86_64", "22.1.4");
    assert!(matches!(fake.find(&LITTLE), Err(Missing::Linker(found)) if found.llvm == 22));
    let stable = Fake::new().nightly("stable-x86_64", "22.1.2");
    assert_eq!(stable.find(&LITTLE), Err(Missing::Compiler));
}

#[test]
fn the_known_nightly_comes_first_then_others_then_the_distribution() {
    let linker = "tools/bin/bpf-linker";
    let fake = Fake::new()
        .linker(linker, "0.13.0", "libLLVM.so.22.1")
        .debian("22.1.8");
    assert_eq!(fake.found().0, "root/usr/bin/rustc");
    let fake = fake.nightly("nightly-2026-01-01-x86_64", "22.1.4");
    assert_eq!(
        fake.found().0,
        "rustup/toolchains/nightly-2026-01-01-x86_64/bin/rustc"
    );
    let known = format!("{NIGHTLY}-x86_64");
    let fake = fake.nightly(&known, "22.1.4");
    assert_eq!(
        fake.found().0,
        format!("rustup/toolchains/{known}/bin/rustc")
    );
}

#[test]
fn a_compiler_with_a_linker_wins_over_one_without() {
    let fake = Fake::new()
        .nightly("nightly-x86_64", "23.0.0")
        .debian("22.1.8")
        .linker("bin/bpf-linker", "0.13.0", "libLLVM.so.22.1");
    assert_eq!(fake.found().0, "root/usr/bin/rustc");
}

#[test]
fn an_old_or_broken_linker_is_passed_over() {
    let fake =
        Fake::new()
            .debian("22.1.8")
            .linker("tools/bin/bpf-linker", "0.9.15", "libLLVM.so.22.1");
    assert!(matches!(fake.find(&LITTLE), Err(Missing::Linker(_))));
    let fake = fake.file("tools/bin/bpf-linker", "#!/bin/sh\nexit 127\n");
    assert!(matches!(fake.find(&LITTLE), Err(Missing::Linker(_))));
    let older = fake.linker("bin/bpf-linker", "0.13.0", "libLLVM.so.21.1");
    assert!(matches!(older.find(&LITTLE), Err(Missing::Linker(_))));
    let newer = older.linker("bin/bpf-linker", "0.14.1", "libLLVM.so.23.1");
    assert_eq!(newer.found().1, "bin/bpf-linker");
}

#[test]
fn a_static_linker_fits() {
    let fake = Fake::new()
        .debian("22.1.8")
        .linker("bin/bpf-linker", "0.13.0", "");
    assert_eq!(fake.found().1, "bin/bpf-linker");
}

#[test]
fn packages_are_installed_only_where_that_is_possible() {
    let fake = Fake::new();
    let packages = Step::Packages(DEBIAN.map(String::from).to_vec());
    assert_eq!(next_step(&Missing::Compiler, &fake.machine, true), packages);
    assert_eq!(
        next_step(&Missing::Compiler, &fake.machine, false),
        Step::Advise
    );
    let llvm = Step::Packages(vec!["llvm-22-dev".into()]);
    assert_eq!(next_step(&compiler(22), &fake.machine, true), llvm);
    assert_eq!(next_step(&compiler(22), &fake.machine, false), Step::Advise);
}

#[test]
fn the_linker_is_built_once_its_llvm_is_there() {
    let fake = Fake::new().file("root/usr/lib/llvm-22/lib/libLLVM.so", "");
    for apt in [true, false] {
        let step = next_step(&compiler(22), &fake.machine, apt);
        assert_eq!(step, Step::Linker { llvm: 22 });
    }
    assert_eq!(next_step(&compiler(24), &fake.machine, true), Step::Advise);
}

#[test]
fn advice_names_commands_for_both_ways() {
    let advice = advice(&Missing::Compiler, Path::new("/talot"));
    for command in [
        "rustup toolchain install nightly-",
        "apt-get install",
        "rustc-web",
        "curl -fL",
    ] {
        assert!(advice.contains(command), "{advice}");
    }
}

#[test]
fn the_command_is_for_bpf_and_nothing_else() {
    let toolchain = Toolchain {
        compiler: Compiler {
            source: Source::Distribution,
            rustc: "/usr/bin/rustc".into(),
            llvm: 22,
        },
        linker: "/bin/bpf-linker".into(),
    };
    let (command, object) = toolchain.command(
        "cargo".as_ref(),
        Path::new("/talot"),
        Path::new("/t"),
        &LITTLE,
        &TALOT,
    );
    assert_eq!(object, Path::new("/t/bpfel-unknown-none/bpf/talot"));
    let value = |name: &str| {
        let found = command.get_envs().find(|(key, _)| *key == name)?;
        found.1.map(|value| value.to_string_lossy().into_owned())
    };
    assert_eq!(value("RUSTC").as_deref(), Some("/usr/bin/rustc"));
    assert_eq!(value("RUSTC_BOOTSTRAP").as_deref(), Some("1"));
    assert_eq!(
        value("CARGO_TARGET_BPFEL_UNKNOWN_NONE_LINKER").as_deref(),
        Some("/bin/bpf-linker")
    );
    // Set by the test's own cargo or by nobody: either way nothing of it reaches the child.
    for foreign in [
        "RUSTFLAGS",
        "RUSTC_WORKSPACE_WRAPPER",
        "CARGO_PROFILE_RELEASE_DEBUG",
    ] {
        assert_eq!(value(foreign), None, "{foreign}");
    }
    let flags = value("CARGO_ENCODED_RUSTFLAGS").expect("flags");
    assert!(
        flags.split('\u{1f}').any(|flag| flag == "-Clink-arg=--btf"),
        "{flags}"
    );
}
