//! The user side of the counting table: reading and clearing the copy of one epoch, once no program
//! writes it any more. Which structure holds the keys is decided here and in the program's module
//! of the same name, and nowhere else; [`talot_common::table`] describes it.

use std::{net::IpAddr, ops::Range};

use anyhow::{Context as _, Result};
use aya::EbpfLoader;
use serde::{Deserialize, Serialize};
use talot_common::{
    key::{Key4, Key6, Subject},
    table::{Bucket4, Bucket6, Lane, buckets4, buckets6, lane_index},
};

use super::{counters::Maps, mapped::Mapped};

/// What the table is to hold: keys of one drain interval.
#[derive(Clone, Copy, Debug)]
pub struct Capacity {
    /// IPv4 keys.
    pub keys4: u32,
    /// IPv6 keys.
    pub keys6: u32,
    /// So many CPUs have a table each; where there can be more, they share so many. Memory grows
    /// with the tables, and sharing costs atomic operations.
    pub most_tables: u32,
}

impl Capacity {
    /// Tables for so many keys.
    pub const fn new(keys4: u32, keys6: u32) -> Self {
        Self {
            keys4,
            keys6,
            most_tables: 8,
        }
    }
}

/// At this share of the keys that a table guarantees, the agent drains early.
const NEARLY_FULL: f64 = 0.75;

/// How many tables there are, and how large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shape {
    keys4: u32,
    keys6: u32,
    /// How many there can be.
    cpus: u32,
    tables: u32,
}

/// How full the fullest table of the open epoch is. Packets come to one CPU as they like, so nothing
/// follows from what all of them hold together.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Fill {
    /// Keys in it.
    pub entries: u64,
    /// Keys that a table is sized for: it has room for twice as many.
    pub capacity: u64,
}

/// A counted key.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    /// What is counted.
    pub subject: Subject,
    /// Where it came from.
    pub source: IpAddr,
    /// How many packets.
    pub packets: u64,
}

/// Both copies of the table.
pub(super) struct Table {
    shape: Shape,
    lanes: Mapped<Lane>,
    v4: Mapped<Bucket4>,
    v6: Mapped<Bucket6>,
}

impl Shape {
    /// For a machine that can have `cpus`, of which so many are at work.
    pub(super) fn new(capacity: Capacity, cpus: u32, online: u32) -> Self {
        let Capacity {
            keys4,
            keys6,
            most_tables,
        } = capacity;
        let tables = if cpus <= most_tables {
            cpus
        } else {
            online.clamp(1, most_tables)
        };
        Self {
            keys4,
            keys6,
            cpus,
            tables,
        }
    }

    pub(super) const fn cpus(&self) -> u32 {
        self.cpus
    }

    pub(super) const fn lanes(&self) -> u32 {
        2 * self.cpus
    }

    /// Buckets of all IPv4 tables, and of all IPv6 tables.
    ///
    /// # Errors
    ///
    /// If there are more than a map can have.
    pub(super) fn buckets(&self) -> Result<[u32; 2]> {
        let [v4, v6] = self.wanted_buckets().map(u32::try_from);
        let too_many = "the tables have too many buckets: lower [kernel] keys or keys6";
        Ok([v4.context(too_many)?, v6.context(too_many)?])
    }

    fn wanted_buckets(&self) -> [u64; 2] {
        [buckets4(self.keys4), buckets6(self.keys6)]
            .map(|buckets| 2 * u64::from(self.tables) * u64::from(buckets))
    }

    /// Bytes that the table takes in the kernel.
    pub(super) fn bytes(&self) -> u64 {
        let [v4, v6] = self.wanted_buckets();
        v4 * size_of::<Bucket4>() as u64
            + v6 * size_of::<Bucket6>() as u64
            + u64::from(self.lanes()) * size_of::<Lane>() as u64
    }

    /// Bytes that the agent takes while it drains tables that are full.
    pub(super) fn drain_bytes(&self) -> u64 {
        // A key as it is read and as a row, and half of that again to sort it.
        const KEY: u64 = 128;
        (u64::from(self.keys4) + u64::from(self.keys6)) * u64::from(self.tables) * KEY
    }

