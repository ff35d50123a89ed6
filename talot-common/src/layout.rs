//! Layouts of the maps, as kernel and user space both see them. Raising [`VERSION`] is what a
//! change of any of them asks for.

use crate::{packet::Link, words::Disposition};

/// Version of every layout in this module and of the keys, but for the conversations'.
pub const VERSION: u32 = if cfg!(feature = "next-layout") { 2 } else { 1 };

/// Version of the layout of conversations (the sets of [`Recent`] things) and of their fingerprints.
pub const CONVERSATIONS_VERSION: u32 = 1;

/// How many points a sensor can have: a key has four bits for them.
pub const POINTS: usize = 16;
/// How many day slots there are: a key has three bits for them. A day's slot is its number
/// (days since 1970-01-01) modulo this.
pub const DAYS: usize = 8;
/// How many hooks (interfaces) one sensor watches: as many as points.
pub const HOOKS: usize = POINTS;
/// How many address ranges of one family a sensor watches.
pub const RANGES: usize = 64;
/// Buckets of each of the two sets of conversations.
pub const CONVERSATION_BUCKETS: u32 = 1 << 16;
/// Buckets of each of the sets of what passes soon: knocks, first fragments.
pub const PASSING_BUCKETS: u32 = 1 << 12;
/// Bytes of all sets of recent things.
pub const CONVERSATION_BYTES: u64 =
    2 * (CONVERSATION_BUCKETS + PASSING_BUCKETS) as u64 * size_of::<RecentBucket>() as u64;
/// Entries in one bucket of a set of recent things: one cache line.
pub const RECENT_WAYS: usize = 4;

/// The switch between user space and the programs. One aligned word, so that a program reads both
/// halves at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(8))]
pub struct Control {
    /// Counts drains; its lowest bit says which copy of the tables is being written.
    pub epoch: u32,
    /// Its lowest bit says which [`Watch`] is in force.
    pub watch: u32,
}

/// What is watched, and when the days end. There are two of them; user space writes the one that
/// is not in force, then switches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Watch {
    /// Ends of this day and the next six, nanoseconds of CLOCK_TAI. What comes after the last
    /// stays in the eighth day.
    pub day_ends: [u64; DAYS - 1],
    /// How long a conversation may be silent: TCP, UDP, others; nanoseconds.
    pub idle: [u64; 3],
    /// Number of the first day (days since 1970-01-01, in the configured time zone).
    pub first_day: u32,
    /// How many of `hooks` are in use.
    pub hooks_used: u32,
    /// Always 0, which the verifier does not know.
    pub zero: u64,
    /// Points, a bit each, whose unsolicited packets end here once they are counted.
    pub dropping: u64,
    /// The watched interfaces.
    pub hooks: [Hook; HOOKS],
    /// IPv4 ranges, those of one hook side by side, the longest prefix first.
    pub v4: [Range4; RANGES],
    /// IPv6 ranges, likewise.
    pub v6: [Range6; RANGES],
}

/// A watched interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Hook {
    /// The interface's index; 0 is no interface.
    pub ifindex: u32,
    /// A [`Link`].
    pub link: u8,
    /// Slot of the interface's first point: rows 1 to 4 count there.
    pub first_point: u8,
    /// First of its IPv4 ranges, and the one behind its last.
    pub v4: [u8; 2],
    /// First of its IPv6 ranges, and the one behind its last.
    pub v6: [u8; 2],
    /// Always 0.
    pub padding: [u8; 2],
}

impl Hook {
    /// What the interface's frames begin with.
    #[inline(always)]
    pub const fn link(&self) -> Link {
        if self.link == Link::Ip as u8 {
            Link::Ip
        } else {
            Link::Ethernet
        }
    }
}

/// A point as the programs know it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Point {
    /// Its slot.
    pub slot: u8,
    /// 1: a live point, whose host holds conversations; 0: a dark point.
    pub live: u8,
    /// Always 0.
    pub padding: [u8; 2],
}

/// An IPv4 prefix of a point, as its words stand in a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Range4 {
    /// The network.
    pub network: u32,
    /// The mask.
    pub mask: u32,
    /// Whose it is.
    pub point: Point,
}

/// An IPv6 prefix of a point, as its words stand in a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Range6 {
    /// The network.
    pub network: [u32; 4],
    /// The mask.
    pub mask: [u32; 4],
    /// Whose it is.
    pub point: Point,
}

