//! The maps that programs count in: one set of them, an instance, as memory of this process.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use aya::{
    Ebpf, Pod,
    maps::{Map, MapData, MapInfo, MapType},
};
use serde::{Deserialize, Serialize};
use talot_common::{
    key::Subject,
    layout::{Control, DAYS, Tally, Watch, overflow_base, overflow_cells, tallies, tally_index},
    overflow,
    table::{Bucket4, Bucket6, Lane},
};

use super::{
    mapped::Mapped,
    pins::DAMAGED,
    table::{Counted, Fill, Shape, Table},
};

/// How large the maps of an instance are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Size {
    /// The table of sources.
    pub(super) table: Shape,
    /// How many points there is room for.
    pub(super) points: u32,
}

impl Size {
    const fn cpus(&self) -> u32 {
        self.table.cpus()
    }

    /// Bytes that the maps take in the kernel.
    pub(super) fn bytes(&self) -> u64 {
        u64::from(tallies(self.cpus())) * size_of::<Tally>() as u64
            + u64::from(overflow_cells(self.points)) * size_of::<u64>() as u64
            + self.table.bytes()
    }

    /// Every map: its name, the bytes of a value, and how many there are.
    pub(super) fn maps(&self) -> Result<[(&'static str, usize, u32); 7]> {
        let [v4, v6] = self.table.buckets()?;
        Ok([
            ("CONTROL", size_of::<Control>(), 1),
            ("WATCH", size_of::<Watch>(), 2),
            ("TALLIES", size_of::<Tally>(), tallies(self.cpus())),
            ("OVERFLOW", size_of::<u64>(), overflow_cells(self.points)),
            ("LANES", size_of::<Lane>(), self.table.lanes()),
            ("SOURCES4", size_of::<Bucket4>(), v4),
            ("SOURCES6", size_of::<Bucket6>(), v6),
        ])
    }

    /// Checks pinned maps before anything in them is trusted.
    ///
    /// # Errors
    ///
    /// Names the map that is missing or is not what this version makes.
    pub(super) fn check(&self, pins: &Path) -> Result<()> {
        const BPF_F_MMAPABLE: u32 = 1 << 10;
        for (name, value_size, entries) in self.maps()? {
            let path = pins.join(name);
            let expected = (4, value_size as u32, entries, BPF_F_MMAPABLE);
            check_array(&path, expected)?;
        }
        Ok(())
    }
}

/// Checks that a pinned map is an array with this key size, value size, number of values, and flags.
pub(super) fn check_array(path: &Path, expected: (u32, u32, u32, u32)) -> Result<()> {
    let info = MapInfo::from_pin(path)
        .with_context(|| format!("opening the pinned BPF map {} ({DAMAGED})", path.display()))?;
    let found = (
        info.key_size(),
        info.value_size(),
        info.max_entries(),
        info.map_flags(),
    );
    ensure!(
        matches!(info.map_type(), Ok(MapType::Array)) && found == expected,
        "the pinned BPF map {} is not what this version of talot-agent makes: {:?} with key size, \
         value size, entries and flags {found:?} instead of an array with {expected:?}. Let the \
         version that made it drain it (`talot-agent detach`), or give up what it has counted \
         (`talot-agent detach --force`)",
        path.display(),
        info.map_type(),
    );
    Ok(())
}

/// Where maps are found by name.
pub(super) enum Maps<'a> {
    /// Among those that were loaded.
    Loaded(&'a Ebpf),
    /// In a folder of the BPF file system.
    Pinned(&'a Path),
}

impl Maps<'_> {
    pub(super) fn mapped<T: Pod>(&self, name: &str, entries: u32) -> Result<Mapped<T>> {
        match self {
            Self::Loaded(ebpf) => {
                let Some(Map::Array(data)) = ebpf.map(name) else {
                    anyhow::bail!("the BPF object has no array {name}");
                };
                Mapped::map(data, entries)
            }
            Self::Pinned(folder) => Mapped::map(&MapData::from_pin(folder.join(name))?, entries),
        }
        .with_context(|| format!("mapping BPF map {name}"))
    }
}

/// What one epoch has counted.
#[derive(Debug, Default)]
pub struct Counts {
    /// Dispositions by point and day slot; those that are all 0 are left out.
    pub tallies: Vec<(u8, u8, Tally)>,
    /// Packets by key.
    pub keyed: Vec<Counted>,
    /// Packets whose source found no room.
    pub overflow: Vec<(Subject, u64)>,
}

/// The maps of an instance.
pub struct Counters {
    control: Mapped<u64>,
    watch: Mapped<Watch>,
    tallies: Mapped<Tally>,
    overflow: Mapped<u64>,
    table: Table,
    cpus: u32,
    points: u32,
    state: Control,
}

impl Counters {
    pub(super) fn open(maps: &Maps<'_>, size: Size) -> Result<Self> {
        let Size { table, points } = size;
        let cpus = table.cpus();
        let control: Mapped<u64> = maps.mapped("CONTROL", 1)?;
        let bytes = control.get(0).to_ne_bytes();
        let [a, b, c, d, e, f, g, h] = bytes;
        Ok(Self {
            state: Control {
                epoch: u32::from_ne_bytes([a, b, c, d]),
                watch: u32::from_ne_bytes([e, f, g, h]),
            },
            control,
            watch: maps.mapped("WATCH", 2)?,
            tallies: maps.mapped("TALLIES", tallies(cpus))?,
            overflow: maps.mapped("OVERFLOW", overflow_cells(points))?,
            table: Table::open(maps, table)?,
            cpus,
            points,
        })
    }

