//! Running the tools that build the laboratory.

use std::process::{Command, Output};

/// Runs a command to its end and gives its output.
///
/// # Panics
/// When it cannot be started or does not succeed: with all that it said.
pub fn run(command: &mut Command) -> Output {
    let output = attempt(command);
    assert!(
        output.status.success(),
        "{command:?} failed ({}):\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    output
}

/// Runs a command to its end and gives its output, whatever its exit status.
///
/// # Panics
/// When it cannot be started.
pub fn attempt(command: &mut Command) -> Output {
    command
        .output()
        .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"))
}

/// Runs `ip` with these words.
///
/// # Panics
/// When it fails.
pub fn ip(words: &str) {
    run(Command::new("ip").args(words.split_whitespace()));
}

/// What a program wrote, as text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Whether a program of this name is on the path.
pub fn on_path(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    })
}
