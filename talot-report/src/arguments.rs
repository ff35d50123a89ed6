//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{exclusion::Exclusion, month::Month};

/// Makes the monthly report from Talot's records.
#[derive(Debug, Parser)]
#[command(name = "talot-report", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write the report of a month: index.html, report.json, data/*.csv, sql/*.sql
    #[command(
        after_help = "Example: talot-report month 2011-07 --records /var/lib/talot/records --out reports/2011-07 \
                      --exclude 2011-07-02='power cut'"
    )]
    Month(MonthArguments),
    /// Write the page of back numbers over the reports in the folders of a folder
    #[command(after_help = "Example: talot-report index --out reports")]
    Index {
        /// The folder that holds the folders of the reports
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Answer an SQL query over the views sources, ports and coverage
    #[command(
        after_help = "Example: talot-report sql \"SELECT port_type, SUM(packets) AS accesses FROM ports WHERE class = 'access' \
                      GROUP BY port_type ORDER BY accesses DESC, port_type LIMIT 10\" --records /var/lib/talot/records"
    )]
    Sql {
        /// The query
        query: String,
        #[command(flatten)]
        records: RecordsArguments,
        /// csv or json (one object per line)
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}

/// What a month's report needs to know.
#[derive(Debug, Args)]
pub(crate) struct MonthArguments {
    /// The month
    #[arg(value_name = "YYYY-MM")]
    pub(crate) month: Month,
    #[command(flatten)]
    pub(crate) records: RecordsArguments,
    /// The folder to write the report to
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Title, publisher, focus and the analyst's own words
    #[arg(long, value_name = "FILE")]
    pub(crate) edition: Option<PathBuf>,
    /// Leave out a day, at one point or at all; may be given several times
    #[arg(long, value_name = "DAY[/POINT]=REASON")]
    pub(crate) exclude: Vec<Exclusion>,
}

/// Where the records are, and whether to trust them.
#[derive(Debug, Args)]
pub(crate) struct RecordsArguments {
    /// The folder that holds sources/, ports/, coverage/
    #[arg(long = "records", value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// Do not compare the files with their hashes
    #[arg(long)]
    pub(crate) no_verify: bool,
}

/// How answers are written.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Format {
    /// Comma-separated values
    #[default]
    Csv,
    /// One object per line
    Json,
}
