//! Tier `enrich`: countries of a million sources, on one CPU.

use std::{
    env,
    hint::black_box,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::PathBuf,
    time::Instant,
};

use anyhow::{Context as _, Result};
use talot_agent::{
    config::Config,
    geo::{Geo, fetch},
    records::{Enrichment as _, UNKNOWN_COUNTRY},
};
use talot_tests::{
    bench::{
        report::{Cell, Program, Row, Tier},
        statistics::Summary,
        trace::Distribution,
    },
    random::Random,
};

use crate::{machine, options::Options};

const SOURCES: u64 = 1_000_000;

pub(crate) fn measure(options: &Options) -> Result<Vec<Row>> {
    machine::pin(0, machine::receiving()?)?;
    // It stays for the next run.
    let parent = env::var_os("TALOT_BENCH_DIR").map_or_else(env::temp_dir, PathBuf::from);
    let data_dir = parent.join("geo");
    if !fetch::path(&data_dir).exists()
        && let Err(error) = fetch::fetch(&data_dir)
    {
        eprintln!("SKIP enrich: {error:#}");
        return Ok(Vec::new());
    }
    let geo = Geo::open(&Config {
        data_dir,
        ..Config::default()
    })?;
    let databases = geo.databases();
    let mut random = Random::new();
    let mut rows = Vec::new();
    for family in [4, 6] {
        let source = || -> IpAddr {
            if family == 4 {
                Ipv4Addr::from(random.bits() as u32).into()
            } else {
                // What is allocated to registries, 2000::/4.
                let bits = u128::from(random.bits()) << 64 | u128::from(random.bits());
                Ipv6Addr::from(2 << 124 | bits >> 4).into()
            }
        };
        let sources: Vec<IpAddr> = std::iter::repeat_with(source)
            .take(SOURCES as usize)
            .collect();
        let mut times = Vec::new();
        let mut known = 0;
        for round in 0..options.rounds() {
            eprintln!("enrich: IPv{family}, round {round}");
            let began = Instant::now();
            let countries = sources.iter().map(|source| databases.lookup(*source));
            known = countries
                .filter(|origin| black_box(origin).country != UNKNOWN_COUNTRY)
                .count();
            times.push(began.elapsed().as_nanos() as f64 / SOURCES as f64);
        }
        let cell = Cell {
            tier: Tier::Enrich,
            keys: SOURCES,
            distribution: Distribution::Uniform,
            family,
            packet: "source",
            phase: None,
            verdict: None,
            rate_pps: None,
            step: None,
        };
        let summary = Summary::of(&times).context("no rounds")?;
        let mut row = Row::new(cell, Program::Ours, options.rounds(), summary);
        row.counted = Some(known as u64);
        row.received = Some(SOURCES);
        row.million_per_second = Some(1e3 / summary.median);
        row.seconds = Some(summary.median * SOURCES as f64 / 1e9);
        rows.push(row);
    }
    Ok(rows)
}
