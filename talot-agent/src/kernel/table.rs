//! The user side of the counting table: reading and clearing the copy of one epoch, once no program
//! writes it any more. Which structure holds the keys is decided here and in the program's module
//! of the same name, and nowhere else.

use std::net::IpAddr;

use anyhow::{Context as _, Result};
use aya::{
    Ebpf, EbpfLoader, Pod,
    maps::{HashMap, MapData, MapError},
};
use talot_common::key::{Key4, Key6, Subject};

/// What the table is to hold: keys of one drain interval.
#[derive(Clone, Copy, Debug)]
pub struct Capacity {
    /// IPv4 keys.
    pub keys4: u32,
    /// IPv6 keys.
    pub keys6: u32,
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
    copies: [Copy; 2],
}

struct Copy {
    v4: HashMap<MapData, Key4, u64>,
    v6: HashMap<MapData, Key6, u64>,
}

const MAPS: [[&str; 2]; 2] = [
    ["SOURCES4_EVEN", "SOURCES6_EVEN"],
    ["SOURCES4_ODD", "SOURCES6_ODD"],
];

impl Table {
    /// Sizes the maps before they are created.
    pub(super) fn size(loader: &mut EbpfLoader<'_>, capacity: Capacity) {
        for [v4, v6] in MAPS {
            loader.map_max_entries(v4, capacity.keys4);
            loader.map_max_entries(v6, capacity.keys6);
        }
    }

    pub(super) fn new(ebpf: &mut Ebpf) -> Result<Self> {
        let [even, odd] = MAPS;
        Ok(Self {
            copies: [Copy::new(ebpf, even)?, Copy::new(ebpf, odd)?],
        })
    }

    /// Everything that was counted in an epoch.
    pub(super) fn read(&self, epoch: u32) -> Result<Vec<Counted>> {
        let copy = &self.copies[epoch as usize & 1];
        let mut counted = Vec::new();
        for entry in &copy.v4 {
            let (key, packets) = entry.context("reading the table of IPv4 sources")?;
            let subject = Subject::unpack(key.0).context("a key of the table makes no sense")?;
            counted.push(Counted {
                subject,
                source: key.source().into(),
                packets,
            });
        }
        for entry in &copy.v6 {
            let (key, packets) = entry.context("reading the table of IPv6 sources")?;
            let subject =
                Subject::unpack(key.subject).context("a key of the table makes no sense")?;
            counted.push(Counted {
                subject,
                source: key.source.into(),
                packets,
            });
        }
        Ok(counted)
    }

    /// Empties the copy of an epoch.
    pub(super) fn clear(&mut self, epoch: u32) -> Result<()> {
        let copy = &mut self.copies[epoch as usize & 1];
        clear(&mut copy.v4).context("clearing the table of IPv4 sources")?;
        clear(&mut copy.v6).context("clearing the table of IPv6 sources")
    }
}

impl Copy {
    fn new(ebpf: &mut Ebpf, [v4, v6]: [&str; 2]) -> Result<Self> {
        let mut take = |name: &str| {
            ebpf.take_map(name)
                .with_context(|| format!("the BPF object has no map {name}"))
        };
        Ok(Self {
            v4: HashMap::try_from(take(v4)?).with_context(|| format!("BPF map {v4}"))?,
            v6: HashMap::try_from(take(v6)?).with_context(|| format!("BPF map {v6}"))?,
        })
    }
}

fn clear<K: Pod>(map: &mut HashMap<MapData, K, u64>) -> Result<(), MapError> {
    let keys: Vec<K> = map.keys().collect::<Result<_, _>>()?;
    keys.iter().try_for_each(|key| map.remove(key))
}
