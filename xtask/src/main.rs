//! Talot's own commands. `cargo xtask` is an alias in `.cargo/config.toml`.

mod apt;
mod bench;
mod bpf_toolchain;
mod demo;
mod guest;
mod run;
mod setup;
mod shell;
mod soak;
mod test;
mod test_tools;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};

/// Sets up, runs, tests and measures Talot.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Find what compiles for BPF on this machine, install what is missing, build, and bring the
    /// free default country database.
    #[command(after_help = "Example: cargo xtask setup")]
    Setup,
    /// Set up, build and run the agent.
    #[command(after_help = "Example: cargo xtask run --config talot.toml")]
    Run {
        /// What `talot-agent run` is given.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Set up, check and test everything, the whole sensor included.
    #[command(after_help = "Example: cargo xtask test midnight")]
    Test {
        /// Test longer, and check licences.
        #[arg(long)]
        long: bool,
        /// Run only the tests whose name contains this.
        filter: Option<String>,
    },
    /// Set up, and measure what counting costs beside what else could count.
    #[command(after_help = "Example: cargo xtask bench --quick")]
    Bench {
        /// End within five minutes.
        #[arg(long)]
        quick: bool,
        /// Print one JSON object per row instead of a table.
        #[arg(long)]
        json: bool,
        /// Only this tier: test, live, drain, close, enrich or report. May be given several times.
        #[arg(long)]
        tier: Vec<String>,
        /// Rows of the day that is closed.
        #[arg(long)]
        rows: Option<u64>,
    },
    /// Set up, and show a sensor at work for half a minute, in network namespaces of its own.
    #[command(after_help = "Example: cargo xtask demo")]
    Demo,
    /// Set up, and let a sensor suffer random faults under known traffic.
    #[command(after_help = "Example: cargo xtask soak --seed 7 --minutes 10")]
    Soak {
        /// Replays the faults of an earlier run.
        #[arg(long)]
        seed: Option<u64>,
        /// How long.
        #[arg(long, default_value_t = 5.0)]
        minutes: f64,
    },
    /// Set up, and set the clock of a virtual machine with Debian's kernel while its sensor counts.
    #[command(after_help = "Example: cargo xtask guest midnight")]
    Guest {
        /// Run only the scenarios whose name contains this, or one of several (a,b).
        filter: Option<String>,
    },
}

fn main() -> ExitCode {
    match execute(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn execute(command: Command) -> Result<()> {
    let manifest_dir = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let workspace = manifest_dir.as_deref().and_then(|dir| dir.parent());
    let workspace = workspace.context("run this as `cargo xtask`")?;
    match command {
        Command::Setup => {
            setup::setup(workspace)?;
            run::fetch_countries(&run::build_agent(workspace)?, None);
            Ok(())
        }
        Command::Run { arguments } => run::run(workspace, &arguments),
        Command::Demo => demo::demo(workspace),
        Command::Test { long, filter } => test::test(workspace, long, filter.as_deref()),
        Command::Soak { seed, minutes } => soak::soak(workspace, seed, minutes),
        Command::Guest { filter } => guest::guest(workspace, filter.as_deref()),
        Command::Bench {
            quick,
            json,
            tier,
            rows,
        } => {
            let mut arguments: Vec<OsString> = Vec::new();
            arguments.extend(quick.then(|| "--quick".into()));
            arguments.extend(json.then(|| "--json".into()));
            let report = tier.is_empty() || tier.iter().any(|tier| tier == "report");
            let report = report.then(|| arguments.clone());
            let (all, tiers) = (
                tier.is_empty(),
                tier.into_iter().filter(|tier| tier != "report"),
            );
            let tiers: Vec<OsString> = tiers.map(OsString::from).collect();
            if all || !tiers.is_empty() {
                arguments.extend(tiers.into_iter().flat_map(|tier| ["--tier".into(), tier]));
                if let Some(rows) = rows {
                    arguments.extend(["--rows".into(), rows.to_string().into()]);
                }
                bench::bench(workspace, &arguments)?;
            }
            report.map_or(Ok(()), |arguments| bench::report(workspace, &arguments))
        }
    }
}
