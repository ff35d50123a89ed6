//! Finds the records and verifies them.

use std::{collections::BTreeSet, fs, io::ErrorKind, path::Path};

use anyhow::{Context as _, Result, bail, ensure};
use datafusion::arrow::{array::RecordBatch, compute::concat_batches};
use jiff::civil::Date;

use super::{
    Consequence, PointDay, Problem, Records, Summing, Sums, Table,
    coverage::Coverage,
    file::File,
    layout::{self, Place},
    sources,
};
use crate::parallel;

/// Which records, and how.
pub struct Load<'a> {
    /// The folder that holds `sources/`, `ports/`, `coverage/`.
    pub folder: &'a Path,
    /// The last day that is of interest; none: all.
    pub until: Option<Date>,
    /// The first day of which `sources` is of interest; none: all.
    pub sources_from: Option<Date>,
    /// Whether files are compared with their hashes.
    pub verify: bool,
    /// What is summed up.
    pub summing: Option<Summing<'a>>,
    /// Told how many files of a number have been looked at.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// Finds and verifies records.
///
/// # Errors
/// When there are none at all, a folder cannot be listed, or sums have no room in 64 bits.
pub fn load(load: &Load<'_>) -> Result<Records> {
    let Load {
        folder,
        until,
        sources_from,
        ..
    } = *load;
    let shown = folder.display();
    ensure!(
        folder.join(Table::Coverage.name()).is_dir(),
        "there is no {shown}/coverage: --records names the folder that holds sources/, ports/, coverage/"
    );
    let mut problems = Vec::new();
    let wanted = |date| until.is_none_or(|until| date <= until);
    let places = layout::places(folder, Table::Coverage, wanted, &mut problems)?;
    let known: BTreeSet<_> = places.iter().collect();
    let wanted_sources = |date| wanted(date) && sources_from.is_none_or(|from| date >= from);
    let of_ports = layout::places(folder, Table::Ports, wanted, &mut problems)?;
    let of_sources = layout::places(folder, Table::Sources, wanted_sources, &mut problems)?;
    for (table, places) in [(Table::Ports, of_ports), (Table::Sources, of_sources)] {
        let orphans = places.iter().filter(|place| !known.contains(place));
        problems.extend(orphans.map(|place| {
            let what = "there is no coverage record, so the point was not observed that day";
            problem(place, table, what.to_owned(), Consequence::NotRead)
        }));
    }

    let (found, summed) = parallel::map(&places, load.progress, |sums: &mut Sums, place| {
        let with_sources = wanted_sources(place.date);
        Visit {
            load,
            place,
            with_sources,
            problems: Vec::new(),
        }
        .make(sums)
    });
    let sums = summed.into_iter().reduce(|mut sums, others| {
        sums.merge(&others);
        sums
    });
    let sums = sums.unwrap_or_default();
    sums.check()?;
    let mut point_days = Vec::new();
    let mut coverage = Vec::new();
    for (found, named) in found {
        problems.extend(named);
        if let Some((point_day, record)) = found {
            point_days.push(point_day);
            coverage.push(record);
        }
    }
    problems.sort();
    Ok(Records {
        point_days,
        coverage: concat_batches(&Table::Coverage.schema(), &coverage)?,
        sums,
        problems,
    })
}

/// Looks at the files of a point's day.
struct Visit<'a> {
    load: &'a Load<'a>,
    place: &'a Place,
    with_sources: bool,
    problems: Vec<Problem>,
}

