//! Countries and networks of sources, from databases in MaxMind's format. Nothing is asked of
//! anybody else: a passive sensor does not talk.

mod database;
pub mod fetch;
mod record;
#[cfg(test)]
mod tests;

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context as _, Result};
use log::{error, info};

use self::{
    database::{Database, Question, Stamp},
    record::Record,
};
use crate::{
    config::{Config, GeoFiles},
    records::{DatabaseName, Enrichment, Origin, UNKNOWN_COUNTRY},
};

/// The configured databases, as they are at one time. A clone costs little.
#[derive(Clone, Debug, Default)]
pub struct Databases {
    /// By [`Question`]; the same twice if one file answers both.
    by_question: [Option<Arc<Database>>; 2],
}

impl Databases {
    fn of(&self, question: Question) -> Option<&Arc<Database>> {
        self.by_question[question as usize].as_ref()
    }

    fn name(&self, question: Question) -> Option<&DatabaseName> {
        self.of(question).map(|database| &database.name)
    }
}

impl Enrichment for Databases {
    fn lookup(&self, source: IpAddr) -> Origin<'_> {
        let [country, asn] = Question::ALL.map(|question| self.of(question));
        let first = country.and_then(|database| database.lookup(source));
        let second = match (country, asn) {
            (Some(country), Some(asn)) if Arc::ptr_eq(country, asn) => first,
            (_, asn) => asn.and_then(|database| database.lookup(source)),
        };
        let network = second.as_ref().and_then(Record::asn);
        Origin {
            country: first
                .as_ref()
                .and_then(Record::country)
                .unwrap_or(UNKNOWN_COUNTRY),
            asn: network.map(|(number, _)| number),
            as_name: network.and_then(|(_, name)| name),
        }
    }

    fn country_database(&self) -> Option<&DatabaseName> {
        self.name(Question::Country)
    }

    fn asn_database(&self) -> Option<&DatabaseName> {
        self.name(Question::Asn)
    }
}

/// The databases, followed as their files change.
pub struct Geo {
    /// By [`Question`].
    files: [Option<PathBuf>; 2],
    now: Mutex<Now>,
    /// Held by whoever reads a file, which may take seconds.
    reading: Mutex<()>,
}

/// What there is, and what was last found under the files' names.
#[derive(Clone, Default)]
struct Now {
    databases: Databases,
    stamps: [Option<Stamp>; 2],
    /// Why what was found there is not what there is.
    refused: [Option<String>; 2],
}

impl Geo {
    /// Reads the databases. Where no country database is configured, it is the one that
    /// [`fetch`] has brought or will bring.
    ///
    /// # Errors
    ///
    /// If one that is configured is not there, damaged, or does not hold what it is to be asked for.
    /// The default one that is damaged is refused, and all else works.
    pub fn open(config: &Config) -> Result<Self> {
        let GeoFiles { country, asn } = config.geo.clone();
        let default = fetch::path(&config.data_dir);
        let is_default = country.is_none();
        let is_to_come = is_default && !default.exists();
        let geo = Self {
            files: [country.or(Some(default)), asn],
            now: Mutex::default(),
            reading: Mutex::default(),
        };
        let mut now = Now::default();
        for question in Question::ALL {
            if question == Question::Country && is_to_come {
                continue;
            }
            if let Some(path) = geo.path(question) {
                let (stamp, read) = read(path, question, &now.databases);
                let database = read.with_context(|| format!("reading {}", path.display()));
                let database = database.with_context(|| {
                    let name = question.name();
                    format!(
                        "the {name} database cannot be used; name another in [geo], or remove it"
                    )
                });
                let database = match database {
                    Err(error) if question == Question::Country && is_default => {
                        error!("every country is {UNKNOWN_COUNTRY}: {error:#}");
                        now.refused[question as usize] = Some(format!("{error:#}"));
                        now.stamps[question as usize] = stamp;
                        continue;
                    }
                    database => database?,
                };
                now.stamps[question as usize] = stamp;
                now.databases.by_question[question as usize] = Some(database);
            }
        }
        *lock(&geo.now) = now;
        Ok(geo)
    }

    /// The databases as they are now.
    pub fn databases(&self) -> Databases {
        lock(&self.now).databases.clone()
    }

    /// Whether a file is another than the one that was last found. Costs two system calls.
    pub fn has_changed(&self) -> bool {
        let stamps = lock(&self.now).stamps;
        Question::ALL.into_iter().any(|question| {
            let found = self.path(question).and_then(Stamp::of);
            found != stamps[question as usize]
        })
    }

    /// Reads what has changed. What cannot be used is refused, and the old one stays.
    pub fn refresh(&self) {
        let _reading = lock(&self.reading);
        if !self.has_changed() {
            return;
        }
        let before = lock(&self.now).clone();
        let mut now = before.clone();
        // Only what is read now may be shared, the old file is another.
        let mut fresh = Databases::default();
        for question in Question::ALL {
            let (name, index) = (question.name(), question as usize);
            let Some(path) = self.path(question) else {
                continue;
            };
            if Stamp::of(path) == before.stamps[index] {
                continue;
            }
            let (stamp, read) = read(path, question, &fresh);
            now.stamps[index] = stamp;
            match read {
                Ok(database) => {
                    info!("{}", described(name, Some(&database.name)));
                    fresh.by_question[index] = Some(Arc::clone(&database));
                    now.databases.by_question[index] = Some(database);
                    now.refused[index] = None;
                }
                Err(why) => {
                    let why = format!("{} is refused: {why:#}", path.display());
                    error!("the new {name} database {why}; the old one stays");
                    now.refused[index] = Some(why);
                }
            }
        }
        *lock(&self.now) = now;
    }

    /// What is used, a line each.
    pub fn described(&self) -> Vec<String> {
        let now = lock(&self.now).clone();
        let lines = Question::ALL.map(|question| {
            let line = described(question.name(), now.databases.name(question));
            match &now.refused[question as usize] {
                Some(why) => format!("{line}; the new file {why}"),
                None => line,
            }
        });
        lines.into()
    }

    fn path(&self, question: Question) -> Option<&Path> {
        self.files[question as usize].as_deref()
    }
}

fn described(question: &str, database: Option<&DatabaseName>) -> String {
    let Some(DatabaseName { name, date, .. }) = database else {
        return match question {
            "country" => format!(
                "no country database: every country is {UNKNOWN_COUNTRY} (`talot-agent geo fetch` \
                 brings one)"
            ),
            _ => format!("no {question} database"),
        };
    };
    let built = date.map_or_else(|| "at no known date".to_owned(), |date| date.to_string());
    format!("{question} database {name}, built {built}")
}

/// Reads a file, unless it was read for another question just now.
fn read(
    path: &Path,
    question: Question,
    others: &Databases,
) -> (Option<Stamp>, Result<Arc<Database>>) {
    // Before it is read: what is written to it meanwhile is a change.
    let stamp = Stamp::of(path);
    let mut others = others.by_question.iter().flatten();
    let read = match others.find(|other| other.is_of(path, stamp)) {
        Some(other) => Ok(Arc::clone(other)),
        None => Database::read(path, stamp).map(Arc::new),
    };
    let usable = read.and_then(|database| {
        database.answers(question)?;
        Ok(database)
    });
    (stamp, usable)
}

/// A panic elsewhere leaves nothing half done: values are replaced whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
