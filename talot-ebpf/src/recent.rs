//! Bounded sets of things seen recently, in which each look-up touches one cache line. A full
//! bucket gives up its oldest entry.

use aya_ebpf::{helpers::generated::bpf_ktime_get_coarse_ns, macros::map, maps::Array};
use talot_common::layout::{
    CONVERSATION_BUCKETS, PASSING_BUCKETS, RECENT_WAYS, Recent, RecentBucket,
};

/// A set; its size is a power of two.
pub(crate) struct Set {
    map: &'static Array<RecentBucket>,
    buckets: u32,
}

#[map]
static BEGAN: Array<RecentBucket> = Array::with_max_entries(CONVERSATION_BUCKETS, 0);
#[map]
static ANSWERED: Array<RecentBucket> = Array::with_max_entries(CONVERSATION_BUCKETS, 0);
#[map]
static KNOCKED: Array<RecentBucket> = Array::with_max_entries(PASSING_BUCKETS, 0);
#[map]
static FRAGMENTS: Array<RecentBucket> = Array::with_max_entries(PASSING_BUCKETS, 0);

/// Conversations that the host began.
pub(crate) const BY_HOST: Set = Set {
    map: &BEGAN,
    buckets: CONVERSATION_BUCKETS,
};
/// Conversations that others began and the host answered: apart, so that a flood of others cannot
/// push out the host's own.
pub(crate) const BY_OTHERS: Set = Set {
    map: &ANSWERED,
    buckets: CONVERSATION_BUCKETS,
};
/// Unsolicited packets that the host may be about to answer.
pub(crate) const KNOCKS: Set = Set {
    map: &KNOCKED,
    buckets: PASSING_BUCKETS,
};
/// Solicited packets of which later fragments may follow.
pub(crate) const FIRST_FRAGMENTS: Set = Set {
    map: &FRAGMENTS,
    buckets: PASSING_BUCKETS,
};

/// A thing: its fingerprint, and how long it stays recent (nanoseconds).
#[derive(Clone, Copy)]
pub(crate) struct Thing {
    pub(crate) fingerprint: u64,
    pub(crate) idle: Idle,
}

/// Which of the idle times holds for a thing; kept in the lowest two bits of the time of its entry,
/// so that an entry tells by itself whether it has run out.
#[derive(Clone, Copy)]
pub(crate) struct Idle(u64);

impl Idle {
    pub(crate) const TCP: Self = Self(0);
    pub(crate) const UDP: Self = Self(1);
    pub(crate) const OTHER: Self = Self(2);
    pub(crate) const FRAGMENT: Self = Self(3);
    const BITS: u64 = 3;

    #[inline(always)]
    const fn nanoseconds(self, configured: &[u64; 3]) -> u64 {
        match self.0 & Self::BITS {
            0 => configured[0],
            1 => configured[1],
            2 => configured[2],
            _ => 30_000_000_000, // the contract's, near the 30 s of RFC 791's reassembly timer
        }
    }
}

#[inline(always)]
fn now() -> u64 {
    // SAFETY: the helper reads a clock.
    unsafe { bpf_ktime_get_coarse_ns() }
}

#[inline(always)]
fn is_recent(seen_at: u64, now: u64, idle: &[u64; 3]) -> bool {
    // Another CPU may have written a time after `now` was read, and in the same tick of the coarse
    // clock the lowest bits alone make it later.
    now.saturating_sub(seen_at) <= Idle(seen_at).nanoseconds(idle)
}

#[inline(always)]
fn read(entry: &Recent) -> Recent {
    // SAFETY: a reference into a map value; volatile, because other CPUs write it.
    unsafe {
        Recent {
            fingerprint: (&raw const entry.fingerprint).read_volatile(),
            seen_at: (&raw const entry.seen_at).read_volatile(),
        }
    }
}

impl Set {
    #[inline(always)]
    fn bucket(&self, thing: Thing) -> Option<&'static mut RecentBucket> {
        let index = (thing.fingerprint >> 32) as u32 & (self.buckets - 1);
        // SAFETY: a checked pointer to a map value.
        self.map
            .get_ptr_mut(index)
            .map(|bucket| unsafe { &mut *bucket })
    }

    /// Whether the thing was seen within its idle time.
    #[inline(always)]
    pub(crate) fn has(&self, thing: Thing, idle: &[u64; 3]) -> bool {
        let Some(bucket) = self.bucket(thing) else {
            return false;
        };
        let mut i = 0;
        while i < RECENT_WAYS {
            let entry = read(&bucket.entries[i]);
            if entry.fingerprint == thing.fingerprint {
                return is_recent(entry.seen_at, now(), idle);
            }
            i += 1;
        }
        false
    }

    /// Notes that the thing was seen again; false if it is not in the set or no longer recent.
    #[inline(always)]
    pub(crate) fn refresh(&self, thing: Thing, idle: &[u64; 3]) -> bool {
        let Some(bucket) = self.bucket(thing) else {
            return false;
        };
        let now = now();
        let mut i = 0;
        while i < RECENT_WAYS {
            let entry = &mut bucket.entries[i];
            let old = read(entry);
            if old.fingerprint == thing.fingerprint {
                entry.seen_at = now & !Idle::BITS | thing.idle.0;
                return is_recent(old.seen_at, now, idle);
            }
            i += 1;
        }
        false
    }

    /// Puts the thing in, or refreshes it. True if another had to go that was still recent.
    #[inline(always)]
    pub(crate) fn insert(&self, thing: Thing, idle: &[u64; 3]) -> bool {
        let Some(bucket) = self.bucket(thing) else {
            return false;
        };
        let now = now();
        let mut place = 0;
        let mut oldest = u64::MAX;
        let mut i = 0;
        while i < RECENT_WAYS {
            let entry = read(&bucket.entries[i]);
            let age_order = if entry.fingerprint == thing.fingerprint {
                0
            } else {
                // An empty entry was seen at 0.
                entry.seen_at | 1
            };
            if age_order < oldest {
                oldest = age_order;
                place = i;
            }
            i += 1;
        }
        let entry = &mut bucket.entries[place & (RECENT_WAYS - 1)];
        let old = read(entry);
        // The time first: nobody may find the new fingerprint with the old one's time.
        entry.seen_at = now & !Idle::BITS | thing.idle.0;
        entry.fingerprint = thing.fingerprint;
        old.fingerprint != 0
            && old.fingerprint != thing.fingerprint
            && is_recent(old.seen_at, now, idle)
    }
}
