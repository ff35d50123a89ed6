//! `talot-agent read`: the same records from captures as if their packets had arrived, by the same
//! parser and decision table as the kernel's program.

mod arguments;
mod count;
mod damage;
mod input;
mod judge;
mod kernel;
mod link;
mod pcap;
mod pcapng;
mod progress;
mod reader;
mod recent;
mod store;
mod surroundings;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write as _,
    fs::File,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};
use jiff::civil::Date;
use talot_common::words::Disposition;

use self::{
    arguments::usage,
    count::{Counts, Span},
    judge::{Judge, Judgement},
    kernel::Comparison,
    progress::Progress,
    store::Store,
};
pub use self::{
    arguments::{Arguments, ModeFlag, Usage},
    damage::Damage,
    link::LinkType,
    reader::{Reader, Record},
};
use crate::{
    config::Config,
    journal::{Observation, Section, Tally, Watched},
    plan,
    sensor::kernel_release,
};

/// A hash table whose order nobody can foresee.
type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Reads captures into records.
///
/// # Errors
/// [`Usage`] or [`crate::config::Mistakes`] if what is asked for makes no sense. If a capture is
/// damaged, what can be read of it is in the records all the same.
pub fn read(arguments: &Arguments) -> Result<()> {
    let config = arguments.configuration()?;
    let (captures, bytes) = in_order(&arguments.captures)?;
    let progress = Progress::new(bytes);
    let mut reading = Reading {
        judge: Judge::new(&config.points, &config.excludes, &config.solicited),
        counts: Counts::new(config.timezone.zone.clone(), names(&config)),
        comparison: match arguments.kernel {
            true => Some(Comparison::new(&config)?),
            false => None,
        },
        store: Store::open(&config)?,
        config: &config,
        tallies: vec![Tally::default(); config.points.len()],
        packets: 0,
        observed_until: i64::MIN,
    };
    let mut damaged = Vec::new();
    for capture in &captures {
        let read = reading.capture(capture, &progress);
        if let Err(damage) = read.inspect_err(|_| progress.end())? {
            damaged.push(format!("{} is damaged {damage}", capture.display()));
        }
    }
    progress.end();
    let differences = reading.finish()?;
    if !damaged.is_empty() {
        bail!("{}; what is before it has been counted", damaged.join("; "));
    }
    ensure!(
        differences == 0,
        "the kernel's program decides otherwise on {differences} packets: please report them"
    );
    Ok(())
}

fn names(config: &Config) -> Vec<String> {
    let points = config.points.iter();
    points.map(|point| point.name.clone()).collect()
}

/// The captures in the order of their first packets, and their length together.
fn in_order(captures: &[PathBuf]) -> Result<(Vec<PathBuf>, u64)> {
    let mut bytes = 0;
    let mut begin = Vec::new();
    for path in captures {
        let file = open(path)?;
        let about = file.metadata()?;
        bytes += about.len();
        if let [only] = captures {
            return Ok((vec![only.clone()], bytes));
        }
        if !about.is_file() {
            let path = path.display();
            return Err(usage(format!(
                "{path} is not a file: to be put in order, several captures must be files; merge \
                 them first (mergecap)"
            )));
        }
        let mut reader = reader(path, file)?;
        // One that is damaged there says so when it is read.
        let first = reader.next().ok().flatten().map(|record| record.time);
        begin.push((first, path.clone()));
    }
    begin.sort_by_key(|(first, _)| *first);
    Ok((begin.into_iter().map(|(_, path)| path).collect(), bytes))
}

fn open(path: &Path) -> Result<File> {
    File::open(path).with_context(|| format!("opening {}", path.display()))
}

fn reader(path: &Path, source: impl std::io::Read + 'static) -> Result<Reader> {
    Reader::new(source).with_context(|| format!("reading {}", path.display()))
}

/// Captures on their way into the records.
struct Reading<'a> {
    config: &'a Config,
    judge: Judge,
    counts: Counts,
    comparison: Option<Comparison>,
    store: Store<'a>,
    /// By point, of all captures.
    tallies: Vec<Tally>,
    packets: u64,
    /// The last time of the captures so far, ns since 1970 UTC.
    observed_until: i64,
}

