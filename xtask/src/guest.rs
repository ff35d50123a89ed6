//! `cargo xtask guest`: the agent in a virtual machine, on Debian's own kernel, where nobody minds if
//! the clock is set.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use crate::bpf_toolchain::tools;
use crate::setup::setup;
use crate::{apt, shell};

/// Programs that run the machine or run in it, and the Debian packages that hold them.
const PROGRAMS: [(&str, &str); 8] = [
    ("cpio", "cpio"),
    ("ip", "iproute2"),
    ("ldd", "libc-bin"),
    ("nsenter", "util-linux"),
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("strip", "binutils"),
    ("tc", "iproute2"),
    ("unshare", "util-linux"),
];

/// Those that run in it.
const WITHIN: [&str; 4] = ["ip", "nsenter", "tc", "unshare"];

/// The package that depends on the newest kernel of this distribution.
const KERNEL: &str = "linux-image-amd64";

/// What the laboratory needs of the kernel beside what is built in.
const MODULES: [&str; 3] = [
    "drivers/net/veth.ko",
    "net/sched/sch_ingress.ko",
    "net/sched/cls_bpf.ko",
];

/// Seconds after which the machine is stopped; in software it takes a quarter of that, if nothing else runs.
const LIMIT: &str = "3600";

/// Runs those scenarios whose name contains `filter`. What is missing is a skip.
pub(crate) fn guest(workspace: &Path, filter: Option<&str>) -> Result<()> {
    setup(workspace)?;
    if let Some(missing) = missing(workspace) {
        eprintln!("SKIP guest: {missing}");
        return Ok(());
    }
    // Together, so that what both depend on has the same features and is compiled once.
    let build = "build --release --package talot-agent --package talot-tests --bin talot-agent \
                 --bin talot-guest";
    shell::run(shell::cargo(workspace).args(build.split_whitespace()))?;
    let target = shell::target_dir()?;
    let folder = target.join("guest");
    let kernel = Kernel::find(&kernel_folder(workspace))?;
    let [init, agent] =
        ["talot-guest", "talot-agent"].map(|name| target.join("release").join(name));
    let system = pack(&folder, &kernel, &init, &agent)?;
    boot(
        &kernel,
        &system,
        filter.unwrap_or_default(),
        &folder.join("console.log"),
    )
}

/// What keeps the machine from being run, after an attempt to install it.
fn missing(workspace: &Path) -> Option<String> {
    if std::env::consts::ARCH != "x86_64" {
        return Some("the virtual machine is an x86_64".to_owned());
    }
    let mut packages: Vec<String> = PROGRAMS
        .iter()
        .filter(|(program, _)| shell::find(program).is_none())
        .map(|(_, package)| (*package).to_owned())
        .collect();
    packages.dedup();
    if !packages.is_empty() {
        if !apt::is_usable() {
            return Some(format!("programs are missing: {}", apt::advice(&packages)));
        }
        if let Err(error) = apt::install(&packages) {
            return Some(format!("{error:#}"));
        }
    }
    let folder = kernel_folder(workspace);
    if Kernel::find(&folder).is_err()
        && let Err(error) = download_kernel(&folder)
    {
        return Some(format!("Debian's kernel cannot be had: {error:#}"));
    }
    None
}

fn kernel_folder(workspace: &Path) -> PathBuf {
    tools(workspace).join("kernel")
}

/// Unpacks Debian's package, for to install it would change this machine's boot loader.
fn download_kernel(folder: &Path) -> Result<()> {
    let depends = Command::new("apt-cache")
        .args(["depends", KERNEL])
        .output()
        .context("cannot run apt-cache")?;
    let package = kernel_package(&String::from_utf8_lossy(&depends.stdout))?;
    let downloads = folder.join("download");
    fs::create_dir_all(&downloads)?;
    let mut download = Command::new("apt-get");
    shell::run(
        download
            .args(["download", &package])
            .current_dir(&downloads),
    )?;
    for file in fs::read_dir(&downloads)? {
        let mut unpack = Command::new("dpkg");
        shell::run(unpack.arg("-x").arg(file?.path()).arg(folder))?;
    }
    Ok(fs::remove_dir_all(&downloads)?)
}

/// The kernel's package among those that `apt-cache depends` names.
fn kernel_package(depends: &str) -> Result<String> {
    let names = depends
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "));
    let mut kernels = names.filter(|name| name.starts_with("linux-image-"));
    let package = kernels.next();
    Ok(package
        .with_context(|| format!("apt knows no {KERNEL}"))?
        .to_owned())
}

/// A kernel as its package has it.
struct Kernel {
    image: PathBuf,
    modules: PathBuf,
}

impl Kernel {
    fn find(folder: &Path) -> Result<Self> {
        let entries = fs::read_dir(folder.join("lib/modules"))?;
        let release = entries
            .flatten()
            .next()
            .context("no kernel is unpacked")?
            .file_name();
        let mut image = std::ffi::OsString::from("vmlinuz-");
        image.push(&release);
        let kernel = Self {
            image: folder.join("boot").join(image),
            modules: folder.join("lib/modules").join(release).join("kernel"),
        };
        ensure!(
            kernel.image.is_file(),
            "{} is missing",
            kernel.image.display()
        );
        Ok(kernel)
    }
}

