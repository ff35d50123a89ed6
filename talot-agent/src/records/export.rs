//! Giving out what is durable: the closed days, and the open ones in the same form.

use std::{collections::BTreeSet, fmt, io::Write, path::Path, str::FromStr};

use anyhow::{Context as _, Result, bail};
use arrow_array::RecordBatch;
use jiff::{civil::Date, tz::TimeZone};
use parquet::arrow::ArrowWriter;

use super::{
    Batches, Bounds, Manner, Table, closed, coverage, layout, maintenance::Maintenance,
    parquet_file, ports, sources, text,
};
use crate::journal::{self, Drains};

/// The form of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// A header and a line per row (RFC 4180); null is empty.
    #[default]
    Csv,
    /// A JSON object per line, nulls spelled out.
    Json,
    /// One Parquet file.
    Parquet,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Json, Self::Parquet];
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Parquet => "parquet",
        })
    }
}

impl FromStr for Format {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        super::by_name(&Self::ALL, name)
    }
}

/// What an export draws on. An agent may be at work in the data directory meanwhile.
pub struct Export<'a> {
    /// The data directory.
    pub data_dir: &'a Path,
    /// The configured time zone.
    pub zone: &'a TimeZone,
    /// For the days that are not closed.
    pub manner: Manner<'a>,
    /// Whether closed files are compared with their hashes.
    pub verify: bool,
}

impl Export<'_> {
    /// Writes a table of one day, or of all: days in their order, each with its points in theirs,
    /// each point's day once. Needs little memory, however much there is.
    ///
    /// # Errors
    /// When there is nothing of the day asked for, or `out` cannot be written. When a file is
    /// damaged, not the one that was closed, or cannot be read: it is named, once everything else
    /// is written.
    pub fn write(
        &self,
        table: Table,
        day: Option<Date>,
        format: Format,
        out: &mut (dyn Write + Send),
    ) -> Result<()> {
        // In this order: a day that is closed meanwhile is then in both, otherwise in neither.
        let (journal, mut refused) = Drains::read_what_is_whole(self.data_dir)?;
        let closed = layout::closed_days(self.data_dir)?;
        let mut days = &closed | &journal.days();
        if let Some(day) = day {
            let all = days.clone();
            days.retain(|(date, _)| *date == day);
            if days.is_empty() {
                bail!(
                    "there is nothing of {day} in {}; {}",
                    self.data_dir.display(),
                    list(&all)
                );
            }
        }
        let mut sink = Sink::new(table, format, out)?;
        for (day, point) in &days {
            let batches = if closed.contains(&(*day, point.clone())) {
                closed::batches(self.data_dir, table, *day, point, self.verify)
            } else {
                self.open_day(&journal, table, *day, point)
            };
            // What cannot be read does not keep the rest from being given out.
            let batches = batches.unwrap_or_else(|error| Box::new([Err(error)].into_iter()));
            for batch in batches {
                match batch {
                    Ok(batch) => sink.write(&batch).context("writing the export")?,
                    Err(error) => refused.push(format!("{error:#}")),
                }
            }
        }
        sink.finish().context("writing the export")?;
        if !refused.is_empty() {
            bail!("the export lacks something: {}", refused.join("; "));
        }
        Ok(())
    }

    fn open_day<'a>(
        &'a self,
        journal: &Drains,
        table: Table,
        day: Date,
        point: &'a str,
    ) -> Result<Batches<'a>> {
        let merged = journal
            .section(day, point)
            .context("the journal has lost a day")?;
        let bounds = Bounds::of(day, self.zone)?;
        Ok(match table {
            Table::Sources => {
                let tmp_dir = journal::tmp_dir(self.data_dir);
                sources::batches(day, point, bounds, merged.rows()?, self.manner, &tmp_dir)?
            }
            Table::Ports => Box::new(ports::batches(
                day,
                point,
                merged.rows()?,
                self.manner.enrichment,
            )),
            Table::Coverage => {
                let maintenance = Maintenance::of(self.manner.maintenance, point, bounds);
                let (manner, maintenance) = (self.manner, &maintenance);
                let batch = coverage::batch(day, point, bounds, &merged, manner, maintenance, None);
                Box::new([batch].into_iter())
            }
        })
    }
}

/// Says which days there are.
fn list(days: &BTreeSet<(Date, String)>) -> String {
    let days: BTreeSet<_> = days.iter().map(|(day, _)| day.to_string()).collect();
    if days.is_empty() {
        return "there is no day at all yet".to_owned();
    }
    let days: Vec<_> = days.into_iter().collect();
    format!("there is: {}", days.join(", "))
}

/// Where the pieces go.
enum Sink<'a> {
    Csv(&'a mut (dyn Write + Send)),
    Json(&'a mut (dyn Write + Send)),
    Parquet(Box<ArrowWriter<&'a mut (dyn Write + Send)>>),
}

impl<'a> Sink<'a> {
    fn new(table: Table, format: Format, out: &'a mut (dyn Write + Send)) -> Result<Self> {
        Ok(match format {
            Format::Csv => {
                text::write_csv_header(table, out)?;
                Self::Csv(out)
            }
            Format::Json => Self::Json(out),
            Format::Parquet => Self::Parquet(Box::new(parquet_file::writer(table, out)?)),
        })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        match self {
            Self::Csv(out) => text::write_csv(batch, *out),
            Self::Json(out) => text::write_json(batch, *out),
            Self::Parquet(writer) => Ok(writer.write(batch)?),
        }
    }

    fn finish(self) -> Result<()> {
        match self {
            Self::Csv(out) | Self::Json(out) => out.flush()?,
            Self::Parquet(writer) => writer.into_inner()?.flush()?,
        }
        Ok(())
    }
}
