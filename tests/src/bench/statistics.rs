//! Figures of several rounds.

/// The middle of several measurements, and how far they lie apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// The middle one; of an even number the mean of the two in the middle.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
}

/// A floor that moves more than this says that something else was at work on the machine.
const QUIET: f64 = 1.3;

impl Summary {
    /// Of measurements in any order; none of no measurement.
    pub fn of(measured: &[f64]) -> Option<Self> {
        let mut sorted = measured.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let (&min, &max) = (sorted.first()?, sorted.last()?);
        let median = if sorted.len().is_multiple_of(2) {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        } else {
            sorted[middle]
        };
        Some(Self { median, min, max })
    }

    /// Whether a floor that was measured like this lets other figures count.
    pub fn is_quiet(&self) -> bool {
        self.max <= QUIET * self.min
    }
}

/// Which of `count` competitors comes when in a round: each round begins with the next one.
pub fn rotated(count: usize, round: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |place| (place + round) % count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let of = |measured: &[f64]| Summary::of(measured).map(|s| (s.median, s.min, s.max));
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[4.0]), Some((4.0, 4.0, 4.0)));
        assert_eq!(of(&[9.0, 1.0, 2.0]), Some((2.0, 1.0, 9.0)));
        assert_eq!(of(&[4.0, 1.0, 2.0, 9.0]), Some((3.0, 1.0, 9.0)));
    }

    #[test]
    fn a_floor_that_moves_is_not_quiet() {
        assert!(Summary::of(&[10.0, 13.0]).unwrap().is_quiet());
        assert!(!Summary::of(&[10.0, 13.1]).unwrap().is_quiet());
    }

    #[test]
    fn each_has_each_place_once() {
        let orders: Vec<Vec<usize>> = (0..4).map(|round| rotated(3, round).collect()).collect();
        assert_eq!(orders, [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 1, 2]]);
    }
}
