//! Which values get a series of their own, and which are counted together.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    hash::Hash,
};

use serde::{Deserialize, Serialize};

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// A value rises to one of the last series when one in so many packets of the day is its own: so that
/// they are there for a surge, and not taken by whoever comes next, or by a scan of all ports.
const RISES_AT: u64 = 20;
/// No share counts among fewer packets than this.
const FEW: u64 = 100;

/// Packets of a day by value: exact totals of all; and series of a bounded number of values, all
/// others under one figure. Within the day no series falls, and together they are the total.
#[derive(Clone, Debug)]
pub struct Shown<K> {
    series: Series<K>,
    totals: Map<K, u64>,
    sum: u64,
    always: Vec<K>,
    room: usize,
}

/// What is exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(serialize = "K: Serialize", deserialize = "K: Deserialize<'de> + Ord"))]
pub struct Series<K> {
    /// Packets of the values that have a series of their own.
    #[serde(with = "pairs")]
    pub own: BTreeMap<K, u64>,
    /// Packets of all others, and of those before they had a series.
    pub other: u64,
}

impl<K: Ord + Clone + Hash> Shown<K> {
    /// Nothing is counted yet. There is room for so many series; those of the values that are always
    /// shown take it first, and are there however many they are.
    pub fn new(always: impl IntoIterator<Item = K>, room: usize) -> Self {
        let always: Vec<K> = always.into_iter().collect();
        let own: BTreeMap<K, u64> = always.iter().map(|value| (value.clone(), 0)).collect();
        Self {
            room: room.max(own.len()),
            series: Series { own, other: 0 },
            totals: Map::default(),
            sum: 0,
            always,
        }
    }

    /// The next day: nothing is counted yet, and those that had most have a series from its
    /// beginning.
    #[must_use]
    pub fn next(&self) -> Self {
        let mut next = Self::new(self.always.iter().cloned(), self.room);
        for (value, _) in self.top(self.room) {
            if next.series.own.len() < next.first() {
                next.series.own.entry(value).or_insert(0);
            }
        }
        next
    }

    /// How many series are taken by whoever comes first; the rest is for those that rise.
    const fn first(&self) -> usize {
        self.room - self.room / 4
    }

    /// Adds what was counted by value.
    pub fn add<'a>(&mut self, counts: impl IntoIterator<Item = (&'a K, &'a u64)>)
    where
        K: 'a,
    {
        let mut by_rank: Vec<(&K, &u64)> = counts.into_iter().collect();
        by_rank.sort_by_key(|(value, packets)| (Reverse(**packets), *value));
        self.sum += by_rank.iter().map(|(_, packets)| **packets).sum::<u64>();
        for (value, packets) in by_rank {
            let total = match self.totals.get_mut(value) {
                Some(total) => total,
                None => self.totals.entry(value.clone()).or_default(),
            };
            *total += packets;
            let rises = self.sum >= FEW && *total >= self.sum.div_ceil(RISES_AT);
            let shown = self.series.own.len();
            if let Some(own) = self.series.own.get_mut(value) {
                *own += packets;
            } else if shown < self.first() || (shown < self.room && rises) {
                self.series.own.insert(value.clone(), *packets);
            } else {
                self.series.other += packets;
            }
        }
    }

    /// Goes on with the series that another agent had exported on this day, if they can be those of
    /// what was counted: then none falls.
    pub fn go_on(&mut self, series: Series<K>) {
        let is_true = |(value, packets): (&K, &u64)| {
            let total = self.totals.get(value).copied().unwrap_or_default();
            *packets <= total
        };
        let own: u64 = series.own.values().sum();
        if series.own.iter().all(is_true)
            && own + series.other <= self.sum
            && series.own.len() <= self.room
            && self
                .always
                .iter()
                .all(|value| series.own.contains_key(value))
        {
            // What was counted after they were noted.
            let other = self.sum - own;
            self.series = Series { other, ..series };
        }
    }

    /// What is exported.
    pub const fn series(&self) -> &Series<K> {
        &self.series
    }

    /// How many values are counted under `other`.
    pub fn folded(&self) -> usize {
        let shown = self.series.own.keys();
        self.totals.len()
            - shown
                .filter(|value| self.totals.contains_key(value))
                .count()
    }

