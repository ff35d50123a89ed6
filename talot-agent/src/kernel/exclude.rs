//! The user side of the exclude rules: what the programs look up, and what each rule has counted.

use std::{collections::BTreeMap, net::IpAddr};

use anyhow::{Context as _, Result};
use aya::{
    Ebpf, EbpfLoader,
    maps::{
        Array, HashMap, Map, MapData,
        lpm_trie::{Key, LpmTrie},
    },
};
use talot_common::{
    exclude::{KEY_BITS, PrefixAddress as _, PrefixKey, RULES, RuleSet},
    layout::POINTS,
    packet::{NO_PORT, V4, V6},
};

use super::{counters::Maps, mapped::Mapped};
use crate::config::{Exclude, Prefix};

/// The rules in force.
pub(super) struct Rules {
    excluded: Mapped<u64>,
}

/// Sizes the maps before they are created. Rules that are never filled in cost next to nothing.
pub(super) fn size(loader: &mut EbpfLoader<'_>, rules: &[Exclude]) {
    // Each rule adds one entry to each map at most; then there is the one for all other packets.
    let entries = rules.len() as u32 + 1;
    for map in ["EXCLUDE_SOURCE", "EXCLUDE_DESTINATION", "EXCLUDE_PORT"] {
        loader.map_max_entries(map, entries);
    }
}

impl Rules {
    /// Fills the maps in. `points` are the names of the points by slot.
    pub(super) fn new(ebpf: &mut Ebpf, rules: &[Exclude], points: &[&str]) -> Result<Self> {
        if !rules.is_empty() {
            fill_prefixes(ebpf, "EXCLUDE_SOURCE", rules, |rule| rule.source)?;
            fill_prefixes(ebpf, "EXCLUDE_DESTINATION", rules, |rule| rule.destination)?;
            fill_ports(ebpf, rules)?;
            fill_array(ebpf, "EXCLUDE_PROTOCOL", 256, |protocol| {
                of(rules, |rule| {
                    rule.protocol.is_none_or(|own| usize::from(own) == protocol)
                })
            })?;
            fill_array(ebpf, "EXCLUDE_POINT", POINTS, |slot| {
                let name = points.get(slot);
                of(rules, |rule| {
                    rule.point.is_none() || rule.point.as_deref() == name.copied()
                })
            })?;
        }
        Ok(Self {
            excluded: Maps::Loaded(ebpf).mapped("EXCLUDED", (RULES * POINTS) as u32)?,
        })
    }

    /// Packets that a rule has excluded at a point since the programs were loaded.
    pub(super) fn excluded(&self, rule: usize, point: u8) -> u64 {
        self.excluded.get(rule * POINTS + usize::from(point))
    }
}

/// The rules that satisfy a condition.
fn of(rules: &[Exclude], condition: impl Fn(&Exclude) -> bool) -> RuleSet {
    let mut set = RuleSet::default();
    for (number, rule) in rules.iter().enumerate() {
        if condition(rule) {
            set.insert(number);
        }
    }
    set
}

/// Each prefix that a rule names, with the rules whose prefix holds it; and every other address,
/// with the rules that name none.
fn prefix_sets(
    rules: &[Exclude],
    field: impl Fn(&Exclude) -> Option<Prefix>,
) -> BTreeMap<Option<Prefix>, RuleSet> {
    let named = rules.iter().filter_map(&field).map(Some);
    let satisfied = |prefix: Option<Prefix>| {
        of(rules, |rule| match (field(rule), prefix) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(prefix)) => own.holds(prefix),
        })
    };
    named
        .chain([None])
        .map(|prefix| (prefix, satisfied(prefix)))
        .collect()
}

fn fill_prefixes(
    ebpf: &mut Ebpf,
    name: &str,
    rules: &[Exclude],
    field: impl Fn(&Exclude) -> Option<Prefix>,
) -> Result<()> {
    let mut trie: LpmTrie<&mut MapData, PrefixKey, RuleSet> = map(ebpf, name)?;
    for (prefix, set) in prefix_sets(rules, field) {
        let (length, key) = prefix.map_or((0, PrefixKey::default()), |prefix| {
            let (host_bits, key) = match prefix.address {
                IpAddr::V4(address) => (32 - prefix.length, V4::from(address).prefix_key()),
                IpAddr::V6(address) => (128 - prefix.length, V6::from(address).prefix_key()),
            };
            (KEY_BITS - u32::from(host_bits), key)
        });
        trie.insert(&Key::new(length, key), set, 0)
            .with_context(|| format!("filling BPF map {name}"))?;
    }
    Ok(())
}

fn fill_ports(ebpf: &mut Ebpf, rules: &[Exclude]) -> Result<()> {
    let mut ports: HashMap<&mut MapData, u32, RuleSet> = map(ebpf, "EXCLUDE_PORT")?;
    let named = rules.iter().filter_map(|rule| rule.port).map(Some);
    for port in named.chain([None]) {
        let set = of(rules, |rule| rule.port.is_none() || rule.port == port);
        ports
            .insert(port.map_or(NO_PORT, u32::from), set, 0)
            .context("filling BPF map EXCLUDE_PORT")?;
    }
    Ok(())
}

fn fill_array(
    ebpf: &mut Ebpf,
    name: &str,
    entries: usize,
    set: impl Fn(usize) -> RuleSet,
) -> Result<()> {
    let mut array: Array<&mut MapData, RuleSet> = map(ebpf, name)?;
    (0..entries)
        .try_for_each(|index| array.set(index as u32, set(index), 0))
        .with_context(|| format!("filling BPF map {name}"))
}

fn map<'a, T>(ebpf: &'a mut Ebpf, name: &str) -> Result<T>
where
    T: TryFrom<&'a mut Map>,
    T::Error: std::error::Error + Send + Sync + 'static,
{
    ebpf.map_mut(name)
        .with_context(|| format!("the BPF object has no map {name}"))?
        .try_into()
        .with_context(|| format!("BPF map {name}"))
}
