//! Running commands, each of which is printed first.

use std::env;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// The cargo that runs this program.
pub(crate) fn cargo(workspace: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace);
    command
}

/// The target folder, whatever its name: this program lies in `<target>/<profile>`.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let own = env::current_exe().context("cannot tell where this program lies")?;
    let target = own.ancestors().nth(2).context("no folder above it")?;
    Ok(target.to_owned())
}

/// Prints the command and runs it to its end. A failure names the command.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = line(command);
    eprintln!("$ {line}");
    let status = command
        .status()
        .with_context(|| format!("cannot run `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed: {status}");
    }
    Ok(())
}

/// Whether the command runs and ends well; its output is not shown.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// The command as one would type it, with the variables that it sets.
pub(crate) fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = match program.file_name() {
        Some(name) if name == "cargo" => name,
        _ => program.as_os_str(),
    };
    let variables = command.get_envs().filter_map(|(name, value)| {
        let value = value?.to_string_lossy();
        Some(format!("{}={}", name.to_string_lossy(), quoted(&value)))
    });
    let words = std::iter::once(program).chain(command.get_args());
    let words = words.map(|word| quoted(&word.to_string_lossy()));
    variables.chain(words).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@+,%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The first `program` in the folders of PATH and in those of the administrator, which a user's
/// PATH may lack.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|dir| dir.join(program))
        .find(|file| file.is_file())
}

/// Whether this process runs as root.
pub(crate) fn is_root() -> bool {
    // Of a process's own entry, the owner is its effective user.
    std::fs::metadata("/proc/self").is_ok_and(|entry| entry.uid() == 0)
}

/// For commands that load programs into the kernel and make network namespaces.
///
/// # Errors
///
/// If this process does not run as root; says how to repeat it.
pub(crate) fn require_root(command: &str) -> Result<()> {
    if !is_root() {
        bail!(
            "this loads programs into the kernel and makes network namespaces: repeat as root, \
             `sudo -E env \"PATH=$PATH\" {command}`"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_command_can_be_typed() {
        let mut command = Command::new("printf");
        command
            .args(["%s|", "it's", "", "a b", "$HOME"])
            .env("PREFIX", "/a b")
            .env_remove("GONE");
        let printed = line(&command);
        assert!(printed.starts_with("PREFIX='/a b' printf "), "{printed}");
        let shell = Command::new("sh").args(["-c", &printed]).output();
        assert_eq!(shell.expect("sh runs").stdout, b"it's||a b|$HOME|");
    }

    #[test]
    fn cargo_is_printed_by_its_name() {
        let mut command = Command::new("/opt/rust/bin/cargo");
        assert_eq!(line(command.arg("build")), "cargo build");
    }
}
