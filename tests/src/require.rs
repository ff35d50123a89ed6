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
    skip(&said);
    false
}

/// Whether the kernel can do something that nobody can install: a skip wherever the tests run.
#[must_use]
pub fn of_kernel(test: &str, ability: &str, there: bool) -> bool {
    if !there {
        skip(&format!("SKIP {test}: this kernel has no {ability}"));
    }
    there
}

fn skip(said: &str) {
    // Not by `eprintln!`: the test harness keeps what a test prints to itself when it passes. A
    // skip that cannot be printed is still a skip.
    let _ = writeln!(std::io::stderr(), "{said}");
}

/// Whether these programs are installed, see [`met`].
///
/// # Panics
/// When one is missing and `CI` is `true`.
#[must_use]
pub fn programs(test: &str, programs: &[&str]) -> bool {
    programs.iter().all(|program| {
        let requirement = format!("{program} is not installed (cargo xtask test installs it)");
        met(test, &requirement, on_path(program))
    })
}
