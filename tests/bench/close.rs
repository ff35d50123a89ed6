//! Tier `close`: closing a day of many rows.

use std::{
    env, fs,
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};
use jiff::tz::TimeZone;
use talot_agent::{
    clock,
    journal::{Journal, Tally},
    records::{self, Manner},
    row::{Row as Counted, RowKey},
};
use talot_common::{
    port_type::{Aim, Kind},
    words::{Class, Disposition},
};
use talot_tests::bench::{
    report::{Cell, Program, Row, Tier},
    statistics::Summary,
    trace::{self, Distribution},
};

use crate::{
    drain,
    options::Options,
    sections::{self, DAY, INTERVAL},
    world::POINT,
};

/// Rows of one drain.
const DRAIN: u64 = 1_000_000;
/// A day is closed so often, each time from its journal.
const ROUNDS: usize = 3;
/// Says that this process is one that closes a day.
const ASKED: &str = "TALOT_BENCH_CLOSE";

pub(crate) fn measure(options: &Options) -> Result<Vec<Row>> {
    let rows = options.rows;
    let folder = drain::folder()?;
    eprintln!("close: filling the journal with {rows} rows");
    fill(folder.path(), rows)?;
    let (mut times, mut peak) = (Vec::new(), 0);
    let rounds = if rows > 20_000_000 { 1 } else { ROUNDS };
    for round in 0..rounds {
        eprintln!("close: {rows} rows, round {round}");
        let closed = in_a_process(folder.path())?;
        ensure!(closed.rows == rows, "{} of {rows} rows", closed.rows);
        times.push(closed.seconds);
        peak = peak.max(closed.peak);
        let records = folder.path().join("records");
        fs::remove_dir_all(&records).with_context(|| format!("removing {}", records.display()))?;
    }
    let cell = Cell {
        tier: Tier::Close,
        keys: rows,
        distribution: Distribution::Uniform,
        family: 4,
        packet: "tcp-syn",
        phase: None,
        verdict: None,
        rate_pps: None,
        step: None,
    };
    let per_row: Vec<f64> = times.iter().map(|s| s * 1e9 / rows as f64).collect();
    let Some(summary) = Summary::of(&per_row) else {
        return Ok(Vec::new());
    };
    let mut row = Row::new(cell, Program::Ours, rounds, summary);
    row.counted = Some(rows);
    row.received = Some(rows);
    row.million_per_second = Some(1e3 / summary.median);
    row.seconds = Some(summary.median * rows as f64 / 1e9);
    row.peak_memory = Some(peak);
    Ok(vec![row])
}

/// Appends drains of different rows until there are as many as asked for.
fn fill(folder: &Path, rows: u64) -> Result<()> {
    let mut journal = Journal::open(folder)?;
    for (interval, first) in (0..rows).step_by(DRAIN as usize).enumerate() {
        let numbers = first..rows.min(first + DRAIN);
        let mut tally = Tally {
            seen: numbers.end - numbers.start,
            ..Tally::default()
        };
        tally.dispositions[Disposition::Access as usize] = tally.seen;
        let start = sections::DAY_START + interval as i64 * INTERVAL;
        let row = |number: u64| {
            let (source, port) = trace::key(number as u32);
            Counted {
                key: RowKey {
                    class: Class::Access,
                    aim: Aim {
                        kind: Kind::Tcp,
                        number: port,
                    },
                    source: Some(IpAddr::V4(Ipv4Addr::from_bits(source))),
                },
                packets: 1,
                first_seen: start,
                last_seen: start + INTERVAL,
                marks: 0,
            }
        };
        let section = sections::section(interval as i64, tally, numbers.map(row).collect());
        journal.append(&mut [section])?;
    }
    Ok(())
}

struct Closed {
    seconds: f64,
    /// Rows of the closed day.
    rows: u64,
    /// Most memory held, bytes.
    peak: u64,
}

/// In a process of its own, whose memory is that of closing alone.
fn in_a_process(folder: &Path) -> Result<Closed> {
    let own = env::current_exe().context("asking where this program lies")?;
    let output = Command::new(own)
        .env(ASKED, folder)
        .output()
        .context("starting a process that closes a day")?;
    ensure!(
        output.status.success(),
        "closing a day: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<&str> = text.split_whitespace().collect();
    let [seconds, rows, peak] = figures[..] else {
        anyhow::bail!("closing a day gave {text:?}");
    };
    Ok(Closed {
        seconds: seconds.parse()?,
        rows: rows.parse()?,
        peak: peak.parse()?,
    })
}

/// The folder whose day this process is to close, if it is one of those.
pub(crate) fn asked_of_this_process() -> Option<PathBuf> {
    env::var_os(ASKED).map(PathBuf::from)
}

/// Closes the day, and writes how that went.
pub(crate) fn in_this_process(folder: &Path) -> Result<()> {
    let began = Instant::now();
    let drains = Journal::read_only(folder)?;
    let (zone, now) = (TimeZone::UTC, clock::now());
    records::close_day(folder, &zone, &drains, DAY, POINT, now, Manner::PLAIN)?;
    let took = began.elapsed();
    let merged = drains.section(DAY, POINT).context("nothing of the day")?;
    let mut rows = 0_u64;
    let peak = peak_memory()?;
    for row in merged.rows()? {
        row?;
        rows += 1;
    }
    println!("{} {rows} {peak}", took.as_secs_f64());
    Ok(())
}

/// The most memory that this process has held, bytes (proc(5), VmHWM).
fn peak_memory() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status").context("reading /proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kilobytes: u64 = kilobytes
        .context("/proc/self/status has no VmHWM")?
        .trim()
        .parse()?;
    Ok(kilobytes * 1024)
}
