//! Things seen recently, on the capture's own clock.

use std::hash::Hash;

use super::Map;

/// What was seen, each until it is no longer recent. What has run out goes when there is much of
/// it, so memory is bounded by what is recent at the same time.
#[derive(Debug)]
pub(super) struct Recent<K> {
    until: Map<K, i64>,
    /// How many entries make a clearing worth while.
    crowded: usize,
}

/// Below this many, nothing is cleared.
const FEW: usize = 1 << 12;

impl<K> Default for Recent<K> {
    fn default() -> Self {
        Self {
            until: Map::default(),
            crowded: FEW,
        }
    }
}

impl<K: Eq + Hash> Recent<K> {
    /// The thing is seen now, and stays recent for a time (both ns).
    pub(super) fn note(&mut self, thing: K, now: i64, idle: i64) {
        let until = now.saturating_add(idle);
        let entry = self.until.entry(thing).or_insert(until);
        // Captures of several queues are not quite in the order of time.
        *entry = until.max(*entry);
        if self.until.len() >= self.crowded {
            self.until.retain(|_, until| now <= *until);
            self.crowded = FEW.max(2 * self.until.len());
        }
    }

    /// Whether the thing was seen within its time.
    pub(super) fn has(&self, thing: &K, now: i64) -> bool {
        !self.until.is_empty() && self.until.get(thing).is_some_and(|until| now <= *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_recent_for_their_time_after_they_were_last_seen() {
        let mut recent = Recent::default();
        recent.note("a", 100, 10);
        assert!(recent.has(&"a", 110) && !recent.has(&"a", 111) && !recent.has(&"b", 100));
        recent.note("a", 115, 10);
        assert!(recent.has(&"a", 125));
        recent.note("a", 50, 10);
        assert!(recent.has(&"a", 125), "an older packet that comes late");
    }

    #[test]
    fn what_has_run_out_takes_no_memory() {
        let mut recent = Recent::default();
        for time in 0..1_000_000 {
            recent.note(time, time, 100);
            assert!(recent.until.len() <= FEW);
        }
        assert!(recent.has(&999_900, 1_000_000) && !recent.has(&999_899, 1_000_000));
    }
}