impl Reading<'_> {
    /// Reads one capture; the inner error is what is wrong with it.
    fn capture(&mut self, path: &Path, progress: &Progress) -> Result<Result<(), Damage>> {
        let mut reader = reader(path, progress.follow(path, open(path)?))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut without_headers = 0;
        let end = loop {
            let record = match reader.next() {
                Ok(Some(record)) => record,
                Ok(None) => break Ok(()),
                Err(damage) => break Err(damage),
            };
            self.packets += 1;
            let judgement = self.judge.judge(&record);
            let in_part = record.frame.bytes.len() < record.frame.length;
            if in_part && matches!(judgement, Judgement::Seen(_, Disposition::Malformed)) {
                without_headers += 1;
            }
            if let Some(comparison) = &mut self.comparison
                && judgement != Judgement::Leaving
            {
                comparison.run(&name, &record)?;
            }
            self.counts
                .add(record.time, judgement)
                .with_context(|| format!("packet {} of {}", record.number, path.display()))?;
            if self.counts.is_full() {
                self.store_counts()?;
            }
        };
        self.store_counts()?;
        let mut note = format!("read from a capture: {name}");
        if without_headers > 0 {
            let are = "packets count as malformed of which the capture holds too little";
            eprintln!("{name}: {without_headers} {are} (its snap length)");
            write!(note, ", {without_headers} {are}")?;
        }
        if let Err(damage) = &end {
            write!(note, ", which is damaged {damage}")?;
        }
        self.store_observations(&note)?;
        Ok(end)
    }

    fn store_counts(&mut self) -> Result<()> {
        let sections = self.counts.take();
        for section in &sections {
            let points = self.config.points.iter().zip(&mut self.tallies);
            for (_, tally) in points.filter(|(point, _)| point.name == section.point) {
                tally.add(&section.tally);
            }
        }
        self.store.put(sections)
    }

    /// A capture observes from its first packet of a day to its last, as far as none before it did.
    fn store_observations(&mut self, note: &str) -> Result<()> {
        let addresses = plan::addresses(&self.config.points, &std::collections::BTreeMap::new());
        let mut sections = Vec::new();
        for (day, Span { first, last }) in self.counts.end_capture() {
            let start = first.max(self.observed_until.min(last));
            for (point, addresses) in self.config.points.iter().zip(&addresses) {
                let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                let watched = Watched {
                    addresses: addresses.join(","),
                    start: start.div_euclid(1000),
                    end: last.div_euclid(1000),
                };
                sections.push(Section {
                    day,
                    point: point.name.clone(),
                    tally: Tally::default(),
                    observation: Observation {
                        observed_us: watched.end - watched.start,
                        addresses: vec![watched],
                        // A capture shows packets as the kernel's stack sees them.
                        xdp_mode: "generic".into(),
                        mode: point.mode.name().into(),
                        verdict: point.verdict.name().into(),
                        kernel: kernel_release().into(),
                        agent_version: env!("CARGO_PKG_VERSION").into(),
                        timezone: self.config.timezone.name.clone().into(),
                        notes: vec![note.to_owned()],
                        ..Observation::default()
                    },
                    rows: Vec::new(),
                });
            }
            self.observed_until = self.observed_until.max(last);
        }
        self.store.put(sections)
    }

    /// Makes everything durable and says what it came to; by how many packets the kernel differs.
    fn finish(self) -> Result<u64> {
        let closed: BTreeSet<Date> = self
            .store
            .finish()?
            .into_iter()
            .map(|(day, _)| day)
            .collect();
        println!("{} packets read", self.packets);
        for (point, tally) in self.config.points.iter().zip(&self.tallies) {
            println!("point {} ({}):", point.name, point.mode.name());
            for (name, packets) in tally.figures() {
                println!("  {name:<23} {packets}");
            }
        }
        let days: Vec<String> = closed.iter().map(ToString::to_string).collect();
        println!(
            "days closed in {}: {}",
            self.config.data_dir.join("records").display(),
            if days.is_empty() {
                "none".to_owned()
            } else {
                days.join(", ")
            }
        );
        Ok(self.comparison.map_or(0, |comparison| {
            let (text, differences) = comparison.end();
            println!("{text}");
            differences
        }))
    }
}
