//! Traces: which key each packet of a run has.

use serde::Serialize;

use crate::random::Random;

/// How packets fall on keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Distribution {
    /// Every key as often as any other: one permutation of all keys after the other.
    Uniform,
    /// The key of rank r with probability proportional to 1/r.
    Zipf,
}

/// Numbers of keys, below `keys`: as many as fit into `room`, and a multiple of `keys`, so that a
/// trace can be repeated. A uniform one begins with each key once.
///
/// # Panics
/// When there is not room for one number per key.
pub fn numbers(
    distribution: Distribution,
    keys: u32,
    room: usize,
    random: &mut Random,
) -> Vec<u32> {
    let length = room - room % keys as usize;
    assert!(keys > 0 && length > 0, "{keys} keys, room for {room}");
    let mut shuffled: Vec<u32> = (0..keys).collect();
    random.shuffle(&mut shuffled);
    match distribution {
        Distribution::Uniform => {
            let mut trace = Vec::with_capacity(length);
            while trace.len() < length {
                trace.extend(&shuffled);
                random.shuffle(&mut shuffled);
            }
            trace
        }
        Distribution::Zipf => {
            let cumulated = harmonic(keys);
            let total = cumulated[keys as usize - 1];
            let draw = || {
                let at = unit(random) * total;
                // The last rank also takes what rounding leaves over.
                let rank = cumulated.partition_point(|sum| *sum <= at);
                shuffled[rank.min(keys as usize - 1)]
            };
            std::iter::repeat_with(draw).take(length).collect()
        }
    }
}

/// Sums of 1/r up to each rank.
fn harmonic(keys: u32) -> Vec<f64> {
    let mut sum = 0.0;
    let add = |rank: u32| {
        sum += 1.0 / f64::from(rank);
        sum
    };
    (1..=keys).map(add).collect()
}

/// A number of [0, 1).
fn unit(random: &mut Random) -> f64 {
    (random.bits() >> 11) as f64 / (1_u64 << 53) as f64
}

/// The source and the destination port of a key, by its number: different for each. The order of
/// the numbers does not show in them (a bijection of 32 bits, the finisher of MurmurHash3).
pub const fn key(number: u32) -> (u32, u16) {
    let mut word = number;
    word = (word ^ word >> 16).wrapping_mul(0x85eb_ca6b);
    word = (word ^ word >> 13).wrapping_mul(0xc2b2_ae35);
    word ^= word >> 16;
    (word, (number % 1024) as u16 + 1)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_uniform_trace_has_each_key_once_in_each_part() {
        let trace = numbers(Distribution::Uniform, 100, 555, &mut Random::seeded(7));
        assert_eq!(trace.len(), 500);
        for part in trace.chunks(100) {
            let distinct: HashSet<u32> = part.iter().copied().collect();
            assert_eq!(distinct.len(), 100);
            assert!(part.iter().all(|number| *number < 100));
        }
        assert_ne!(trace[..100], trace[100..200]);
    }

    #[test]
    fn ranks_of_a_zipf_trace_fall_as_they_should() {
        let trace = numbers(Distribution::Zipf, 1000, 1_000_000, &mut Random::seeded(7));
        assert_eq!(trace.len(), 1_000_000);
        let mut packets = vec![0_u32; 1000];
        trace
            .iter()
            .for_each(|number| packets[*number as usize] += 1);
        packets.sort_unstable_by(|a, b| b.cmp(a));
        // The sum of 1/r up to 1000 is 7.4855.
        for (rank, share) in [(1, 0.133_593), (2, 0.066_796), (10, 0.013_359)] {
            let expected = share * 1e6;
            let found = f64::from(packets[rank - 1]);
            assert!(
                (found / expected - 1.0).abs() < 0.05,
                "rank {rank}: {found}, not {expected}"
            );
        }
    }

    #[test]
    fn keys_differ() {
        let distinct: HashSet<_> = (0..200_000).map(key).collect();
        assert_eq!(distinct.len(), 200_000);
    }
}
