//! The counting table as most programs would write it, for `cargo xtask bench` to compare ours with:
//! kernel hash maps, one for each family and epoch; all CPUs share them.

use aya_ebpf::{bindings::BPF_NOEXIST, macros::map, maps::HashMap};
use talot_common::{
    exclude::PrefixAddress,
    key::{Key4, Key6, Subject},
    packet::{V4, V6},
};

use crate::{
    alarm::{Event, NO_ROOM, NOTHING},
    atomic,
    lane::Lane,
    overflow,
    surroundings::Family,
};

// The loader sets the sizes.
#[map]
static SOURCES4_EVEN: HashMap<Key4, u64> = HashMap::with_max_entries(1, 0);
#[map]
static SOURCES4_ODD: HashMap<Key4, u64> = HashMap::with_max_entries(1, 0);
#[map]
static SOURCES6_EVEN: HashMap<Key6, u64> = HashMap::with_max_entries(1, 0);
#[map]
static SOURCES6_ODD: HashMap<Key6, u64> = HashMap::with_max_entries(1, 0);

/// A source that packets are counted for.
pub(crate) trait Counted: PrefixAddress + Family {
    /// Counts a packet.
    fn count(self, lane: &mut Lane, subject: Subject) -> Event;
}

impl Counted for V4 {
    #[inline(always)]
    fn count(self, lane: &mut Lane, subject: Subject) -> Event {
        let key = Key4::new(subject, self);
        let found = if lane.epoch() & 1 == 0 {
            add(&SOURCES4_EVEN, &key)
        } else {
            add(&SOURCES4_ODD, &key)
        };
        without_room(found, lane, subject)
    }
}

impl Counted for V6 {
    #[inline(always)]
    fn count(self, lane: &mut Lane, subject: Subject) -> Event {
        let key = Key6::new(subject, self);
        let found = if lane.epoch() & 1 == 0 {
            add(&SOURCES6_EVEN, &key)
        } else {
            add(&SOURCES6_ODD, &key)
        };
        without_room(found, lane, subject)
    }
}

#[inline(always)]
fn without_room(found: bool, lane: &Lane, subject: Subject) -> Event {
    if found {
        return NOTHING;
    }
    overflow::count(lane, subject.pack());
    NO_ROOM
}

#[inline(always)]
fn add<K>(map: &HashMap<K, u64>, key: &K) -> bool {
    if let Some(packets) = map.get_ptr_mut(key) {
        atomic::increment(packets);
        return true;
    }
    if map.insert(key, 1, u64::from(BPF_NOEXIST)).is_ok() {
        return true;
    }
    // Either there is no room, or another CPU has just put the key in.
    match map.get_ptr_mut(key) {
        Some(packets) => {
            atomic::increment(packets);
            true
        }
        None => false,
    }
}
