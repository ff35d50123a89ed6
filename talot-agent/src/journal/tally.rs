//! What became of the packets of a point and day, in numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use talot_common::words::Disposition;

/// Packets by disposition, and what else is counted beside them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "BTreeMap<String, u64>", try_from = "BTreeMap<String, u64>")]
pub struct Tally {
    /// Packets that the hook saw.
    pub seen: u64,
    /// Packets by [`Disposition`].
    pub dispositions: [u64; Disposition::COUNT],
    /// Unsolicited packets whose source found no room.
    pub overflow: u64,
    /// Packets that the interface dropped before the hook.
    pub missed: u64,
    /// Conversations that had to make room before their idle time was over.
    pub conversations_forgotten: u64,
}

impl Tally {
    /// How many figures there are.
    pub const COUNT: usize = Disposition::COUNT + 4;

    /// Every figure under its name in the coverage record, in the order of its columns.
    pub fn figures(&self) -> [(&'static str, u64); Self::COUNT] {
        let Self {
            seen,
            dispositions,
            overflow,
            missed,
            conversations_forgotten,
        } = self;
        let mut figures = [("seen", *seen); Self::COUNT];
        for disposition in Disposition::ALL {
            let index = disposition as usize;
            figures[1 + index] = (disposition.name(), dispositions[index]);
        }
        figures[Disposition::COUNT + 1] = ("overflow", *overflow);
        figures[Disposition::COUNT + 2] = ("missed", *missed);
        figures[Disposition::COUNT + 3] = ("conversations_forgotten", *conversations_forgotten);
        figures
    }

    /// Packets of one disposition.
    pub const fn of(&self, disposition: Disposition) -> u64 {
        self.dispositions[disposition as usize]
    }

    /// What was counted after `earlier`, which is a part of this.
    #[must_use]
    pub fn beyond(&self, earlier: &Self) -> Self {
        let mut beyond = self.clone();
        let Self {
            seen,
            dispositions,
            overflow,
            missed,
            conversations_forgotten,
        } = &mut beyond;
        let subtract = |from: &mut u64, earlier: u64| *from = from.saturating_sub(earlier);
        subtract(seen, earlier.seen);
        for (from, earlier) in dispositions.iter_mut().zip(earlier.dispositions) {
            subtract(from, earlier);
        }
        subtract(overflow, earlier.overflow);
        subtract(missed, earlier.missed);
        subtract(conversations_forgotten, earlier.conversations_forgotten);
        beyond
    }

    /// Adds what another interval counted.
    pub fn add(&mut self, other: &Self) {
        let Self {
            seen,
            dispositions,
            overflow,
            missed,
            conversations_forgotten,
        } = other;
        // A sum that no table holds stays the largest: closing the day then says so.
        let add = |sum: &mut u64, count: &u64| *sum = sum.saturating_add(*count);
        add(&mut self.seen, seen);
        for (sum, count) in self.dispositions.iter_mut().zip(dispositions) {
            add(sum, count);
        }
        add(&mut self.overflow, overflow);
        add(&mut self.missed, missed);
        add(&mut self.conversations_forgotten, conversations_forgotten);
    }
}

impl From<Tally> for BTreeMap<String, u64> {
    fn from(tally: Tally) -> Self {
        tally
            .figures()
            .map(|(name, count)| (name.to_owned(), count))
            .into()
    }
}

impl TryFrom<BTreeMap<String, u64>> for Tally {
    type Error = String;

    fn try_from(mut figures: BTreeMap<String, u64>) -> Result<Self, String> {
        let mut take = |name: &str| figures.remove(name).ok_or(format!("`{name}` is missing"));
        let mut tally = Self {
            seen: take("seen")?,
            dispositions: [0; Disposition::COUNT],
            overflow: take("overflow")?,
            missed: take("missed")?,
            conversations_forgotten: take("conversations_forgotten")?,
        };
        for disposition in Disposition::ALL {
            tally.dispositions[disposition as usize] = take(disposition.name())?;
        }
        match figures.pop_first() {
            Some((name, _)) => Err(format!("`{name}` is unknown")),
            None => Ok(tally),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_the_contracts_and_survive_json() {
        let tally = Tally {
            seen: 45,
            dispositions: [1, 2, 3, 4, 5, 6, 7, 8, 9],
            overflow: 10,
            missed: 11,
            conversations_forgotten: 12,
        };
        let json = serde_json::to_string(&tally).unwrap();
        assert_eq!(
            json,
            r#"{"access":9,"backscatter":7,"conversations_forgotten":12,"elsewhere":4,"excluded":5,"link_control":3,"malformed":2,"missed":11,"non_ip":1,"overflow":10,"seen":45,"solicited":6,"stray":8}"#
        );
        assert_eq!(serde_json::from_str::<Tally>(&json).unwrap(), tally);
        let wrong = [
            json.replace("stray", "astray"),
            json.replace(r#""stray":8,"#, ""),
        ];
        for wrong in wrong.map(|json| json.replace(r#","stray":8"#, "")) {
            assert!(serde_json::from_str::<Tally>(&wrong).is_err(), "{wrong}");
        }
        let mut twice = tally.clone();
        twice.add(&tally);
        let doubled = tally.figures().map(|(name, count)| (name, 2 * count));
        assert_eq!(twice.figures(), doubled);
    }
}
