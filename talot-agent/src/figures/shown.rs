//! Which values get a series of their own, and which are counted together.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
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
    /// Series that no page has had yet. Until one has, what comes for them is in `other`: so the
    /// first that anybody sees of a series is 0.
    unseen: BTreeSet<K>,
    totals: Map<K, u64>,
    sum: u64,
    always: Vec<K>,
    room: Room,
}

/// How many values can have a series of their own.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// So many, unless more are always shown. A quarter of it is for those that rise, and theirs
    /// alone: whatever is always shown leaves it to them.
    pub usual: usize,
    /// Never more, also when a former agent had chosen others.
    pub most: usize,
}

/// What is exported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(serialize = "K: Serialize", deserialize = "K: Deserialize<'de> + Ord"))]
pub struct Series<K> {
    /// Packets of the values that have a series of their own, since they have it.
    #[serde(with = "pairs")]
    pub own: BTreeMap<K, u64>,
    /// Packets of all others, and of those before they had a series.
    pub other: u64,
}

impl<K: Ord + Clone + Hash> Shown<K> {
    /// Nothing is counted yet. The values that are always shown have a series from the beginning.
    pub fn new(always: impl IntoIterator<Item = K>, room: Room) -> Self {
        let mut shown = Self {
            series: Series {
                own: BTreeMap::new(),
                other: 0,
            },
            unseen: BTreeSet::new(),
            totals: Map::default(),
            sum: 0,
            always: always.into_iter().collect(),
            room,
        };
        for value in shown.always.clone() {
            shown.begin_series(value);
        }
        shown
    }

    /// The next day, of which so much is counted already. The values that had most have a series from
    /// its beginning: one that a page has had already begins anew, which is a reset, and a new one
    /// begins at 0.
    #[must_use]
    pub fn next(&self, counts: &BTreeMap<K, u64>) -> Self {
        let mut next = Self::new(self.always.iter().cloned(), self.room);
        for (value, _) in self.top(next.first()) {
            if next.series.own.len() < next.first() {
                next.begin_series(value);
            }
        }
        next.unseen.retain(|value| !self.was_seen(value));
        next.add(counts);
        next
    }

    fn was_seen(&self, value: &K) -> bool {
        self.series.own.contains_key(value) && !self.unseen.contains(value)
    }

    /// A page has the series as they are now; whether it is the first that has one of them.
    pub fn note_seen(&mut self) -> bool {
        !std::mem::take(&mut self.unseen).is_empty()
    }

    /// Adds what was counted by value. A value that gets a series thereby was in `other` until now,
    /// and its series begins at 0: so a rate over it sees all that comes.
    pub fn add(&mut self, counts: &BTreeMap<K, u64>) {
        self.count(counts);
        self.admit(counts);
    }

    fn count(&mut self, counts: &BTreeMap<K, u64>) {
        for (value, packets) in counts {
            self.sum += packets;
            match self.totals.get_mut(value) {
                Some(total) => *total += packets,
                None => drop(self.totals.insert(value.clone(), *packets)),
            }
            match self.series.own.get_mut(value) {
                Some(own) if !self.unseen.contains(value) => *own += packets,
                _ => self.series.other += packets,
            }
        }
    }

    /// Begins a series for those of these values that are to have one: by rank as long as there is
    /// room for anybody, then for those that rise.
    fn admit(&mut self, counts: &BTreeMap<K, u64>) {
        let is_new = |(value, _): &(&K, &u64)| !self.series.own.contains_key(value);
        let mut new: Vec<(&K, &u64)> = counts.iter().filter(is_new).collect();
        new.sort_by_key(|(value, packets)| (Reverse(**packets), *value));
        for (value, _) in new {
            let shown = self.series.own.len();
            if shown < self.first() || (shown < self.room() && self.rises(value)) {
                self.begin_series(value.clone());
            }
        }
    }

    fn rises(&self, value: &K) -> bool {
        let total = self.totals.get(value).copied().unwrap_or_default();
        self.sum >= FEW && total >= self.sum.div_ceil(RISES_AT)
    }

    /// Begins a series at 0, unless the value has one.
    fn begin_series(&mut self, value: K) {
        if !self.series.own.contains_key(&value) {
            self.unseen.insert(value.clone());
            self.series.own.insert(value, 0);
        }
    }

    /// How many series there can be.
    fn room(&self) -> usize {
        let wanted = self.always.len() + self.risers();
        self.room.usual.max(wanted).min(self.room.most)
    }

    /// How many are for those that rise.
    const fn risers(&self) -> usize {
        self.room.usual / 4
    }

    /// How many are taken by whoever comes first.
    fn first(&self) -> usize {
        self.room() - self.risers()
    }