/// Packs all that the machine has into one file, from which it boots.
fn pack(folder: &Path, kernel: &Kernel, init: &Path, agent: &Path) -> Result<PathBuf> {
    let root = folder.join("root");
    if root.exists() {
        fs::remove_dir_all(&root)?;
    }
    for name in ["bin", "modules"] {
        fs::create_dir_all(root.join(name))?;
    }
    let mut programs = Vec::new();
    for (from, to) in [(init, "init"), (agent, "bin/talot-agent")] {
        let to = root.join(to);
        let mut strip = Command::new("strip");
        shell::run(strip.arg("-o").arg(&to).arg(from))?;
        programs.push(to);
    }
    for name in WITHIN {
        let from = shell::find(name).with_context(|| format!("{name} is missing"))?;
        let to = root.join("bin").join(name);
        fs::copy(&from, &to).with_context(|| format!("copying {}", from.display()))?;
        programs.push(to);
    }
    for program in &programs {
        copy_libraries(program, &root)?;
    }
    let mut order = String::new();
    for module in MODULES {
        let from = kernel.modules.join(module);
        let name = Path::new(module).file_name().context("a module's name")?;
        fs::copy(&from, root.join("modules").join(name))
            .with_context(|| format!("copying {}", from.display()))?;
        order.push_str(&format!("{}\n", name.display()));
    }
    fs::write(root.join("modules/order"), order)?;
    let system = folder.join("system.cpio");
    let mut cpio = Command::new("sh");
    let script = "find . | cpio --quiet --create --format=newc > ../system.cpio";
    shell::run(cpio.args(["-e", "-c", script]).current_dir(&root))?;
    fs::remove_dir_all(&root)?;
    Ok(system)
}

/// Copies the shared libraries of a program to where it looks for them.
fn copy_libraries(program: &Path, root: &Path) -> Result<()> {
    let said = Command::new("ldd")
        .arg(program)
        .output()
        .context("cannot run ldd")?;
    let said = String::from_utf8_lossy(&said.stdout);
    for library in said.split_whitespace().filter(|word| word.starts_with('/')) {
        let to = root.join(library.trim_start_matches('/'));
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::copy(library, &to).with_context(|| format!("copying {library}"))?;
    }
    Ok(())
}

/// Boots the machine, shows what it says of its scenarios, and gives their verdict. It has no network,
/// no disk, and a clock of its own.
fn boot(kernel: &Kernel, system: &Path, filter: &str, log: &Path) -> Result<()> {
    let append = format!(
        "console=ttyS0 panic=-1 quiet PATH=/bin TALOT_AGENT=/bin/talot-agent TALOT_GUEST={filter}"
    );
    let mut qemu = Command::new("timeout");
    qemu.args([LIMIT, "qemu-system-x86_64", "-m", "1024", "-smp", "2"])
        .args(["-nographic", "-no-reboot", "-nic", "none"])
        .arg("-kernel")
        .arg(&kernel.image)
        .arg("-initrd")
        .arg(system)
        .args(["-append", &append])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    eprintln!("$ {}", shell::line(&qemu));
    let mut machine = qemu.spawn().context("cannot run qemu")?;
    let console = BufReader::new(machine.stdout.take().context("a console")?);
    let mut file = fs::File::create(log).with_context(|| format!("creating {}", log.display()))?;
    let mut lines = Vec::new();
    for line in console.split(b'\n') {
        let line = String::from_utf8_lossy(&line?).trim_end().to_owned();
        writeln!(file, "{line}")?;
        if let Some((_, said)) = line.split_once("GUEST ") {
            eprintln!("guest: {said}");
            lines.push(said.to_owned());
        }
    }
    machine.wait()?;
    fs::remove_file(system)?;
    verdict(&lines).with_context(|| format!("everything that it said is in {}", log.display()))
}

/// All scenarios have passed, or which have not.
fn verdict(lines: &[String]) -> Result<()> {
    let failed: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("FAILED "))
        .collect();
    ensure!(
        failed.is_empty(),
        "the guest has failed: {}",
        failed.join(", ")
    );
    if !lines.iter().any(|line| line == "done") {
        bail!("the guest ended before its scenarios did");
    }
    let passed = lines
        .iter()
        .filter(|line| line.starts_with("passed "))
        .count();
    ensure!(passed > 0, "no scenario of the guest has such a name");
    eprintln!("guest: {passed} scenarios passed");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_passes_if_every_scenario_does() {
        let verdict = |text: &str| verdict(&text.lines().map(str::to_owned).collect::<Vec<_>>());
        assert!(verdict("kernel 6.1\npassed a (3 s)\npassed b (4 s)\ndone").is_ok());
        for bad in [
            "",
            "done",
            "passed a (3 s)",
            "passed a (3 s)\nFAILED b (4 s)\ndone",
        ] {
            assert!(verdict(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_kernels_package_is_the_one_that_is_depended_on() {
        let said = "linux-image-amd64\n  Depends: linux-image-6.1.0-56-amd64\n  Breaks: <x>\n";
        assert_eq!(kernel_package(said).unwrap(), "linux-image-6.1.0-56-amd64");
        assert!(kernel_package("").is_err());
    }
}
