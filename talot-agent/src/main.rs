//! `talot-agent`: the command line.

use std::{
    io::{self, BufWriter, ErrorKind, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context as _, Result, ensure};
use clap::{Args, Parser, Subcommand};
use jiff::civil::Date;
use talot_agent::{
    capture::{self, Usage},
    config::{Config, Mistakes},
    doctor::{self, Grade},
    geo::{Geo, fetch},
    interface,
    privacy::SourcesForm,
    records::{Export, Format, Manner, Table},
    sensor, status,
};

#[derive(Parser)]
#[command(
    version,
    about = "Counts the unsolicited packets that reach this machine, by source and port"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Watch, drain, serve metrics, until Ctrl-C or SIGTERM
    #[command(after_help = "Example: talot-agent run --config /etc/talot/talot.toml")]
    Run {
        #[command(flatten)]
        configured: Configured,
        /// Leave the kernel counting at the end; the next run takes over without a gap
        #[arg(long)]
        keep: bool,
    },
    /// Write the same records from pcap or pcapng files, without privileges
    #[command(
        after_help = "Examples: talot-agent read --config /etc/talot/talot.toml capture.pcap.gz\n          \
                      talot-agent read --address 203.0.113.0/24 --mode dark --data-dir out *.pcapng"
    )]
    Read(capture::Arguments),
    /// Write durable records to standard output, the open day's included
    #[command(
        after_help = "Example: talot-agent export --table ports --day 2026-11-21 --format json"
    )]
    Export {
        #[command(flatten)]
        configured: Configured,
        /// Which table
        #[arg(long)]
        table: Table,
        /// Only this day; without it, all days
        #[arg(long, value_name = "YYYY-MM-DD")]
        day: Option<Date>,
        /// csv, json (one object per line) or parquet
        #[arg(long, default_value_t)]
        format: Format,
        /// Do not compare the files of closed days with their hashes
        #[arg(long)]
        no_verify: bool,
    },
    /// Show what the running agent watches and has counted
    #[command(after_help = "Example: talot-agent status --config /etc/talot/talot.toml")]
    Status(Configured),
    /// Unpin and remove everything from the kernel, once what it holds is durable
    #[command(after_help = "Example: talot-agent detach --config /etc/talot/talot.toml")]
    Detach {
        #[command(flatten)]
        configured: Configured,
        /// Give up what the kernel holds, whoever it belongs to
        #[arg(long)]
        force: bool,
    },
    /// Validate the configuration; name every mistake with its line
    #[command(after_help = "Example: talot-agent check --config /etc/talot/talot.toml")]
    Check(Configured),
    /// Say whether run would work on this machine: a line for each thing that it needs
    #[command(
        after_help = "Example: talot-agent doctor --config /etc/talot/talot.toml\n\nExit status 0 if run \
                      would work, also where there are warnings; 1 if something is missing."
    )]
    Doctor(Configured),
    /// Countries of sources
    #[command(subcommand)]
    Geo(GeoCommand),
}

#[derive(Subcommand)]
enum GeoCommand {
    /// Bring the free default country database into the data directory, by curl
    #[command(after_help = "Example: talot-agent geo fetch --config /etc/talot/talot.toml")]
    Fetch {
        #[command(flatten)]
        configured: Configured,
        /// Do nothing if it is there, or if the configuration names another
        #[arg(long)]
        if_missing: bool,
    },
}

#[derive(Args)]
struct Configured {
    /// The configuration; without it, one live point on the interface of the default route
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Configured {
    fn load(&self) -> Result<Config> {
        match &self.config {
            Some(file) => Ok(Config::load(file)?),
            None => Ok(Config::default()),
        }
    }
}

fn main() -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info")).init();
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the results has had enough.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "talot-agent: {error:#}");
            if error.is::<Mistakes>() || error.is::<Usage>() {
                ExitCode::from(2)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Run { configured, keep } => {
            let mut config = configured.load()?;
            if config.points.is_empty() {
                config.points = vec![interface::default_point()?];
            }
            tokio::runtime::Runtime::new()
                .context("starting the runtime")?
                .block_on(sensor::run(config, keep))
        }
        Command::Read(arguments) => capture::read(&arguments),
        Command::Export {
            configured,
            table,
            day,
            format,
            no_verify,
        } => {
            let config = configured.load()?;
            let databases = Geo::open(&config)?.databases();
            let sources = SourcesForm::open(&config.privacy)?;
            let export = Export {
                data_dir: &config.data_dir,
                zone: &config.timezone.zone,
                manner: Manner {
                    enrichment: &databases,
                    sources: &sources,
                    maintenance: &config.maintenance,
                },
                verify: !no_verify,
            };
            let mut out = BufWriter::new(io::stdout());
            export.write(table, day, format, &mut out)?;
            out.flush().context("writing to standard output")
        }
        Command::Status(configured) => {
            let config = configured.load()?;
            match status::ask(&config.data_dir) {
                Ok(status) => say(&status.text()?),
                Err(error) => {
                    match sensor::waiting(&config) {
                        Ok(Some(waiting)) => say(&waiting)?,
                        Ok(None) => {}
                        Err(unreadable) => log::warn!("what the kernel holds: {unreadable:#}"),
                    }
                    Err(error)
                }
            }
        }
        Command::Detach { configured, force } => {
            let mut config = configured.load()?;
            if config.points.is_empty() {
                config.points.extend(interface::default_point());
            }
            let runtime = tokio::runtime::Runtime::new().context("starting the runtime")?;
            say(&runtime.block_on(sensor::detach(&config, force))?)
        }
        Command::Geo(GeoCommand::Fetch {
            configured,
            if_missing,
        }) => {
            let config = configured.load()?;
            if if_missing && !fetch::is_missing(&config) {
                return Ok(());
            }
            say(&fetch::fetch(&config.data_dir)?)
        }
        Command::Doctor(configured) => {
            let config = configured.load()?;
            let runtime = tokio::runtime::Runtime::new().context("starting the runtime")?;
            let findings = runtime.block_on(doctor::examine(config));
            say(&doctor::text(&findings))?;
            let missing = findings
                .iter()
                .filter(|f| f.grade == Grade::Missing)
                .count();
            ensure!(
                missing == 0,
                "run would not work here: {missing} of {} things are missing, see above",
                findings.len()
            );
            Ok(())
        }
        Command::Check(configured) => {
            let config = configured.load()?;
            Geo::open(&config)?;
            SourcesForm::open(&config.privacy)?;
            say(match &configured.config {
                Some(_) => "the configuration is right\n",
                None => {
                    "no configuration is given: run watches the interface of the default route\n"
                }
            })
        }
    }
}

fn say(text: &str) -> Result<()> {
    let mut out = io::stdout();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("writing to standard output")
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let broken = |cause: &(dyn std::error::Error + 'static)| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|e| e.kind() == ErrorKind::BrokenPipe)
    };
    error.chain().any(broken)
}
