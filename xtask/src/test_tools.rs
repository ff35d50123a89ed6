//! What the tests need beside the toolchain: scanners, a second reader of packets and of records, a
//! browser and a judge of pages, rustfmt and clippy.
//!
//! Nothing here is an error: a test that lacks something says that it skips.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::bpf_toolchain::tools;
use crate::{apt, shell};

/// Programs and the Debian packages that hold them.
const PROGRAMS: [(&str, &str); 11] = [
    ("chromium", "chromium"),
    ("hping3", "hping3"),
    ("ip", "iproute2"),
    ("masscan", "masscan"),
    ("nmap", "nmap"),
    ("npm", "npm"),
    ("nsenter", "util-linux"),
    ("python3", "python3"),
    ("tcpdump", "tcpdump"),
    ("tshark", "tshark"),
    ("zmap", "zmap"),
];

/// DuckDB reads Parquet by code that is not ours.
const DUCKDB: &str = "duckdb>=1.4,<3";

/// axe-core says what in a page keeps people out.
const AXE: &str = "axe-core@4";

/// Installs what is missing where that is possible, and says what stays missing.
pub(crate) fn prepare(workspace: &Path) {
    let mut missing = packages_of_missing(|program| shell::find(program).is_some());
    let duckdb = has_duckdb(workspace);
    if !duckdb && !shell::succeeds(Command::new("python3").args(["-c", "import ensurepip"])) {
        missing.push("python3-venv".to_owned());
    }
    if !missing.is_empty() {
        packages(&missing);
    }
    if !duckdb {
        tell(install_duckdb(workspace), "DuckDB");
    }
    if !has_axe(workspace) {
        tell(install_axe(workspace), "axe-core");
    }
    for component in ["rustfmt", "clippy"] {
        if !has_component(workspace, component) {
            install_component(component);
        }
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

fn has_duckdb(workspace: &Path) -> bool {
    let venv = tools(workspace).join("venv");
    let mut versions = fs::read_dir(venv.join("lib"))
        .into_iter()
        .flatten()
        .flatten();
    venv.join("bin/python").exists()
        && versions.any(|version| version.path().join("site-packages/duckdb").is_dir())
}

fn install_duckdb(workspace: &Path) -> Result<()> {
    let venv = tools(workspace).join("venv");
    let mut make = Command::new("python3");
    shell::run(make.args(["-m", "venv", "--clear"]).arg(&venv))?;
    let mut install = Command::new(venv.join("bin/python"));
    shell::run(install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        DUCKDB,
    ]))
}

fn has_axe(workspace: &Path) -> bool {
    let script = "npm/node_modules/axe-core/axe.min.js";
    tools(workspace).join(script).exists()
}

fn install_axe(workspace: &Path) -> Result<()> {
    let mut install = Command::new("npm");
    install.args(["install", "--no-audit", "--no-fund", "--prefix"]);
    shell::run(install.arg(tools(workspace).join("npm")).arg(AXE))
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
