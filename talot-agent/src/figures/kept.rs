//! What the figures need beside the journal to go on after a restart: totals of days that are
//! closed, and which values had a series. Written after each drain; not fsynced, for what a crash
//! takes from it only makes counters begin anew.

use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use talot_common::port_type::{Aim, Kind};

use super::{Figures, Marked, PointFigures, Series};
use crate::journal::Tally;

/// Everything that is kept, by point.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Kept {
    points: BTreeMap<String, KeptPoint>,
}

/// What is kept of a point.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct KeptPoint {
    /// The day of its figures.
    pub(super) day: Date,
    /// Packets of that day.
    pub(super) today: Tally,
    /// Packets since it first began.
    pub(super) total: Tally,
    /// Accesses by mark, likewise.
    pub(super) marked: Marked,
    /// When a day was closed last.
    pub(super) last_closed: Option<Timestamp>,
    /// How far the identity was off.
    #[serde(default)]
    pub(super) identity_difference: i64,
    /// Packets by exclude rule.
    #[serde(default)]
    pub(super) excluded: Series<String>,
    /// Packets of exclude rules that have no series any more.
    #[serde(default)]
    pub(super) excluded_gone: u64,
    /// Series of the day.
    pub(super) ports: Series<KeptAim>,
    pub(super) countries: Series<String>,
    pub(super) backscatter: Series<KeptAim>,
}

/// A port type, as its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct KeptAim(u8, u16);

impl Kept {
    /// What an agent has kept in its data directory. What cannot be read is nothing.
    pub fn read(data_dir: &Path) -> Self {
        let path = path(data_dir);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Self::default(),
            bytes => bytes,
        };
        let read = bytes.context("reading it");
        let kept = read.and_then(|bytes| serde_json::from_slice(&bytes).context("reading it"));
        kept.unwrap_or_else(|error| {
            let path = path.display();
            log::warn!("{path} is of no use, some counters begin anew: {error:#}");
            Self::default()
        })
    }

    /// What is kept of a point.
    pub(super) fn of(&self, point: &str) -> Option<&KeptPoint> {
        self.points.get(point)
    }
}

impl Figures {
    /// Keeps what a restart is to go on with.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn keep(&self, data_dir: &Path) -> Result<()> {
        let points = self.points.iter();
        let kept = Kept {
            points: points.map(|p| (p.state.name.clone(), kept(p))).collect(),
        };
        let path = path(data_dir);
        let new = path.with_extension("new");
        fs::write(&new, serde_json::to_vec(&kept)?)
            .and_then(|()| fs::rename(&new, &path))
            .with_context(|| format!("writing {}", path.display()))
    }
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("figures.json")
}

fn kept(point: &PointFigures) -> KeptPoint {
    let aims = |series: Series<Aim>| Series {
        own: series
            .own
            .iter()
            .map(|(aim, n)| (number(*aim), *n))
            .collect(),
        other: series.other,
    };
    KeptPoint {
        day: point.state.day,
        today: point.state.today.clone(),
        total: point.total.clone(),
        marked: point.marked,
        last_closed: point.last_closed,
        identity_difference: point.state.identity_difference,
        excluded: point.excluded(),
        excluded_gone: point.excluded_gone,
        ports: aims(point.ports.seen()),
        countries: point.countries.seen(),
        backscatter: aims(point.backscatter.seen()),
    }
}

const fn number(aim: Aim) -> KeptAim {
    KeptAim(aim.kind as u8, aim.number)
}

/// The port types of a kept series; none if one of them is none.
pub(super) fn aims(series: &Series<KeptAim>) -> Option<Series<Aim>> {
    let aim = |KeptAim(kind, number): KeptAim| {
        let kind = Kind::from_number(kind)?;
        Some(Aim { kind, number })
    };
    let own = series.own.iter();
    Some(Series {
        own: own
            .map(|(kept, n)| Some((aim(*kept)?, *n)))
            .collect::<Option<_>>()?,
        other: series.other,
    })
}