    /// Filled slots of one CPU that are to wake the agent, with so many at work. CPUs that share a
    /// table fill it together.
    fn nearly_full(&self, keys: u32, online: u32) -> u64 {
        let sharers = f64::from(online.max(1).div_ceil(self.tables));
        let share = f64::from(keys) / sharers;
        (share * NEARLY_FULL).max(1.0) as u64
    }

    /// How full the fullest tables are, by the slots that each CPU has filled.
    fn fill(&self, by_cpu: impl Iterator<Item = [u64; 2]>) -> [Fill; 2] {
        let mut tables = vec![[0, 0]; self.tables as usize];
        for (filled, table) in by_cpu.zip((0..self.tables as usize).cycle()) {
            for (sum, filled) in tables[table].iter_mut().zip(filled) {
                *sum += filled;
            }
        }
        [(0, self.keys4), (1, self.keys6)].map(|(family, keys)| Fill {
            entries: tables.iter().map(|table| table[family]).max().unwrap_or(0),
            capacity: keys.into(),
        })
    }

    /// What the programs are told of it.
    pub(super) fn globals(&self, seed: [u64; 2], online: u32) -> Globals {
        Globals {
            seed,
            tables: self.tables,
            buckets4: buckets4(self.keys4),
            buckets6: buckets6(self.keys6),
            nearly_full4: self.nearly_full(self.keys4, online),
            nearly_full6: self.nearly_full(self.keys6, online),
        }
    }
}

/// What the program is told of the table.
pub(super) struct Globals {
    seed: [u64; 2],
    tables: u32,
    buckets4: u32,
    buckets6: u32,
    nearly_full4: u64,
    nearly_full6: u64,
}

impl Globals {
    pub(super) fn apply<'a>(&'a self, loader: &mut EbpfLoader<'a>) {
        let Self {
            seed,
            tables,
            buckets4,
            buckets6,
            nearly_full4,
            nearly_full6,
        } = self;
        loader
            .override_global("TABLE_SEED", seed, true)
            .override_global("TABLES", tables, true)
            .override_global("BUCKETS4", buckets4, true)
            .override_global("BUCKETS6", buckets6, true)
            .override_global("NEARLY_FULL4", nearly_full4, true)
            .override_global("NEARLY_FULL6", nearly_full6, true);
    }
}

impl Table {
    pub(super) fn open(maps: &Maps<'_>, shape: Shape) -> Result<Self> {
        let [v4, v6] = shape.buckets()?;
        Ok(Self {
            lanes: maps.mapped("LANES", shape.lanes())?,
            v4: maps.mapped("SOURCES4", v4)?,
            v6: maps.mapped("SOURCES6", v6)?,
            shape,
        })
    }

    /// Everything that was counted in an ended epoch. A key may come several times.
    pub(super) fn read(&self, epoch: u32) -> Result<Vec<Counted>> {
        const NONSENSE: &str = "a key of the table makes no sense";
        let [filled4, filled6] = self.filled(epoch);
        let mut counted = Vec::with_capacity((filled4 + filled6) as usize + self.most_parked());
        let mut add4 = |key: Key4, packets| -> Result<()> {
            counted.push(Counted {
                subject: Subject::unpack(key.0).context(NONSENSE)?,
                source: key.source().into(),
                packets,
            });
            Ok(())
        };
        if filled4 > 0 {
            // SAFETY: the epoch has ended, and the grace period is over.
            for bucket in unsafe { self.v4.slice(half(self.v4.entries(), epoch)) } {
                for slot in bucket.slots.iter().take_while(|slot| slot.key.0 != 0) {
                    add4(slot.key, slot.packets)?;
                }
            }
        }
        for lane in self.lanes_of(epoch) {
            for key in lane.keys4.iter().take(lane.parked4 as usize) {
                add4(*key, 1)?;
            }
        }
        let mut add6 = |key: Key6, packets| -> Result<()> {
            counted.push(Counted {
                subject: Subject::unpack(key.subject).context(NONSENSE)?,
                source: key.source().into(),
                packets,
            });
            Ok(())
        };
        if filled6 > 0 {
            // SAFETY: as above.
            for bucket in unsafe { self.v6.slice(half(self.v6.entries(), epoch)) } {
                for slot in bucket.slots.iter().take_while(|slot| slot.key.subject != 0) {
                    add6(slot.key, slot.packets)?;
                }
            }
        }
        for lane in self.lanes_of(epoch) {
            for parked in lane.keys6.iter().take(lane.parked6 as usize) {
                add6(parked.key, 1)?;
            }
        }
        Ok(counted)
    }

