//! Debian's packages: installed when this process may, otherwise the command is printed.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use crate::shell;

/// Whether this process may install packages.
pub(crate) fn is_usable() -> bool {
    shell::is_root() && shell::find("apt-get").is_some()
}

/// Installs `packages`, asking nothing and removing nothing.
pub(crate) fn install(packages: &[String]) -> Result<()> {
    shell::run(&mut apt_get(&["update"]))?;
    let mut command = apt_get(&["install", "--yes", "--no-install-recommends", "--no-remove"]);
    shell::run(command.args(packages)).with_context(|| {
        format!("cannot install {}; is the distribution one that has them, and does it hold a package that conflicts?", packages.join(" "))
    })
}

/// The command that a user with root's rights can type.
pub(crate) fn advice(packages: &[String]) -> String {
    format!(
        "sudo apt-get update && sudo apt-get install --no-install-recommends {}",
        packages.join(" ")
    )
}

fn apt_get(arguments: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        // Another apt may be at work: a fresh machine's own upgrade.
        .args(["-o", "DPkg::Lock::Timeout=300"])
        .args(arguments)
        .stdin(Stdio::null())
        // What is asked for may be printed on stdout, and nothing else.
        .stdout(std::io::stderr());
    command
}
