//! `cargo xtask run`: builds the agent and becomes it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
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

/// Brings the free default country database for a configuration that names none, if this process
/// may write where it belongs. Without it all else works, so no failure is an error.
pub(crate) fn fetch_countries(agent: &Path, configuration: Option<&OsStr>) {
    if !shell::is_root() {
        return;
    }
    let mut fetch = Command::new(agent);
    fetch.args(["geo", "fetch", "--if-missing"]);
    if let Some(file) = configuration {
        fetch.arg("--config").arg(file);
    }
    if let Err(error) = shell::run(&mut fetch) {
        eprintln!("setup: every country will be ZZ: {error:#}");
    }
}

/// What the agent is told to be its configuration.
fn configuration(arguments: &[OsString]) -> Option<&OsStr> {
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--config" {
            return arguments.next().map(OsString::as_os_str);
        }
        let bytes = argument.as_bytes().strip_prefix(b"--config=");
        if let Some(file) = bytes {
            return Some(OsStr::from_bytes(file));
        }
    }
    None
}

/// Sets up, builds, and replaces this process by `talot-agent run`, so that signals reach it.
pub(crate) fn run(workspace: &Path, arguments: &[OsString]) -> Result<()> {
    setup(workspace)?;
    let program = build_agent(workspace)?;
    fetch_countries(&program, configuration(arguments));
    let mut agent = Command::new(program);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_is_found_among_the_arguments() {
        let cases: [(&[&str], Option<&str>); 4] = [
            (&[], None),
            (&["--keep"], None),
            (&["--keep", "--config", "a.toml"], Some("a.toml")),
            (&["--config=b.toml", "--keep"], Some("b.toml")),
        ];
        for (words, expected) in cases {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            assert_eq!(configuration(&words), expected.map(OsStr::new), "{words:?}");
        }
    }
}