impl Visit<'_> {
    fn make(mut self, sums: &mut Sums) -> (Option<(PointDay, RecordBatch)>, Vec<Problem>) {
        let found = self.point_day(sums);
        (found, self.problems)
    }

    fn point_day(&mut self, sums: &mut Sums) -> Option<(PointDay, RecordBatch)> {
        let (record, coverage) = match self.coverage() {
            Ok(read) => read,
            Err(error) => return self.leave_out(Table::Coverage, &error),
        };
        let Place { date, point } = self.place;
        let summing = self.load.summing.as_ref();
        let counted = summing.filter(|summing| summing.counts(*date, point, &coverage));
        let ports = self.table(Table::Ports, Some(&coverage.ports_sha256));
        let summed = ports.and_then(|ports| match counted {
            Some(summing) => sums.add(summing, self.place, &coverage, &ports),
            None => Ok(()),
        });
        if let Err(error) = summed {
            return self.leave_out(Table::Ports, &error);
        }
        let is_wanted = self.with_sources && (summing.is_none() || counted.is_some());
        let sources = is_wanted && coverage.has_sources() && self.sources(&coverage);
        let path = |table| self.load.folder.join(self.place.file(table));
        let point_day = PointDay {
            date: self.place.date,
            point: self.place.point.clone(),
            ports: path(Table::Ports),
            sources: sources.then(|| path(Table::Sources)),
        };
        Some((point_day, record))
    }

    /// Whether the sources are of use. Where they are counted, all that queries ask for must be there.
    fn sources(&mut self, coverage: &Coverage) -> bool {
        let file = self.table(Table::Sources, coverage.sources_sha256.as_deref());
        let checked = file.and_then(|file| match self.load.summing {
            Some(_) => sources::check(&file, coverage),
            None => Ok(()),
        });
        if let Err(error) = &checked {
            let what = format!("{error:#}");
            self.note(Table::Sources, what, Consequence::WithoutSources);
        }
        checked.is_ok()
    }

    fn coverage(&mut self) -> Result<(RecordBatch, Coverage)> {
        let Place { date, point } = self.place;
        let file = self.read(Table::Coverage)?;
        if self.load.verify {
            match self.stated_hash()? {
                Some(stated) => ensure!(stated == file.sha256(), "it is not what its hash says"),
                None => {
                    let what = format!("there is no _{point}.sha256 beside it");
                    self.note(Table::Coverage, what, Consequence::Unverified);
                }
            }
        }
        file.check(Table::Coverage, *date, point)?;
        let record = file.whole(Table::Coverage)?;
        let coverage = Coverage::of(&record)?;
        Ok((record, coverage))
    }

    /// The hash beside the coverage file, in the form of sha256sum.
    fn stated_hash(&self) -> Result<Option<String>> {
        let path = self.load.folder.join(self.place.coverage_hash());
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text.with_context(|| format!("reading {}", path.display()))?,
        };
        let hash = text.split_whitespace().next().unwrap_or_default();
        let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        ensure!(
            is_hash,
            "the file beside it that should hold its hash does not"
        );
        Ok(Some(hash.to_ascii_lowercase()))
    }

    fn table(&mut self, table: Table, hash: Option<&str>) -> Result<File> {
        let file = self.read(table)?;
        if let Some(hash) = hash.filter(|_| self.load.verify) {
            ensure!(
                file.sha256() == hash.to_ascii_lowercase(),
                "it is not what the hash in the coverage record says"
            );
        }
        file.check(table, self.place.date, &self.place.point)?;
        if hash.is_none() && self.load.verify {
            let what = "the coverage record does not tell its hash".to_owned();
            self.note(table, what, Consequence::Unverified);
        }
        Ok(file)
    }

    fn read(&self, table: Table) -> Result<File> {
        let path = self.load.folder.join(self.place.file(table));
        if !path.exists() {
            bail!("it is missing, though the coverage record tells of it");
        }
        File::read(&path)
    }

    fn leave_out<T>(&mut self, table: Table, error: &anyhow::Error) -> Option<T> {
        self.note(table, format!("{error:#}"), Consequence::LeftOut);
        None
    }

    fn note(&mut self, table: Table, what: String, consequence: Consequence) {
        self.problems
            .push(problem(self.place, table, what, consequence));
    }
}

fn problem(place: &Place, table: Table, what: String, consequence: Consequence) -> Problem {
    Problem {
        date: Some(place.date),
        point: Some(place.point.clone()),
        file: place.file(table).display().to_string(),
        what,
        consequence,
    }
}
