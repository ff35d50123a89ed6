//! What the tests need beside the toolchain: scanners, second readers of packets, of records and of
//! countries, a browser and a judge of pages, rustfmt and clippy.
//!
//! Nothing here is an error: a test that lacks something says that it skips.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::bpf_toolchain::tools;
use crate::{apt, shell};

/// Programs and the Debian packages that hold them.
const PROGRAMS: &[(&str, &str)] = &[
    ("chromium", "chromium"),
    ("curl", "curl"),
    ("ethtool", "ethtool"),
    ("hping3", "hping3"),
    ("ip", "iproute2"),
    ("masscan", "masscan"),
    ("mkfs.ext4", "e2fsprogs"),
    ("nmap", "nmap"),
    ("npm", "npm"),
    ("nsenter", "util-linux"),
    ("python3", "python3"),
    ("tcpdump", "tcpdump"),
    ("tshark", "tshark"),
    ("zmap", "zmap"),
];

/// Python's packages for the tests, and the folders in which they lie: readers and writers of
/// Parquet and of MaxMind's format by code that is not ours.
const PYTHON: [(&str, &str); 3] = [
    ("duckdb", "duckdb>=1.4,<3"),
    ("maxminddb", "maxminddb>=3,<4"),
    ("mmdb_writer", "mmdb_writer>=0.2,<0.3"),
];

/// npm's packages for the tests: Grafana's own types, and who checks dashboards by them; who says
/// what in a page keeps people out.
const NODE: [&str; 3] = ["@grafana/schema@13.2.3", "typescript@5.9.3", "axe-core@4"];

/// Installs what is missing where that is possible, and says what stays missing.
pub(crate) fn prepare(workspace: &Path) {
    let mut missing = packages_of_missing(|program| shell::find(program).is_some());
    let python = has_python_packages(workspace);
    if !python && !shell::succeeds(Command::new("python3").args(["-c", "import ensurepip"])) {
        missing.push("python3-venv".to_owned());
    }
    if !missing.is_empty() {
        packages(&missing);
    }
    if !python {
        tell(install_python_packages(workspace), "Python's packages");
    }
    if !has_prometheus(workspace) {
        tell(unpack_prometheus(workspace), "Prometheus");
    }
    if !has_node_packages(workspace) {
        tell(install_node_packages(workspace), "npm's packages");
    }
    for component in ["rustfmt", "clippy"] {
        if !has_component(workspace, component) {
            install_component(component);
        }
    }
}

/// Installs what the demo needs, `ip` and `nsenter`, and shows more with: curl and Prometheus.
pub(crate) fn prepare_demo(workspace: &Path) {
    let missing = packages_of_missing(|program| {
        !["curl", "ip", "nsenter"].contains(&program) || shell::find(program).is_some()
    });
    if !missing.is_empty() {
        packages(&missing);
    }
    if !has_prometheus(workspace) {
        tell(unpack_prometheus(workspace), "Prometheus");
    }
}

/// Whether cargo has rustfmt or clippy here.
pub(crate) fn has_component(workspace: &Path, component: &str) -> bool {
    let subcommand = if component == "rustfmt" {
        "fmt"
    } else {
        component
    };
    shell::succeeds(shell::cargo(workspace).args([subcommand, "--version"]))
}

fn packages_of_missing(is_there: impl Fn(&str) -> bool) -> Vec<String> {
    let missing = PROGRAMS.iter().filter(|(program, _)| !is_there(program));
    let mut packages: Vec<_> = missing.map(|(_, package)| (*package).to_owned()).collect();
    packages.dedup();
    packages
}

fn packages(packages: &[String]) {
    if apt::is_usable() {
        tell(apt::install(packages), "the tests' programs");
    } else {
        eprintln!(
            "setup: tests will skip. To install what they need:\n    {}",
            apt::advice(packages)
        );
    }
}

fn install_component(component: &str) {
    if shell::find("rustup").is_some() {
        let mut command = Command::new("rustup");
        tell(
            shell::run(command.args(["component", "add", component])),
            component,
        );
    } else if component == "rustfmt" {
        packages(&["rustfmt-web".to_owned()]);
    }
}

fn has_python_packages(workspace: &Path) -> bool {
    let venv = tools(workspace).join("venv");
    let mut versions = fs::read_dir(venv.join("lib"))
        .into_iter()
        .flatten()
        .flatten();
    venv.join("bin/python").exists()
        && versions.any(|version| {
            let packages = version.path().join("site-packages");
            let mut folders = PYTHON.iter().map(|(folder, _)| packages.join(folder));
            folders.all(|folder| folder.is_dir())
        })
}

fn install_python_packages(workspace: &Path) -> Result<()> {
    let venv = tools(workspace).join("venv");
    let mut make = Command::new("python3");
    shell::run(make.args(["-m", "venv", "--clear"]).arg(&venv))?;
    let mut install = Command::new(venv.join("bin/python"));
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]);
    shell::run(install.args(PYTHON.map(|(_, package)| package)))
}

fn has_node_packages(workspace: &Path) -> bool {
    let folder = tools(workspace).join("node/node_modules");
    let names = NODE.iter().filter_map(|package| package.rsplit_once('@'));
    let mut folders = names.map(|(name, _)| folder.join(name));
    folders.all(|folder| folder.is_dir())
}

fn install_node_packages(workspace: &Path) -> Result<()> {
    let folder = tools(workspace).join("node");
    fs::create_dir_all(&folder)?;
    let mut install = Command::new("npm");
    install.args(["install", "--silent", "--no-audit", "--no-fund"]);
    // Nothing of theirs runs but the compiler, when it is asked to.
    install.args(["--ignore-scripts", "--prefix"]).arg(&folder);
    shell::run(install.args(NODE))
}

/// Prometheus and promtool, installed or unpacked.
fn has_prometheus(workspace: &Path) -> bool {
    let own = prometheus(workspace).join("usr/bin");
    let is_there = |program: &str| shell::find(program).is_some() || own.join(program).is_file();
    is_there("prometheus") && is_there("promtool")
}

/// Unpacks Debian's package, for to install it would start a server.
fn unpack_prometheus(workspace: &Path) -> Result<()> {
    let folder = prometheus(workspace);
    let downloads = folder.join("download");
    fs::create_dir_all(&downloads)?;
    let mut download = Command::new("apt-get");
    shell::run(
        download
            .args(["download", "prometheus"])
            .current_dir(&downloads),
    )?;
    for package in fs::read_dir(&downloads)? {
        let mut unpack = Command::new("dpkg");
        shell::run(unpack.arg("-x").arg(package?.path()).arg(&folder))?;
    }
    Ok(fs::remove_dir_all(&downloads)?)
}

fn prometheus(workspace: &Path) -> PathBuf {
    tools(workspace).join("prometheus")
}

fn tell(outcome: Result<()>, what: &str) {
    if let Err(error) = outcome {
        eprintln!("setup: without {what}, tests will skip: {error:#}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_those_of_the_missing_programs() {
        assert!(packages_of_missing(|_| true).is_empty());
        let packages = packages_of_missing(|program| program != "ip" && program != "zmap");
        assert_eq!(packages, ["iproute2", "zmap"]);
        assert_eq!(packages_of_missing(|_| false).len(), PROGRAMS.len());
    }
}
