//! What counting costs, beside what else could count: `cargo xtask bench`.
//!
//! Everything happens in network namespaces of its own, which end with it.

mod af_packet;
mod bpf;
mod close;
mod contestant;
mod drain;
mod enrich;
mod generator;
mod identity;
mod live;
mod machine;
mod nft;
mod nft_counter;
mod options;
mod ours;
mod plain_hash;
mod reference;
mod sections;
mod stage;
mod test_run;
mod world;

use std::process::ExitCode;

use anyhow::Result;
use talot_tests::{
    bench::report::{self, Row, Tier},
    lab::{Lab, Options as LabOptions},
};

use crate::options::Options;

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode> {
    if let Some(folder) = close::asked_of_this_process() {
        return close::in_this_process(&folder).map(|()| ExitCode::SUCCESS);
    }
    let options = Options::read(std::env::args().skip(1))?;
    let _alone = machine::alone()?;
    identity::check(&laboratory())?;
    let mut rows: Vec<Row> = Vec::new();
    for tier in &options.tiers {
        rows.extend(match tier {
            Tier::Test => laboratory().sensor.inside(|| test_run::measure(&options)),
            Tier::Live => machine::apart(|| live::measure(&options, &laboratory())),
            Tier::Drain => laboratory().sensor.inside(|| drain::measure(&options)),
            Tier::Close => close::measure(&options),
            Tier::Enrich => machine::apart(|| enrich::measure(&options)),
        }?);
    }
    report::compare(&mut rows);
    if options.json {
        print!("{}", report::json(&rows));
    } else {
        print!("{}", report::table(&rows));
    }
    // At a pace the receiving thread sleeps and wakes all the time, and its time moves for that alone:
    // those rows are there for what was missed.
    let is_paced = |row: &Row| row.cell.rate_pps.is_some_and(|rate| rate > 0);
    if rows.iter().any(|row| row.noisy && !is_paced(row)) {
        eprintln!("the no-op's own time moved by more than 1.3: another run may tell more");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Nothing is on the cable but what the bench sends.
fn laboratory() -> Lab {
    Lab::with(&LabOptions::quiet())
}