    /// What is being watched.
    pub fn watching(&self) -> Watch {
        self.watch.get(self.state.watch as usize & 1)
    }

    /// Puts a plan into force once the switch is made known; false if it is in force already.
    pub(super) fn set_watch(&mut self, plan: Watch) -> bool {
        if self.watching() == plan {
            return false;
        }
        let next = self.state.watch.wrapping_add(1);
        self.watch.set(next as usize & 1, plan);
        self.state.watch = next;
        self.publish();
        true
    }

    /// Begins a new epoch; returns the one that ends, once the programs that still write it have
    /// ended.
    pub(super) fn flip(&mut self) -> u32 {
        let ended = self.state.epoch;
        self.state.epoch = ended.wrapping_add(1);
        self.publish();
        ended
    }

    fn publish(&mut self) {
        let Control { epoch, watch } = self.state;
        let mut bytes = [0; 8];
        bytes[..4].copy_from_slice(&epoch.to_ne_bytes());
        bytes[4..].copy_from_slice(&watch.to_ne_bytes());
        self.control.publish(0, u64::from_ne_bytes(bytes));
    }

    /// The epoch that is being counted in.
    pub const fn epoch(&self) -> u32 {
        self.state.epoch
    }

    /// The epoch before it, which no program writes any more.
    pub const fn ended_epoch(&self) -> u32 {
        self.state.epoch.wrapping_sub(1)
    }

    /// What an ended epoch has counted.
    pub fn read(&self, epoch: u32) -> Result<Counts> {
        let mut counts = Counts {
            keyed: self.table.read(epoch)?,
            ..Counts::default()
        };
        for (point, day) in self.slots() {
            let tally = self.tally(epoch, point, day);
            if tally != Tally::default() {
                counts.tallies.push((point, day, tally));
            }
            if tally.overflow > 0 {
                self.read_overflow(epoch, point, day, &mut counts.overflow);
            }
        }
        Ok(counts)
    }

    fn read_overflow(&self, epoch: u32, point: u8, day: u8, into: &mut Vec<(Subject, u64)>) {
        let base = overflow_base(epoch, self.points, point, day);
        for cell in 0..overflow::CELLS {
            let packets = self.overflow.get((base + cell) as usize);
            if packets > 0
                && let Some((class, aim)) = overflow::subject(cell)
            {
                let subject = Subject {
                    point,
                    day,
                    class,
                    aim,
                    marks: 0,
                };
                into.push((subject, packets));
            }
        }
    }

    /// Empties the maps of an ended epoch. If it is cut short, doing it again ends it: what says
    /// that there is something to clear goes last.
    pub fn clear(&mut self, epoch: u32) {
        crate::failpoint::hit("clear.before");
        for (point, day) in self.slots() {
            if self.tally(epoch, point, day).overflow > 0 {
                let base = overflow_base(epoch, self.points, point, day);
                for index in base..base + overflow::CELLS {
                    self.overflow.set(index as usize, 0);
                }
            }
            for cpu in 0..self.cpus {
                let index = tally_index(epoch, self.cpus, cpu, point, day);
                self.tallies.set(index as usize, Tally::default());
            }
        }
        crate::failpoint::hit("clear.midst");
        self.table.clear(epoch);
        crate::failpoint::hit("clear.after");
    }

    /// What the kernel holds of a point in an epoch, which may go on counting.
    pub fn holding(&self, epoch: u32, point: u8) -> Tally {
        let mut sum = Tally::default();
        for day in 0..DAYS as u8 {
            add(&mut sum, &self.tally(epoch, point, day));
        }
        sum
    }

    /// How full the open epoch's tables of IPv4 and IPv6 sources are.
    pub fn fill(&self) -> [Fill; 2] {
        self.table.fill(self.state.epoch)
    }

    fn tally(&self, epoch: u32, point: u8, day: u8) -> Tally {
        let mut sum = Tally::default();
        for cpu in 0..self.cpus {
            let index = tally_index(epoch, self.cpus, cpu, point, day);
            add(&mut sum, &self.tallies.get(index as usize));
        }
        sum
    }

    fn slots(&self) -> impl Iterator<Item = (u8, u8)> + use<> {
        (0..self.points as u8).flat_map(|point| (0..DAYS as u8).map(move |day| (point, day)))
    }
}

fn add(sum: &mut Tally, tally: &Tally) {
    let Tally {
        dispositions,
        seen,
        overflow,
        conversations_forgotten,
        padding: _,
    } = tally;
    for (sum, packets) in sum.dispositions.iter_mut().zip(dispositions) {
        *sum += packets;
    }
    sum.seen += seen;
    sum.overflow += overflow;
    sum.conversations_forgotten += conversations_forgotten;
}
