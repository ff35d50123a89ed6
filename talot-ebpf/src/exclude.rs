//! Exclude rules (row 5 of the decision table).

use aya_ebpf::{
    Global,
    macros::map,
    maps::{
        Array, HashMap,
        lpm_trie::{Key, LpmTrie},
    },
};
use talot_common::{
    exclude::{KEY_BITS, PrefixAddress, PrefixKey, RULES, RuleSet},
    layout::{POINTS, Point},
    packet::{Datagram, NO_PORT, Transport},
};

use crate::{atomic, control::mapped};

/// How many rules there are; the loader sets it. With none, the verifier cuts all of this out.
#[unsafe(no_mangle)]
static EXCLUDE_RULES: Global<u32> = Global::new(0);

// The loader sets the sizes of the tries and of the hash.
#[map]
static EXCLUDE_SOURCE: LpmTrie<PrefixKey, RuleSet> = LpmTrie::with_max_entries(1, 0);
#[map]
static EXCLUDE_DESTINATION: LpmTrie<PrefixKey, RuleSet> = LpmTrie::with_max_entries(1, 0);
#[map]
static EXCLUDE_PORT: HashMap<u32, RuleSet> = HashMap::with_max_entries(1, 0);
#[map]
static EXCLUDE_PROTOCOL: Array<RuleSet> = Array::with_max_entries(256, 0);
#[map]
static EXCLUDE_POINT: Array<RuleSet> = Array::with_max_entries(POINTS as u32, 0);
/// Packets by rule and point, since the programs were loaded.
#[map]
static EXCLUDED: Array<u64> = mapped((RULES * POINTS) as u32);

/// A key as the verifier wants it on the stack: aligned, which aya's own type, being packed, is not.
#[repr(align(8))]
struct LookUp(Key<PrefixKey>);

impl LookUp {
    #[inline(always)]
    fn new<A: PrefixAddress>(address: A) -> Self {
        Self(Key::new(KEY_BITS, address.prefix_key()))
    }
}

/// Whether a rule excludes the packet; the first that does counts it.
#[inline(always)]
pub(crate) fn excludes<A: PrefixAddress>(
    point: Point,
    ip: &Datagram<A>,
    transport: &Transport,
) -> bool {
    if EXCLUDE_RULES.load() == 0 {
        return false;
    }
    let Some(rule) = first_rule(point, ip, transport) else {
        return false;
    };
    if let Some(packets) = EXCLUDED.get_ptr_mut(rule * POINTS as u32 + u32::from(point.slot)) {
        atomic::increment(packets);
    }
    true
}

#[inline(always)]
fn first_rule<A: PrefixAddress>(
    point: Point,
    ip: &Datagram<A>,
    transport: &Transport,
) -> Option<u32> {
    let source = EXCLUDE_SOURCE.get(&LookUp::new(ip.source).0)?;
    let destination = EXCLUDE_DESTINATION.get(&LookUp::new(ip.destination).0)?;
    let protocol = EXCLUDE_PROTOCOL.get(u32::from(ip.protocol))?;
    let point = EXCLUDE_POINT.get(u32::from(point.slot))?;
    // SAFETY: user space fills the map before the programs are attached, and never changes it.
    let named = unsafe { EXCLUDE_PORT.get(transport.destination_port) };
    let port = match named {
        Some(rules) => rules,
        // What holds for packets without a port holds for a port that no rule names.
        // SAFETY: as above.
        None => unsafe { EXCLUDE_PORT.get(NO_PORT) }?,
    };
    RuleSet::first_of_all([source, destination, protocol, port, point])
}
