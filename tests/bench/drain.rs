//! Tier `drain`: from the kernel's table to user space, and on to the disk.

use std::{env, path::PathBuf, time::Instant};

use anyhow::{Context as _, Result, ensure};
use talot_agent::journal::Journal;
use talot_tests::bench::{
    report::{Cell, Program, Row, Tier},
    statistics::Summary,
    trace::Distribution,
};

use crate::{
    contestant::{Contestant as _, check},
    machine,
    options::Options,
    ours::{self, Ours},
    plain_hash::PlainHash,
    sections,
    stage::Stage,
    test_run::KEYS,
    world::{Packet, Setting},
};

/// A folder on the disk that holds the build, and goes with the value.
pub(crate) fn folder() -> Result<tempfile::TempDir> {
    let parent = env::var_os("TALOT_BENCH_DIR").map_or_else(env::temp_dir, PathBuf::from);
    tempfile::tempdir_in(&parent).with_context(|| format!("a folder in {}", parent.display()))
}

/// What is timed, in the order of the rows. `whole` is the first three together; `durable` is a drain of its own:
/// flip, read, journal, clear.
const STEPS: [&str; 5] = ["flip", "read", "clear", "whole", "durable"];

/// Runs on a thread inside a namespace.
pub(crate) fn measure(options: &Options) -> Result<Vec<Row>> {
    machine::pin(0, machine::receiving()?)?;
    let mut rows = Vec::new();
    for keys in KEYS {
        let capacity = ours::capacity(4, keys);
        let mut stage = Stage::new(Packet::Syn4)?;
        stage.set_trace(keys, Distribution::Uniform)?;
        let mut ours = Ours::load(capacity, Setting::DARK)?;
        let mut hash = PlainHash::load(capacity, Setting::DARK)?;
        let mut times: [Vec<f64>; STEPS.len()] = Default::default();
        let mut hash_times = Vec::new();
        for round in 0..options.rounds() {
            eprintln!("drain: {keys} keys, round {round}");
            stage.put(ours.xdp()?)?;
            stage.rewind()?;
            stage.run(keys)?;
            let [flip, read, clear] = plain(&mut ours, keys)?;
            stage.rewind()?;
            stage.run(keys)?;
            let durable = durable(&mut ours, keys)?;
            let all = [flip, read, clear, flip + read + clear, durable];
            for (times, time) in times.iter_mut().zip(all) {
                times.push(time);
            }
            stage.put(hash.xdp()?)?;
            stage.rewind()?;
            stage.run(keys)?;
            let began = Instant::now();
            let (taken, packets) = hash.take_all()?;
            hash_times.push(began.elapsed().as_secs_f64());
            ensure!(taken == u64::from(keys), "{taken} of {keys} keys");
            check(Program::Hash, Some(packets), keys.into())?;
        }
        let tag = ours.tag()?;
        let ours = STEPS.iter().zip(&times);
        let rows_of_ours = ours.map(|(step, times)| row(keys, Program::Ours, step, times));
        for mut row in rows_of_ours.flatten() {
            row.prog_tag = Some(tag.clone());
            rows.push(row);
        }
        rows.extend(row(keys, Program::Hash, "whole", &hash_times));
    }
    Ok(rows)
}

fn row(keys: u32, program: Program, step: &'static str, times: &[f64]) -> Option<Row> {
    let cell = Cell {
        tier: Tier::Drain,
        keys: keys.into(),
        distribution: Distribution::Uniform,
        family: 4,
        packet: Packet::Syn4.name(),
        phase: None,
        verdict: None,
        rate_pps: None,
        step: Some(step),
    };
    let per_entry: Vec<f64> = times
        .iter()
        .map(|seconds| seconds * 1e9 / f64::from(keys))
        .collect();
    let summary = Summary::of(&per_entry)?;
    let mut row = Row::new(cell, program, times.len(), summary);
    row.counted = Some(u64::from(keys) * times.len() as u64);
    row.received = row.counted;
    row.million_per_second = Some(1e3 / summary.median);
    row.seconds = Some(summary.median * f64::from(keys) / 1e9);
    Some(row)
}

/// Seconds of each step.
fn plain(ours: &mut Ours, keys: u32) -> Result<[f64; 3]> {
    let kernel = &mut ours.kernel;
    let began = Instant::now();
    let epoch = kernel.flip()?;
    let flip = began.elapsed();
    let began = Instant::now();
    let counts = kernel.read(epoch)?;
    let read = began.elapsed();
    let began = Instant::now();
    kernel.clear(epoch);
    let clear = began.elapsed();
    check(Program::Ours, Some(ours::held(&counts)), keys.into())?;
    Ok([flip, read, clear].map(|time| time.as_secs_f64()))
}

/// Seconds of a drain to the disk.
fn durable(ours: &mut Ours, keys: u32) -> Result<f64> {
    let folder = folder()?;
    let mut journal = Journal::open(folder.path())?;
    let kernel = &mut ours.kernel;
    let began = Instant::now();
    let epoch = kernel.flip()?;
    let section = sections::of_counts(&kernel.read(epoch)?)?;
    let seen = section.tally.seen;
    journal.append(&mut [section])?;
    kernel.clear(epoch);
    let took = began.elapsed();
    check(Program::Ours, Some(seen), keys.into())?;
    Ok(took.as_secs_f64())
}
