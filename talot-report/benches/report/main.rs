//! How long a month's report takes, and what memory: `cargo bench -p talot-report [-- --quick] [-- --json]`.
//!
//! Small: six months of ten points. Large: a month of a thousand points; `--quick` makes it fifty. Both have 5,000 rows of `ports` for each
//! point and day. The records are made by a writer of their own before, and are read once, so that the disk is not measured. The floor is the
//! time in which the same files can be read and hashed.

mod records;

use std::{
    env, fs, hint,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use records::Plan;
use sha2::{Digest as _, Sha256};

const ROWS: usize = 5_000;

fn main() {
    let flag = |name: &str| env::args().any(|argument| argument == name);
    // `cargo test --benches` runs it too, without this.
    if !flag("--bench") {
        return;
    }
    let json = flag("--json");
    let points = if flag("--quick") { 50 } else { 1_000 };
    let first =
        |month: i8| (jiff::civil::date(2026, month, 1) - jiff::civil::date(1970, 1, 1)).get_days();
    let small = Plan {
        points: 10,
        days: first(5)..first(11),
        rows: ROWS,
    };
    let large = Plan {
        points,
        days: first(10)..first(11),
        rows: ROWS,
    };
    for (name, plan, runs) in [
        ("six months of 10 points", small, 5),
        ("one month", large, 1),
    ] {
        measure(name, &plan, runs, json);
    }
}

fn measure(name: &str, plan: &Plan, runs: usize, json: bool) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let records = folder.path().join("records");
    eprintln!("making records: {name}, {} points", plan.points);
    records::write(plan, &records);
    let floor = floor(&records).as_secs_f64();
    let report = |run| report(&records, &folder.path().join(format!("report-{run}")));
    let mut taken: Vec<_> = (0..runs).map(report).collect();
    taken.sort();
    let (time, memory) = taken[runs / 2];
    let rows = plan.points * plan.days.len() * plan.rows;
    let (seconds, mebibytes) = (time.as_secs_f64(), memory / 1024);
    if json {
        println!(
            "{{\"report\":\"{name}\",\"points\":{},\"rows\":{rows},\"seconds\":{seconds:.2},\"floor_seconds\":{floor:.2},\"memory_mib\":{mebibytes}}}",
            plan.points
        );
    } else {
        let points = plan.points;
        println!(
            "report: {name}, {points} points, {rows} rows of ports: {seconds:.2} s, {:.1} × the floor of {floor:.2} s, {mebibytes} MiB",
            seconds / floor
        );
    }
}

/// What no report could do without: every file is read and hashed, on all processors.
fn floor(records: &Path) -> Duration {
    let mut folders = vec![records.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let list = if path.is_dir() {
                &mut folders
            } else {
                &mut files
            };
            list.push(path);
        }
    }
    let share = files
        .len()
        .div_ceil(thread::available_parallelism().map_or(1, usize::from));
    let start = Instant::now();
    thread::scope(|scope| {
        for files in files.chunks(share) {
            scope.spawn(move || {
                for file in files {
                    hint::black_box(Sha256::digest(fs::read(file).expect("a file")));
                }
            });
        }
    });
    start.elapsed()
}

/// Makes the report; the time, and the most memory, in KiB.
fn report(records: &Path, out: &Path) -> (Duration, u64) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_talot-report"));
    command.args(["month", "2026-10", "--records"]).arg(records);
    command.arg("--out").arg(out);
    let start = Instant::now();
    let mut child = command.spawn().expect("talot-report starts");
    let status_file = format!("/proc/{}/status", child.id());
    let mut memory = 0;
    loop {
        if let Some(status) = child.try_wait().expect("a child") {
            assert!(status.success(), "talot-report failed");
            return (start.elapsed(), memory);
        }
        let status = fs::read_to_string(&status_file).unwrap_or_default();
        let high = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let high = high.and_then(|high| high.trim().trim_end_matches(" kB").parse().ok());
        memory = memory.max(high.unwrap_or(0));
        thread::sleep(Duration::from_millis(5));
    }
}
