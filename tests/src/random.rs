//! Random choices that a printed seed replays.

/// A small generator (SplitMix64, Steele, Lea and Flood 2014): good enough to vary tests.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// Starts from `TALOT_TEST_SEED`, else from the clock, and prints what it started from.
    ///
    /// # Panics
    /// When the variable is set to something that is no number.
    pub fn new() -> Self {
        let seed = std::env::var("TALOT_TEST_SEED").map_or_else(
            |_| {
                let now = std::time::UNIX_EPOCH.elapsed().expect("a clock after 1970");
                u64::from(now.subsec_nanos())
            },
            |seed| seed.parse().expect("TALOT_TEST_SEED is a number"),
        );
        println!("replay this with TALOT_TEST_SEED={seed}");
        Self(seed)
    }

    /// Starts from this.
    pub const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number from 0 to below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.bits() % limit
    }

    /// Puts the items into any order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last as u64 + 1) as usize;
            items.swap(last, other);
        }
    }
}

impl Default for Random {
    fn default() -> Self {
        Self::new()
    }
}