    /// Empties the copy of an ended epoch.
    pub(super) fn clear(&mut self, epoch: u32) {
        let [filled4, filled6] = self.filled(epoch);
        if filled4 > 0 {
            let half = half(self.v4.entries(), epoch);
            // SAFETY: the epoch has ended, and the grace period is over; no epoch begins meanwhile.
            // All zeroes are an empty bucket.
            unsafe { self.v4.zero_if(half, |bucket| bucket.slots[0].key.0 != 0) };
        }
        if filled6 > 0 {
            let half = half(self.v6.entries(), epoch);
            let is_filled = |bucket: &Bucket6| bucket.slots[0].key.subject != 0;
            // SAFETY: as above.
            unsafe { self.v6.zero_if(half, is_filled) };
        }
        // Last: what the lanes say decides whether there is anything to clear.
        let lanes = half(self.lanes.entries(), epoch);
        // SAFETY: as above.
        unsafe { self.lanes.zero_if(lanes, |_| true) };
    }

    /// How full the tables of an epoch are, which may go on counting.
    pub(super) fn fill(&self, epoch: u32) -> [Fill; 2] {
        let lanes = self.lanes_of(epoch);
        self.shape
            .fill(lanes.map(|lane| [lane.filled4, lane.filled6]))
    }

    fn filled(&self, epoch: u32) -> [u64; 2] {
        self.lanes_of(epoch).fold([0, 0], |[v4, v6], lane| {
            [v4 + lane.filled4, v6 + lane.filled6]
        })
    }

    fn lanes_of(&self, epoch: u32) -> impl Iterator<Item = Lane> {
        let cpus = self.shape.cpus;
        (0..cpus).map(move |cpu| self.lanes.get(lane_index(epoch, cpus, cpu) as usize))
    }

    const fn most_parked(&self) -> usize {
        2 * talot_common::table::PARKED * self.shape.cpus as usize
    }
}

/// The half of a map's values that belongs to an epoch.
const fn half(entries: usize, epoch: u32) -> Range<usize> {
    let half = entries / 2;
    let start = half * (epoch & 1) as usize;
    start..start + half
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpus_have_tables_of_their_own_as_long_as_there_are_few() {
        let capacity = Capacity::new(1000, 100);
        let shape = |cpus, online| {
            let shape = Shape::new(capacity, cpus, online);
            (shape.tables, shape.nearly_full(shape.keys4, online))
        };
        assert_eq!(shape(2, 2), (2, 750));
        assert_eq!(shape(8, 4), (8, 750));
        assert_eq!(shape(64, 64), (8, 93), "eight CPUs fill each table");
        assert_eq!(shape(128, 2), (2, 750), "most of them will never come");
    }

    #[test]
    fn the_fullest_table_is_told_and_not_what_all_could_hold_together() {
        let fill = |cpus: usize, filled: &[u64]| {
            let shape = Shape::new(Capacity::new(1000, 100), cpus as u32, cpus as u32);
            assert_eq!(filled.len(), cpus);
            let by_cpu = filled.iter().map(|filled| [*filled, 7]);
            shape.fill(by_cpu).map(|fill| (fill.entries, fill.capacity))
        };
        // Everything comes to one of two CPUs, whose table is full.
        assert_eq!(fill(2, &[0, 1000]), [(1000, 1000), (7, 100)]);
        // CPUs 3 and 11 share a table.
        let mut filled = [1; 16];
        (filled[3], filled[11]) = (300, 400);
        assert_eq!(fill(16, &filled), [(700, 1000), (14, 100)]);
    }

    #[test]
    fn a_key_takes_no_more_than_72_bytes_of_each_table() {
        for keys in [64, 65_536, 1_000_000, 1 << 20] {
            let capacity = Capacity::new(keys, 0);
            let tables = u64::from(Shape::new(capacity, 2, 2).buckets().unwrap()[0]) * 64;
            assert!(
                tables <= 2 * 72 * u64::from(keys),
                "{keys} keys: {tables} bytes"
            );
        }
    }
}