    /// Goes on with the series that another agent had exported on this day, whatever it had chosen
    /// them by: none falls, and none is lost. What is always shown and was not among them begins at
    /// 0, as far as there is room; what finds none, on the next day.
    pub fn go_on(&mut self, exported: Series<K>) {
        let own = exported
            .own
            .values()
            .fold(0, |a: u64, b| a.saturating_add(*b));
        let is_of_today = own.saturating_add(exported.other) <= self.sum;
        if !is_of_today || exported.own.len() > self.room.most {
            return;
        }
        self.series = Series {
            own: exported.own,
            // And what was counted after they were noted.
            other: self.sum - own,
        };
        self.unseen.clear();
        for value in self.always.clone() {
            if self.series.own.len() < self.room.most {
                self.begin_series(value);
            }
        }
    }

    /// What the next page has.
    pub const fn series(&self) -> &Series<K> {
        &self.series
    }

    /// What the last page had, as the next agent is to go on with it.
    pub fn seen(&self) -> Series<K> {
        let mut seen = self.series.clone();
        seen.own.retain(|value, _| !self.unseen.contains(value));
        seen
    }

    /// Packets of all values.
    pub const fn sum(&self) -> u64 {
        self.sum
    }

    /// How many values there are.
    pub fn values(&self) -> u64 {
        self.totals.len() as u64
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

    const ROOM: Room = Room { usual: 8, most: 12 };

    fn counts(counts: impl IntoIterator<Item = (u16, u64)>) -> BTreeMap<u16, u64> {
        counts.into_iter().collect()
    }

    /// A drain after a page; and what holds at each of them.
    fn add(shown: &mut Shown<u16>, packets: impl IntoIterator<Item = (u16, u64)>) {
        shown.note_seen();
        let before = shown.clone();
        shown.add(&counts(packets));
        for (value, packets) in &before.series.own {
            assert!(shown.series.own[value] >= *packets, "{value} fell");
        }
        for (value, packets) in &shown.series.own {
            let is_new = !before.series.own.contains_key(value);
            assert!(!is_new || *packets == 0, "{value} begins at {packets}");
        }
        assert!(shown.series.other >= before.series.other, "other fell");
        assert_eq!(total(shown), shown.sum);
    }

    fn total(shown: &Shown<u16>) -> u64 {
        shown.series.own.values().sum::<u64>() + shown.series.other
    }

    fn values(shown: &Shown<u16>) -> Vec<u16> {
        shown.series.own.keys().copied().collect()
    }

    #[test]
    fn a_rising_value_begins_at_0_and_other_keeps_what_it_had() {
        let mut shown = Shown::new([1], ROOM);
        add(&mut shown, (100..60_000).map(|value| (value, 1)));
        assert_eq!(shown.series.own.len(), 6);
        assert_eq!(shown.series.other, 59_900);
        assert_eq!(shown.folded(), 59_900 - 5);
        add(&mut shown, [(7, 600), (8, 500)]);
        assert_eq!(shown.series.own.get(&7), None, "it is not one in twenty");
        add(&mut shown, [(7, 30), (8, 5000)]);
        assert_eq!(shown.series.own[&8], 0);
        assert_eq!(shown.series.other, 59_900 + 600 + 500 + 30 + 5000);
        add(&mut shown, [(8, 3)]);
        assert_eq!(shown.series.own[&8], 3);
        assert_eq!(shown.top(2), [(8, 5503), (7, 630)]);
        for value in 10..40 {
            add(&mut shown, [(value, 10_000)]);
        }
        assert_eq!(shown.series.own.len(), 8);
    }

    #[test]
    fn whatever_is_always_shown_leaves_room_for_those_that_rise() {
        let mut shown = Shown::new(1..=10, ROOM);
        add(&mut shown, [(20, 500), (21, 400), (22, 300)]);
        assert_eq!(values(&shown), (1..=10).chain([20, 21]).collect::<Vec<_>>());
        assert_eq!(shown.series.own.len(), ROOM.most);
    }

    #[test]
    fn the_next_day_begins_with_the_first_of_this_one_and_room_for_others() {
        let mut shown = Shown::new([1], ROOM);
        add(&mut shown, (10..40).map(|value| (value, value.into())));
        let mut next = shown.next(&counts([]));
        assert_eq!(values(&next), [1, 35, 36, 37, 38, 39]);
        assert_eq!(total(&next), 0);
        add(&mut next, [(5, 99)]);
        assert_eq!(next.series.own.get(&5), None, "too few to tell");
        add(&mut next, [(5, 3)]);
        assert_eq!(next.series.own.get(&5), Some(&0));
    }

    #[test]
    fn on_the_next_day_too_a_new_series_begins_at_0() {
        let mut shown = Shown::new([1], ROOM);
        add(&mut shown, (10..15).map(|value| (value, 1)));
        assert_eq!(values(&shown), [1, 10, 11, 12, 13, 14]);
        // So many that none is one in twenty: they have most, and no series.
        add(&mut shown, (20..60).map(|value| (value, 10)));
        add(&mut shown, [(10, 15), (30, 5)]);
        shown.note_seen();
        // A drain over midnight has some of the next day.
        let next = shown.next(&counts([(10, 7), (20, 5), (30, 3), (99, 2)]));
        assert_eq!(values(&next), [1, 10, 20, 21, 22, 30]);
        assert_eq!(next.series.own[&10], 7, "it was exported: a reset");
        assert_eq!((next.series.own[&20], next.series.own[&30]), (0, 0));
        assert_eq!(next.series.other, 5 + 3 + 2);
    }

    #[test]
    fn what_comes_before_the_first_page_of_a_series_is_in_other() {
        // A first agent, whose programs have counted before its first page.
        let mut shown = Shown::new([1], ROOM);
        for _ in 0..2 {
            shown.add(&counts([(1, 5), (2, 7)]));
        }
        assert_eq!(shown.series.own, [(1, 0), (2, 0)].into());
        assert_eq!(shown.series.other, 24);
        assert!(shown.note_seen() && !shown.note_seen());
        shown.add(&counts([(1, 5), (2, 7), (3, 9)]));
        assert_eq!(shown.series.own, [(1, 5), (2, 7), (3, 0)].into());
        // No page has 3 before that agent ends: the next has not gone on with it.
        let kept = shown.seen();
        assert_eq!(kept.own, [(1, 5), (2, 7)].into());
        let now = counts([(1, 15), (2, 21), (3, 9)]);
        let mut after = Shown::new([1, 4], ROOM).next(&now);
        after.go_on(kept);
        // It takes over what the kernel has counted meanwhile: 4 is configured anew.
        for _ in 0..2 {
            after.add(&counts([(1, 1), (3, 1), (4, 5000)]));
        }
        assert_eq!(after.series.own, [(1, 7), (2, 7), (3, 0), (4, 0)].into());
        assert_eq!(total(&after), after.sum);
        // And so if its first day ends before its first page.
        let next = after.next(&counts([(1, 2), (3, 2), (4, 37)]));
        assert_eq!(next.series.own, [(1, 2), (2, 0), (3, 0), (4, 0)].into());
        assert_eq!(next.series.other, 39);
    }

    #[test]
    fn after_a_restart_no_series_falls() {
        let room = Room { usual: 4, most: 4 };
        let mut before = Shown::new([1], room);
        add(&mut before, [(2, 5), (3, 4), (1, 1)]);
        add(&mut before, [(4, 99), (5, 9), (2, 1)]);
        let noted = before.series().clone();
        let json = serde_json::to_string(&noted).unwrap();
        let noted: Series<u16> = serde_json::from_str(&json).unwrap();
        // One more drain was durable, and all of it comes at once.
        let now = counts([(1, 1), (2, 6), (3, 4), (4, 109), (5, 9)]);
        let begun = Shown::new([1], room).next(&now);
        let mut after = begun.clone();
        after.go_on(noted.clone());
        assert_eq!(after.series.own, noted.own);
        assert_eq!(after.series.other, noted.other + 10);
        assert_eq!(total(&after), after.sum);
        // What cannot be is not believed.
        for other in [130, u64::MAX] {
            let mut after = begun.clone();
            after.go_on(Series {
                other,
                ..noted.clone()
            });
            assert_eq!(after.series, begun.series);
        }
    }

    #[test]
    fn series_go_on_although_their_values_are_told_apart_otherwise_now() {
        let mut before = Shown::new([], ROOM);
        add(&mut before, [(1, 5), (2, 4)]);
        add(&mut before, [(1, 5), (2, 4)]);
        // As if another database of countries had found them.
        let mut after = Shown::new([], ROOM).next(&counts([(3, 18)]));
        after.go_on(before.series().clone());
        assert_eq!(after.series, before.series);
        add(&mut after, [(3, 2)]);
        add(&mut after, [(1, 1), (3, 2)]);
        assert_eq!(after.series.own, [(1, 6), (2, 4), (3, 2)].into());
    }

    #[test]
    fn others_are_always_shown_from_now_on_and_no_series_is_lost() {
        let mut before = Shown::new(1..=3, ROOM);
        for _ in 0..2 {
            add(&mut before, (1..=30).map(|value| (value, 10)));
        }
        let noted = before.series().clone();
        assert_eq!(noted.own.len(), 6);
        let now = counts((1..=30).map(|value| (value, 20)));
        let mut after = Shown::new([7, 20, 21, 22, 23, 24, 25, 26], ROOM).next(&now);
        after.go_on(noted.clone());
        for (value, packets) in &noted.own {
            assert_eq!(after.series.own[value], *packets);
        }
        assert_eq!(after.series.own[&7], 0);
        assert_eq!(after.series.other, noted.other);
        assert_eq!(after.series.own.len(), ROOM.most);
        assert_eq!(total(&after), after.sum);
        assert!(!values(&after).contains(&26), "it finds no room today");
        let next = after.next(&counts([]));
        assert_eq!(values(&next), [7, 20, 21, 22, 23, 24, 25, 26]);
    }
}