    /// The values with most packets and their exact totals, most first.
    pub fn top(&self, number: usize) -> Vec<(K, u64)> {
        let rank = |(value, packets): &(&K, &u64)| (Reverse(**packets), (*value).clone());
        let mut top: Vec<(&K, &u64)> = self.totals.iter().collect();
        if number < top.len() {
            top.select_nth_unstable_by_key(number, rank);
            top.truncate(number);
        }
        top.sort_by_key(rank);
        top.into_iter()
            .map(|(value, packets)| (value.clone(), *packets))
            .collect()
    }

    /// Everything that was counted.
    pub const fn sum(&self) -> u64 {
        self.sum
    }
}

/// A map as a list of pairs: JSON has text alone for keys.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<K: Serialize, S: Serializer>(
        map: &BTreeMap<K, u64>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(map)
    }

    pub(super) fn deserialize<'de, K: Deserialize<'de> + Ord, D: Deserializer<'de>>(
        from: D,
    ) -> Result<BTreeMap<K, u64>, D::Error> {
        Ok(Vec::deserialize(from)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(shown: &mut Shown<u16>, counts: &[(u16, u64)]) {
        shown.add(counts.iter().map(|(value, packets)| (value, packets)));
    }

    fn total(series: &Series<u16>) -> u64 {
        series.own.values().sum::<u64>() + series.other
    }

    #[test]
    fn a_value_that_rises_gets_a_series_and_one_of_many_does_not() {
        let mut shown = Shown::new([1], 8);
        let flood: Vec<(u16, u64)> = (100..60_000).map(|value| (value, 1)).collect();
        add(&mut shown, &flood);
        assert_eq!(shown.series().own.len(), 6);
        assert_eq!(shown.folded(), flood.len() - 5);
        add(&mut shown, &[(7, 600), (8, 500)]);
        assert_eq!(shown.series().own.get(&7), None, "it is not one in twenty");
        let other = shown.series().other;
        add(&mut shown, &[(7, 30), (8, 5000)]);
        assert_eq!(shown.series().own[&8], 5000);
        assert_eq!(shown.series().other, other + 30, "what it had it keeps");
        assert_eq!(shown.top(2), [(8, 5500), (7, 630)]);
        assert_eq!(total(shown.series()), shown.sum());
        for value in 10..40 {
            add(&mut shown, &[(value, 10_000)]);
        }
        assert_eq!(shown.series().own.len(), 8);
        assert_eq!(total(shown.series()), shown.sum());
    }

    #[test]
    fn the_next_day_begins_with_the_first_of_this_one_and_room_for_others() {
        let mut shown = Shown::new([1], 8);
        let counts: Vec<(u16, u64)> = (10..40).map(|value| (value, value.into())).collect();
        add(&mut shown, &counts);
        let mut next = shown.next();
        let first: Vec<u16> = next.series().own.keys().copied().collect();
        assert_eq!((first, next.sum()), (vec![1, 35, 36, 37, 38, 39], 0));
        add(&mut next, &[(5, 99)]);
        assert_eq!(next.series().own.get(&5), None, "too few to tell");
        add(&mut next, &[(5, 3)]);
        assert_eq!(next.series().own[&5], 3);
    }

    #[test]
    fn after_a_restart_no_series_falls() {
        let mut before = Shown::new([1], 4);
        add(&mut before, &[(2, 5), (3, 4), (1, 1)]);
        add(&mut before, &[(4, 9), (5, 9), (2, 1)]);
        let noted = before.series().clone();
        let json = serde_json::to_string(&noted).unwrap();
        let noted: Series<u16> = serde_json::from_str(&json).unwrap();
        // One more drain was durable, and all of it comes at once.
        let again = || {
            let mut after = Shown::new([1], 4);
            add(&mut after, &[(1, 1), (2, 6), (3, 4), (4, 19), (5, 9)]);
            after
        };
        let mut after = again();
        after.go_on(noted.clone());
        assert_eq!(after.series().own, noted.own);
        assert_eq!(after.series().other, noted.other + 10);
        assert_eq!(total(after.series()), after.sum());
        // What cannot be is not believed.
        let mut wrong = noted.clone();
        wrong.own.insert(3, 5);
        let mut after = again();
        after.go_on(wrong);
        assert_eq!(after.series(), again().series());
    }
}
