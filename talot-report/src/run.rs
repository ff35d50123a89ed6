//! What each command does.

use std::{
    io::{self, ErrorKind, Write as _},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context as _, Result};
use clap::Parser as _;

use crate::{
    arguments::{Arguments, Command, Format},
    engine::Engine,
    index, make,
    mistake::Mistake,
    output,
    parallel::keep_memory,
    progress::Tick,
    records::{Load, load},
};

/// Runs the command line.
pub fn main() -> ExitCode {
    keep_memory();
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the results has had enough.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "talot-report: {error:#}");
            ExitCode::from(if error.is::<Mistake>() { 2 } else { 1 })
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Month(arguments) => make::month(&arguments),
        Command::Index { out } => index::write(&out),
        Command::Sql {
            query,
            records,
            format,
        } => {
            let found = load(&Load {
                folder: &records.folder,
                until: None,
                sources_from: None,
                verify: !records.no_verify,
                summing: None,
                progress: &|_, _| {},
            })?;
            for problem in &found.problems {
                eprintln!("talot-report: {problem}");
            }
            let read: Tick = Arc::new(|| {});
            let answer = Engine::open(&found, &read)?.ask(&query)?;
            let text = match format {
                Format::Csv => output::csv(&answer),
                Format::Json => output::json_lines(&answer),
            };
            let mut out = io::stdout();
            out.write_all(text.as_bytes())
                .and_then(|()| out.flush())
                .context("writing to standard output")
        }
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let broken = |cause: &(dyn std::error::Error + 'static)| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    };
    error.chain().any(broken)
}
