//! What is to be measured, and how thoroughly.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use talot_tests::bench::report::Tier;

/// What the command line asks for.
#[derive(Debug)]
pub(crate) struct Options {
    /// Within five minutes.
    pub(crate) quick: bool,
    /// One JSON object per row.
    pub(crate) json: bool,
    pub(crate) tiers: Vec<Tier>,
    /// Rows of the day that is closed.
    pub(crate) rows: u64,
    began: Instant,
}

impl Options {
    pub(crate) fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self {
            quick: false,
            json: false,
            tiers: Vec::new(),
            rows: 0,
            began: Instant::now(),
        };
        while let Some(argument) = arguments.next() {
            let mut value = || {
                let value = arguments.next();
                value.with_context(|| format!("{argument} needs a value"))
            };
            match argument.as_str() {
                "--quick" => options.quick = true,
                "--json" => options.json = true,
                "--tier" => options.tiers.push(tier(&value()?)?),
                "--rows" => options.rows = value()?.parse().context("--rows: not a number")?,
                // What `cargo bench` adds.
                "--bench" => {}
                other => bail!("unknown argument {other}"),
            }
        }
        if options.tiers.is_empty() {
            options.tiers = vec![
                Tier::Test,
                Tier::Live,
                Tier::Drain,
                Tier::Close,
                Tier::Enrich,
            ];
        }
        if options.rows == 0 {
            options.rows = if options.quick { 1_000_000 } else { 10_000_000 };
        }
        Ok(options)
    }

    /// How often each competitor has its turn.
    pub(crate) const fn rounds(&self) -> usize {
        if self.quick { 5 } else { 9 }
    }

    /// Whether a measurement whose floor moved, made so often, is made again.
    pub(crate) fn may_repeat(&self, attempts: usize) -> bool {
        if self.quick {
            attempts < 2 && self.began.elapsed() < Duration::from_secs(120)
        } else {
            attempts < 4
        }
    }

    /// A turn on empty tables goes on for at least so many packets.
    pub(crate) const fn first_touches(&self) -> u32 {
        if self.quick { 256_000 } else { 1_000_000 }
    }

    /// Packets per second while all keys are shown for the first time.
    pub(crate) const fn warm_up_rate(&self) -> u64 {
        if self.quick { 1_200_000 } else { 600_000 }
    }

    /// How long one turn of a test run lasts, about.
    pub(crate) const fn turn(&self) -> Duration {
        Duration::from_millis(if self.quick { 60 } else { 300 })
    }
}

fn tier(name: &str) -> Result<Tier> {
    Ok(match name {
        "test" => Tier::Test,
        "live" => Tier::Live,
        "drain" => Tier::Drain,
        "close" => Tier::Close,
        "enrich" => Tier::Enrich,
        _ => bail!("--tier {name}: there are test, live, drain, close and enrich"),
    })
}
