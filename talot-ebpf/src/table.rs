//! The counting table: packets by key, exactly. Which structure holds them is decided here and in
//! the agent's module of the same name, and nowhere else; [`talot_common::table`] describes it.

use aya_ebpf::{Global, macros::map, maps::Array};
use talot_common::{
    exclude::PrefixAddress,
    key::{Key4, Key6, Subject},
    packet::{V4, V6},
    table::{Bucket4, Bucket6, PARKED, Parked6, TRIES4, TRIES6, bucket, hash4, hash6, table_base},
};

use crate::{
    alarm::{Event, NEARLY_FULL, NO_ROOM, NOTHING},
    atomic,
    control::mapped,
    lane::Lane,
    overflow,
    surroundings::Family,
};

// The loader sets these, and the sizes of the maps with them.
#[unsafe(no_mangle)]
static TABLE_SEED: Global<[u64; 2]> = Global::new([0; 2]);
#[unsafe(no_mangle)]
static TABLES: Global<u32> = Global::new(1);
#[unsafe(no_mangle)]
static BUCKETS4: Global<u32> = Global::new(8);
#[unsafe(no_mangle)]
static BUCKETS6: Global<u32> = Global::new(8);
/// How many filled slots of a CPU's are to wake the agent.
#[unsafe(no_mangle)]
static NEARLY_FULL4: Global<u64> = Global::new(u64::MAX);
#[unsafe(no_mangle)]
static NEARLY_FULL6: Global<u64> = Global::new(u64::MAX);

#[map]
static SOURCES4: Array<Bucket4> = mapped(1);
#[map]
static SOURCES6: Array<Bucket6> = mapped(1);

/// A source that packets are counted for.
pub(crate) trait Counted: PrefixAddress + Family {
    /// Counts a packet.
    fn count(self, lane: &mut Lane, subject: Subject) -> Event;
}

impl Counted for V4 {
    #[inline(always)]
    fn count(self, lane: &mut Lane, subject: Subject) -> Event {
        let own = lane.value();
        let waiting = own.parked4 as usize & (PARKED - 1);
        own.keys4[waiting] = Key4::new(subject, self);
        own.parked4 = waiting as u64 + 1;
        if waiting < PARKED - 1 {
            return NOTHING;
        }
        talot_resolve4(lane.epoch())
    }
}

impl Counted for V6 {
    #[inline(always)]
    fn count(self, lane: &mut Lane, subject: Subject) -> Event {
        let own = lane.value();
        let waiting = own.parked6 as usize & (PARKED - 1);
        let key = Key6::new(subject, self);
        let parked = &mut own.keys6[waiting];
        parked.hash = hash6(&key, TABLE_SEED.load());
        parked.key = key;
        own.parked6 = waiting as u64 + 1;
        if waiting < PARKED - 1 {
            return NOTHING;
        }
        talot_resolve6(lane.epoch())
    }
}

/// Several CPUs write one table.
#[inline(always)]
fn is_shared() -> bool {
    TABLES.load() != Lane::cpus()
}

/// Counts this CPU's parked IPv4 keys in the table. A function of its own in the kernel's sense, so
/// that the verifier walks it once, and not once for each way to it.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn talot_resolve4(epoch: u32) -> Event {
    let Some(mut lane) = Lane::of(epoch) else {
        return NOTHING;
    };
    let (seed, buckets) = (TABLE_SEED.load(), BUCKETS4.load());
    let base = table_base(epoch, TABLES.load(), lane.cpu(), buckets);
    let own = lane.value();
    own.parked4 = 0;
    let mut i = 0;
    while i < PARKED {
        let hash = hash4(own.keys4[i], seed);
        own.hashes4[i] = hash;
        let first = bucket(hash, 0, buckets);
        if let Some(bucket) = SOURCES4.get_ptr(base + first) {
            // SAFETY: a checked pointer to a map value; volatile, because it is only to be fetched.
            unsafe { bucket.cast::<u64>().read_volatile() };
        }
        i += 1;
    }
    let before = own.filled4;
    let mut event = NOTHING;
    let mut i = 0;
    while i < PARKED {
        let own = lane.value();
        let (key, hash) = (own.keys4[i], own.hashes4[i]);
        match place4(base, buckets, key, hash) {
            Place::Found => {}
            Place::Filled => lane.value().filled4 += 1,
            Place::None => {
                event |= NO_ROOM;
                overflow::count(&lane, key.0);
            }
        }
        i += 1;
    }
    event | crosses(before, lane.value().filled4, NEARLY_FULL4.load())
}

