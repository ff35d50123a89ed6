//! Which values get a series of their own, and which are counted together.

use std::{cmp::Reverse, collections::BTreeMap};

/// Packets by value: a bounded number of values, those with most packets first, and all others
/// under one figure. Within a day nothing falls, and nothing counts twice.
#[derive(Clone, Debug)]
pub struct Shown<K> {
    /// Packets of the values that have a series of their own.
    pub packets: BTreeMap<K, u64>,
    /// Packets of all others.
    pub other: u64,
    most: usize,
}

impl<K: Ord + Clone> Shown<K> {
    /// Nothing is counted yet. There is room for so many values; those that are always shown take it
    /// first, and have theirs however many they are.
    pub fn new(always: impl IntoIterator<Item = K>, room: usize) -> Self {
        let packets: BTreeMap<K, u64> = always.into_iter().map(|value| (value, 0)).collect();
        Self {
            most: room.max(packets.len()),
            packets,
            other: 0,
        }
    }

    /// Adds what was counted by value.
    pub fn add<'a>(&mut self, counts: impl IntoIterator<Item = (&'a K, &'a u64)>)
    where
        K: 'a,
    {
        let mut by_rank: Vec<(&K, &u64)> = counts.into_iter().collect();
        by_rank.sort_by_key(|(value, packets)| (Reverse(**packets), *value));
        for (value, packets) in by_rank {
            if let Some(shown) = self.packets.get_mut(value) {
                *shown += packets;
            } else if self.packets.len() < self.most {
                self.packets.insert(value.clone(), *packets);
            } else {
                self.other += packets;
            }
        }
    }
}
