//! The counting table: how it looks in memory, and where a key stands in it.
//!
//! A bucket is one cache line. A key may stand in either of the two buckets that its hash names, or
//! in a neighbour of those; the first that has room takes it. Within an epoch slots are filled in
//! order and none is emptied, so a look-up ends at the first empty slot. Keys are not looked up one
//! by one: each CPU parks them, and when [`PARKED`] have come together it fetches all their buckets
//! before it counts in the first, so that the cache misses overlap.

use crate::key::{Key4, Key6};

/// How many keys a CPU parks before it resolves them together. 8 are less good, 32 no better.
pub const PARKED: usize = 16;
/// In how many buckets an IPv4 key may stand. With the table half full, one key in a million finds
/// no room in any of them; with 4 it would be 270.
pub const TRIES4: u32 = 8;
/// In how many buckets, of two slots each, an IPv6 key may stand.
pub const TRIES6: u32 = 16;
/// Neighbours are the buckets of a group of so many; a table is a whole number of groups.
const GROUP: u32 = 8;

/// A counted IPv4 key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Slot4 {
    /// The key; 0: empty.
    pub key: Key4,
    /// Packets.
    pub packets: u64,
}

/// One cache line of IPv4 keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Bucket4 {
    /// Filled in order.
    pub slots: [Slot4; 4],
}

/// A counted IPv6 key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Slot6 {
    /// The key; a subject of 0: empty.
    pub key: Key6,
    /// Packets.
    pub packets: u64,
}

/// One cache line of IPv6 keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Bucket6 {
    /// Filled in order.
    pub slots: [Slot6; 2],
}

/// An IPv6 key that waits, with its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Parked6 {
    /// The key.
    pub key: Key6,
    /// Its [`hash6`].
    pub hash: u64,
}

/// What one CPU has of its own in one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Lane {
    /// The jiffy in which the clock was asked for the day; 0: ask again.
    pub day_jiffies: u64,
    /// The slot of the day then.
    pub day: u64,
    /// How many of `keys4` wait.
    pub parked4: u64,
    /// How many of `keys6` wait.
    pub parked6: u64,
    /// Slots of the IPv4 table that this CPU has filled.
    pub filled4: u64,
    /// Slots of the IPv6 table that this CPU has filled.
    pub filled6: u64,
    /// Always 0.
    pub padding: [u64; 2],
    /// IPv4 keys of a packet each that wait to be counted in the table.
    pub keys4: [Key4; PARKED],
    /// Their [`hash4`], while they are being counted.
    pub hashes4: [u64; PARKED],
    /// IPv6 keys likewise.
    pub keys6: [Parked6; PARKED],
}

const _: () = {
    assert!(size_of::<Bucket4>() == 64 && size_of::<Bucket6>() == 64);
    assert!(size_of::<Parked6>() == 32);
    assert!(size_of::<Lane>() == 64 + 16 * PARKED + 32 * PARKED);
    assert!(TRIES4 <= 2 * GROUP && TRIES6 <= 2 * GROUP);
};

/// Buckets of an IPv4 table that is half full with this many keys: 32 bytes for each.
pub const fn buckets4(keys: u32) -> u32 {
    keys.div_ceil(2).next_multiple_of(GROUP)
}

/// Buckets of an IPv6 table that is half full with this many keys: 64 bytes for each.
pub const fn buckets6(keys: u32) -> u32 {
    keys.next_multiple_of(GROUP)
}

/// Index of the first bucket of an epoch's table. CPUs share tables where there are fewer of those.
#[inline(always)]
pub const fn table_base(epoch: u32, tables: u32, cpu: u32, buckets: u32) -> u32 {
    let table = match cpu.checked_rem(tables) {
        Some(table) => table,
        None => 0,
    };
    ((epoch & 1) * tables + table) * buckets
}

/// Index of a [`Lane`] in its map.
#[inline(always)]
pub const fn lane_index(epoch: u32, cpus: u32, cpu: u32) -> u32 {
    (epoch & 1) * cpus + cpu
}

/// The bucket of the `n`th try, below [`TRIES4`] or [`TRIES6`]: both lines of the first pair, of
/// the second, then their neighbours.
#[inline(always)]
pub const fn bucket(hash: u64, n: u32, buckets: u32) -> u32 {
    let half = if n & 2 == 0 {
        hash as u32
    } else {
        (hash >> 32) as u32
    };
    let home = (half as u64 * buckets as u64) >> 32;
    home as u32 ^ (n & 1 | n >> 2 << 1)
}

