//! What a test needs of the machine. A test that cannot run says so; it never passes in silence.

use std::io::Write as _;

use crate::shell::on_path;

/// Whether the test can run here. What is missing is named in the output; where the tests run by
/// themselves (`CI=true`) it is a failure.
///
/// # Panics
/// When something is missing and `CI` is `true`.
#[must_use]
pub fn met(test: &str, requirement: &str, there: bool) -> bool {
    if there {
        return true;
    }
    let said = format!("SKIP {test}: {requirement}");
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{said}");
    // Not by `eprintln!`: the test harness keeps what a test prints to itself when it passes. A
    // skip that cannot be printed is still a skip.
    let _ = writeln!(std::io::stderr(), "{said}");
    false
}

/// Whether these programs are installed, see [`met`].
///
/// # Panics
/// When one is missing and `CI` is `true`.
#[must_use]
pub fn programs(test: &str, programs: &[&str]) -> bool {
    programs.iter().all(|program| {
        let requirement = format!("{program} is not installed (cargo xtask setup)");
        met(test, &requirement, on_path(program))
    })
}
