//! How far the counts of the kernel are durable.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Moment;

/// Stands in the same file as a drain, and so is durable with it: whether an agent that finds counts
/// in the kernel has them already, never has to be guessed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The maps that were drained, by the name that no others ever have.
    pub instance: String,
    /// The last epoch of theirs that is durable, and everything before it.
    pub epoch: u32,
    /// The boot of the machine.
    pub boot: String,
    /// When the epoch ended.
    pub at: Moment,
    /// The watched interfaces then, by name.
    pub interfaces: BTreeMap<String, InterfaceMark>,
    /// The points of the configuration then.
    pub points: Vec<String>,
    /// Nothing was attached any more: the agent had been told to stop.
    pub detached: bool,
}

/// What is counted at an interface by others than Talot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterfaceMark {
    /// Its number.
    pub index: u32,
    /// Packets that its driver had no room for, since it exists.
    pub missed: u64,
    /// How often it has lost its carrier, since it exists.
    pub carrier_losses: u32,
}

/// How many instances are remembered: more than can be pinned at a time.
const MOST: usize = 16;

/// The last mark of each instance, in the order of time.
pub(super) fn last_of_each<'a>(marks: impl IntoIterator<Item = &'a Mark>) -> Vec<Mark> {
    let mut last: Vec<Mark> = Vec::new();
    for mark in marks {
        last.retain(|other| other.instance != mark.instance);
        last.push(mark.clone());
    }
    last.drain(..last.len().saturating_sub(MOST));
    last
}