/// What one CPU has counted in one (epoch, point, day).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Tally {
    /// Packets by [`Disposition`].
    pub dispositions: [u64; Disposition::COUNT],
    /// Packets that the hook saw.
    pub seen: u64,
    /// Unsolicited packets whose source found no room.
    pub overflow: u64,
    /// Conversations that had to make room before their idle time was over.
    pub conversations_forgotten: u64,
    /// Always 0.
    pub padding: [u64; 4],
}

/// Index of a [`Tally`] in its map.
#[inline(always)]
pub const fn tally_index(epoch: u32, cpus: u32, cpu: u32, point: u8, day: u8) -> u32 {
    let copy = (epoch & 1) * cpus + cpu;
    (copy * POINTS as u32 + (point as u32 & (POINTS as u32 - 1))) * DAYS as u32
        + (day as u32 & (DAYS as u32 - 1))
}

/// How many [`Tally`] values there are.
pub const fn tallies(cpus: u32) -> u32 {
    2 * cpus * (POINTS * DAYS) as u32
}

/// How many overflow cells there are.
pub const fn overflow_cells(points: u32) -> u32 {
    2 * points * DAYS as u32 * crate::overflow::CELLS
}

/// Index of the first overflow cell of an (epoch, point, day).
#[inline(always)]
pub const fn overflow_base(epoch: u32, points: u32, point: u8, day: u8) -> u32 {
    let copy = (epoch & 1) * points + point as u32;
    (copy * DAYS as u32 + (day as u32 & (DAYS as u32 - 1))) * crate::overflow::CELLS
}

/// An entry of a set of recent things (conversations, fragments): a fingerprint, and when the
/// thing was last seen. Each word is written whole, so two CPUs cannot tear an entry; a
/// fingerprint of 64 seeded bits is as good as the thing itself (one wrong match in 10¹⁸).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Recent {
    /// The fingerprint; 0: empty.
    pub fingerprint: u64,
    /// Nanoseconds of the coarse monotonic clock.
    pub seen_at: u64,
}

/// One cache line of a set of recent things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct RecentBucket {
    /// Its entries, in no order.
    pub entries: [Recent; RECENT_WAYS],
}

const _: () = {
    assert!(size_of::<Control>() == 8);
    assert!(size_of::<Hook>() == 12);
    assert!(size_of::<Point>() == 4);
    assert!(size_of::<Range4>() == 12);
    assert!(size_of::<Range6>() == 36);
    assert!(size_of::<Watch>() == 56 + 24 + 8 + 8 + 8 + 12 * HOOKS + 12 * RANGES + 36 * RANGES);
    assert!(size_of::<Tally>() == 128);
    assert!(size_of::<RecentBucket>() == 64);
};

impl Watch {
    /// Nothing is watched.
    pub const fn empty() -> Self {
        const POINT: Point = Point {
            slot: 0,
            live: 0,
            padding: [0; 2],
        };
        Self {
            day_ends: [u64::MAX; DAYS - 1],
            idle: [0; 3],
            first_day: 0,
            hooks_used: 0,
            zero: 0,
            dropping: 0,
            hooks: [Hook {
                ifindex: 0,
                link: 0,
                first_point: 0,
                v4: [0; 2],
                v6: [0; 2],
                padding: [0; 2],
            }; HOOKS],
            v4: [Range4 {
                network: 0,
                mask: 0,
                point: POINT,
            }; RANGES],
            v6: [Range6 {
                network: [0; 4],
                mask: [0; 4],
                point: POINT,
            }; RANGES],
        }
    }
}

#[cfg(feature = "user")]
mod user {
    use super::{Control, RecentBucket, Tally, Watch};
    use crate::{
        exclude::RuleSet,
        key::{Key4, Key6},
        table::{Bucket4, Bucket6, Lane},
    };

    macro_rules! plain_data {
        ($($type:ty),*) => { $(
            // SAFETY: repr(C) or transparent, without padding (sizes asserted), of integers alone.
            unsafe impl aya::Pod for $type {}
        )* };
    }

    plain_data!(
        Control,
        Watch,
        Tally,
        RecentBucket,
        Key4,
        Key6,
        Bucket4,
        Bucket6,
        Lane,
        RuleSet
    );
}