/// The like for IPv6 keys.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn talot_resolve6(epoch: u32) -> Event {
    let Some(mut lane) = Lane::of(epoch) else {
        return NOTHING;
    };
    let buckets = BUCKETS6.load();
    let base = table_base(epoch, TABLES.load(), lane.cpu(), buckets);
    let own = lane.value();
    own.parked6 = 0;
    let mut i = 0;
    while i < PARKED {
        let first = bucket(own.keys6[i].hash, 0, buckets);
        if let Some(bucket) = SOURCES6.get_ptr(base + first) {
            // SAFETY: as above.
            unsafe { bucket.cast::<u64>().read_volatile() };
        }
        i += 1;
    }
    let before = own.filled6;
    let mut event = NOTHING;
    let mut i = 0;
    while i < PARKED {
        let parked = &lane.value().keys6[i];
        let subject = parked.key.subject;
        match place6(base, buckets, parked) {
            Place::Found => {}
            Place::Filled => lane.value().filled6 += 1,
            Place::None => {
                event |= NO_ROOM;
                overflow::count(&lane, subject);
            }
        }
        i += 1;
    }
    event | crosses(before, lane.value().filled6, NEARLY_FULL6.load())
}

#[inline(always)]
const fn crosses(before: u64, after: u64, nearly_full: u64) -> Event {
    if before < nearly_full && after >= nearly_full {
        NEARLY_FULL
    } else {
        NOTHING
    }
}

/// Where a key was counted.
enum Place {
    /// In a slot that had it.
    Found,
    /// In a slot that was empty.
    Filled,
    /// Nowhere.
    None,
}

#[inline(always)]
fn place4(base: u32, buckets: u32, key: Key4, hash: u64) -> Place {
    let mut n = 0;
    while n < TRIES4 {
        let Some(bucket) = SOURCES4.get_ptr_mut(base + bucket(hash, n, buckets)) else {
            return Place::None;
        };
        let mut i = 0;
        while i < 4 {
            // SAFETY: a checked pointer to a map value.
            let slot = unsafe { &mut (*bucket).slots[i] };
            let word = &raw mut slot.key.0;
            // SAFETY: as above; volatile, because other CPUs may write it.
            let mut found = unsafe { word.read_volatile() };
            if found == 0 {
                found = claim(word, key.0);
                if found == 0 {
                    add(&raw mut slot.packets);
                    return Place::Filled;
                }
            }
            if found == key.0 {
                add(&raw mut slot.packets);
                return Place::Found;
            }
            i += 1;
        }
        n += 1;
    }
    Place::None
}

/// Marks a slot of IPv6 that a CPU is filling. No subject: no kind has this number.
const FILLING: u64 = u64::MAX;

#[inline(always)]
fn place6(base: u32, buckets: u32, parked: &Parked6) -> Place {
    let Key6 { subject, source } = parked.key;
    let mut n = 0;
    while n < TRIES6 {
        let Some(bucket) = SOURCES6.get_ptr_mut(base + bucket(parked.hash, n, buckets)) else {
            return Place::None;
        };
        let mut i = 0;
        while i < 2 {
            // SAFETY: a checked pointer to a map value.
            let slot = unsafe { &mut (*bucket).slots[i] };
            let word = &raw mut slot.key.subject;
            let held = &raw mut slot.key.source;
            // SAFETY: as above; volatile, because other CPUs may write it.
            let found = unsafe { word.read_volatile() };
            if found == 0 && claim(word, FILLING) == 0 {
                // SAFETY: as above. Others take the source for what it is only once they see the
                // subject; one that sees neither puts the same key elsewhere, which is no harm: who
                // reads the table adds up what several slots have of a key.
                unsafe {
                    held.write_volatile(source);
                    word.write_volatile(subject);
                }
                add(&raw mut slot.packets);
                return Place::Filled;
            }
            // SAFETY: as above.
            if found == subject && unsafe { held.read_volatile() } == source {
                add(&raw mut slot.packets);
                return Place::Found;
            }
            i += 1;
        }
        n += 1;
    }
    Place::None
}

/// Puts a word into an empty place, if it still is; gives what was there.
#[inline(always)]
fn claim(place: *mut u64, word: u64) -> u64 {
    if is_shared() {
        return atomic::replace_zero(place, word);
    }
    // SAFETY: a pointer into a checked map value that this CPU alone writes.
    unsafe { place.write_volatile(word) };
    0
}

#[inline(always)]
fn add(packets: *mut u64) {
    if is_shared() {
        atomic::increment(packets);
    } else {
        // SAFETY: a pointer into a checked map value that this CPU alone writes.
        unsafe { *packets += 1 };
    }
}
