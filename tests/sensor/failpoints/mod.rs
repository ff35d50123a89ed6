//! Something fails, or the agent dies, at every point at which something durable changes: what is
//! recorded in the end is what was sent.

mod trial;

use std::{collections::BTreeSet, sync::Mutex, thread};

use talot_agent::failpoint::POINTS;
use talot_tests::{agent::program_with_failpoints, require};

use self::trial::Trial;
use crate::common::alone;

/// Points that are passed before a midnight, in the order in which an agent that starts again after
/// each death comes to them.
const DRAINING: &[&str] = &[
    "journal.create",
    "journal.write",
    "temporary.delete",
    "journal.fsync",
    "journal.rename",
    "journal.dirsync",
];
const MERGING: &[&str] = &[
    "merge.create",
    "merge.write",
    "merge.fsync",
    "merge.rename",
    "merge.dirsync",
    "journal.delete",
];
/// Points of closing a day.
const CLOSING: &[&str] = &[
    "directory.create",
    "directory.dirsync",
    "intent.create",
    "intent.write",
    "intent.fsync",
    "intent.rename",
    "intent.dirsync",
    "sources.create",
    "sources.write",
    "sources.fsync",
    "sources.rename",
    "sources.dirsync",
    "ports.create",
    "ports.write",
];
const CLOSING_ON: &[&str] = &[
    "ports.fsync",
    "ports.rename",
    "ports.dirsync",
    "coverage.create",
    "coverage.write",
    "coverage.fsync",
    "coverage.rename",
    "coverage.dirsync",
    "coverage-hash.create",
    "coverage-hash.write",
    "coverage-hash.fsync",
    "coverage-hash.rename",
    "coverage-hash.dirsync",
    "intent.delete",
    "expiry.delete",
    "merge.delete",
];
/// Points of sorting pseudonyms.
const SORTING: &[&str] = &["sorting.create", "sorting.write"];
/// Points of clearing the kernel, which cannot fail.
const CLEARING: &[&str] = &["clear.before", "clear.midst", "clear.after"];

fn can_run(test: &str) -> bool {
    let built = program_with_failpoints().is_some();
    require::met(test, "the agent with failpoints (cargo xtask test)", built)
}

/// Runs all of them, a few at once.
fn run(trials: Vec<Trial>) {
    const AT_ONCE: usize = 4;
    let waiting = Mutex::new(trials);
    let next = || waiting.lock().expect("no trial panics here").pop();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(trial) = next() {
                    trial.run();
                }
            });
        }
    });
}

/// Every point of these, one after the other, each in an agent of its own.
fn deaths(points: &[&str]) -> Trial {
    Trial::of(points.iter().map(|point| format!("{point}=kill@1")))
}

/// All of these in one agent, each twice.
fn errors(points: &[&str], error: &str) -> Trial {
    let faults = points.iter().map(|point| format!("{point}={error}@1..2"));
    Trial::of([faults.collect::<Vec<_>>().join(",")])
}

#[test]
fn every_point_is_tried() {
    let tried = [DRAINING, MERGING, CLOSING, CLOSING_ON, SORTING, CLEARING].concat();
    let tried: BTreeSet<&str> = tried.into_iter().collect();
    assert_eq!(tried, POINTS.iter().copied().collect());
}

#[test]
fn an_error_at_any_point_loses_nothing() {
    if !can_run("an_error_at_any_point_loses_nothing") {
        return;
    }
    let _alone = alone();
    let mut all = [DRAINING, MERGING, CLOSING, CLOSING_ON].concat();
    // Needs a death before it.
    all.retain(|point| *point != "temporary.delete");
    let mut trials = Vec::new();
    for error in ["eio", "enospc"] {
        trials.push(errors(&all, error));
        trials.push(errors(SORTING, error).with_pseudonyms());
    }
    run(trials);
}

#[test]
fn a_death_at_any_point_loses_nothing() {
    if !can_run("a_death_at_any_point_loses_nothing") {
        return;
    }
    let _alone = alone();
    run(vec![
        deaths(DRAINING).restarting(),
        deaths(MERGING).restarting(),
        deaths(CLOSING).restarting(),
        deaths(CLOSING_ON).restarting(),
        deaths(SORTING).restarting().with_pseudonyms(),
        deaths(CLEARING).restarting(),
    ]);
}

/// The full product, each in a run of its own.
#[test]
fn every_point_by_itself() {
    if std::env::var_os("TALOT_TEST_LONG").is_none() || !can_run("every_point_by_itself") {
        return;
    }
    let _alone = alone();
    let mut trials = Vec::new();
    for point in POINTS {
        for action in ["kill@1", "eio@1..2", "enospc@1..2"] {
            if CLEARING.contains(point) && !action.starts_with("kill") {
                continue;
            }
            let mut trial = Trial::of([format!("{point}={action}")]);
            if action.starts_with("kill") {
                trial = trial.restarting();
            }
            if SORTING.contains(point) {
                trial = trial.with_pseudonyms();
            }
            if *point == "temporary.delete" {
                trial = trial.after("journal.write=kill@1");
            }
            trials.push(trial);
        }
    }
    println!("{} trials", trials.len());
    run(trials);
}