/// The golden ratio's fraction, odd.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// The hash of an IPv4 key. The second multiplier is secret too, so that nobody can work out keys
/// that collide.
#[inline(always)]
pub const fn hash4(key: Key4, seed: [u64; 2]) -> u64 {
    let product = (key.0 ^ seed[0]).wrapping_mul(MULTIPLIER);
    let product = (product ^ product >> 32).wrapping_mul(seed[1] | 1);
    product ^ product >> 32
}

/// The hash of an IPv6 key.
#[inline(always)]
pub const fn hash6(key: &Key6, seed: [u64; 2]) -> u64 {
    let [high, low] = key.source;
    let product = (key.subject ^ high ^ seed[0]).wrapping_mul(MULTIPLIER);
    // The subject's 32 bits and the address's, kept apart.
    let product = (product ^ product >> 29 ^ high.rotate_left(32)).wrapping_mul(seed[1] | 1);
    let product = (product ^ product >> 32 ^ low).wrapping_mul(MULTIPLIER ^ seed[0] << 1);
    product ^ product >> 32
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::{collections::BTreeSet, vec};

    use super::*;

    fn random(state: &mut u64) -> u64 {
        // SplitMix64.
        *state = state.wrapping_add(MULTIPLIER);
        let z = (*state ^ *state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// Keys without room when so many keys are put into a table.
    fn without_room(
        keys: u32,
        buckets: u32,
        slots: u8,
        tries: u32,
        hash: impl Fn(u32) -> u64,
    ) -> u32 {
        let mut filled = vec![0; buckets as usize];
        let finds_room = |number: &u32| {
            (0..tries).any(|n| {
                let filled: &mut u8 = &mut filled[bucket(hash(*number), n, buckets) as usize];
                let has_room = *filled < slots;
                *filled += u8::from(has_room);
                has_room
            })
        };
        keys - (0..keys)
            .filter({
                let mut finds_room = finds_room;
                move |number| finds_room(number)
            })
            .count() as u32
    }

    /// A scan as it comes: neighbouring sources, each on many ports.
    fn scan(number: u32) -> u64 {
        let (source, port) = (number >> 8, number & 0xff);
        u64::from((0xc633_0000 + source).swap_bytes()) | u64::from(port) << 32 | 1 << 48
    }

    #[test]
    fn a_table_holds_the_keys_that_it_guarantees() {
        const KEYS: u32 = 1 << 18;
        for seed in 1..=4_u64 {
            let mut state = seed;
            let seeds = [random(&mut state), random(&mut state)];
            let lost = without_room(KEYS, buckets4(KEYS), 4, TRIES4, |n| {
                hash4(Key4(scan(n)), seeds)
            });
            assert!(lost <= 4, "IPv4: {lost} of {KEYS}, seed {seed}");
            // Sources of one /64 differ in their lower half alone, others in their upper one.
            let lost = without_room(KEYS, buckets6(KEYS), 2, TRIES6, |n| {
                let source = if n & 1 == 0 {
                    [0x20, u64::from(n)]
                } else {
                    [u64::from(n) << 32, 1]
                };
                let key = Key6 {
                    subject: scan(n & 0xff) & !0xffff_ffff,
                    source,
                };
                hash6(&key, seeds)
            });
            assert!(lost <= 4, "IPv6: {lost} of {KEYS}, seed {seed}");
        }
    }

    #[test]
    fn tries_are_different_buckets_of_the_table() {
        for buckets in [buckets4(1), buckets4(1000), buckets6(77)] {
            for hash in [0, u64::MAX, 0x0123_4567_89ab_cdef] {
                let pairs: BTreeSet<u32> = (0..TRIES6).map(|n| bucket(hash, n, buckets)).collect();
                assert!(pairs.iter().all(|bucket| *bucket < buckets));
                assert!(pairs.len() >= GROUP as usize);
            }
        }
    }

    #[test]
    fn nobody_who_does_not_know_the_seed_can_make_keys_collide() {
        // Keys that share their bucket under one seed are spread under another.
        let buckets = buckets4(1 << 16);
        let home = |number: u32, seed| bucket(hash4(Key4(scan(number)), seed), 0, buckets);
        let known = [11, 22];
        let chosen = (0..1 << 22).filter(|n| home(*n, known) < 4);
        let homes: BTreeSet<u32> = chosen.clone().map(|n| home(n, [33, 44])).collect();
        let keys = chosen.count();
        assert!(
            keys > 400 && homes.len() * 100 > keys * 95,
            "{} of {keys}",
            homes.len()
        );
    }
}
