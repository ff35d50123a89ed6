//! Scales and ticks: where a value stands on an axis that begins at zero.
//!
//! Only the four basic operations are used, which every machine rounds alike: the same figures
//! give the same bytes.

/// An axis from zero to a round number, cut into equal steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    /// The distance of two ticks.
    pub(crate) step: f64,
    /// The number of steps; at least one.
    pub(crate) steps: u32,
}

impl Scale {
    /// The axis with at most `most` steps of 1, 2 or 5 times a power of ten that reaches `maximum`.
    /// `whole`: the figures are counts, so steps below one mean nothing.
    pub(crate) fn up_to(maximum: f64, most: u32, whole: bool) -> Self {
        let most = most.max(1);
        let least = if maximum > 0.0 { maximum } else { 1.0 } / f64::from(most);
        let mut decade = 1.0;
        while decade > least {
            decade /= 10.0;
        }
        while decade * 10.0 <= least {
            decade *= 10.0;
        }
        let factors = [1.0, 2.0, 5.0, 10.0];
        let factor = factors.into_iter().find(|factor| factor * decade >= least);
        let mut step = factor.unwrap_or(10.0) * decade;
        if whole && step < 1.0 {
            step = 1.0;
        }
        let mut steps = 1;
        while step * f64::from(steps) < maximum && steps < most {
            steps += 1;
        }
        Self { step, steps }
    }

    /// From 0 to 100, for shares.
    pub(crate) fn per_cent(steps: u32) -> Self {
        Self {
            step: 100.0 / f64::from(steps),
            steps,
        }
    }

    /// The end of the axis.
    pub(crate) fn end(&self) -> f64 {
        self.step * f64::from(self.steps)
    }

    /// The ticks, zero and the end among them.
    pub(crate) fn ticks(&self) -> impl Iterator<Item = f64> + use<> {
        let step = self.step;
        (0..=self.steps).map(move |n| step * f64::from(n))
    }

    /// Decimals that the ticks need.
    pub(crate) fn decimals(&self) -> usize {
        let mut step = self.step;
        let mut decimals = 0;
        while step < 0.999 && decimals < 6 {
            step *= 10.0;
            decimals += 1;
        }
        decimals
    }
}

/// Moves places on a line apart until neighbours are `distance` from each other and all lie between
/// `from` and `to`, each moved as little as can be. `places` must be ascending.
pub(crate) fn spread(places: &mut [f64], distance: f64, from: f64, to: f64) {
    let mut least = from;
    for place in places.iter_mut() {
        *place = place.max(least);
        least = *place + distance;
    }
    let mut most = to;
    for place in places.iter_mut().rev() {
        *place = place.min(most);
        most = *place - distance;
    }
}

/// A count, as a coordinate or a divisor of one.
pub(crate) fn f64_of(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_on_round_numbers() {
        let ends = [
            (343.0, 400.0, 100.0),
            (898.0, 1000.0, 200.0),
            (102_888.0, 120_000.0, 20_000.0),
            (1.0, 1.0, 1.0),
            (0.0, 1.0, 1.0),
            (7.0, 8.0, 2.0),
            (5.0, 5.0, 1.0),
            (100.0, 100.0, 20.0),
        ];
        for (maximum, end, step) in ends {
            let axis = Scale::up_to(maximum, 6, true);
            assert_eq!((axis.end(), axis.step), (end, step), "for {maximum}");
        }
        let fine = Scale::up_to(0.3, 5, false);
        assert_eq!(fine.decimals(), 1);
        assert_eq!(fine.steps, 3);
        assert_eq!(Scale::per_cent(4).ticks().last(), Some(100.0));
    }

    #[test]
    fn spread_places_keep_their_distance() {
        let mut places = [10.0, 11.0, 12.0, 95.0, 99.0];
        spread(&mut places, 5.0, 0.0, 100.0);
        assert_eq!(places, [10.0, 15.0, 20.0, 95.0, 100.0]);
    }
}
