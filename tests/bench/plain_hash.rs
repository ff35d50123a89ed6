//! The agent's program with a plain kernel hash as its table. The agent cannot drain that one, so
//! what it takes stands here.

use anyhow::{Context as _, Result, anyhow};
use aya::{
    Ebpf, EbpfLoader,
    maps::{Array, Map, MapData},
    programs::Xdp,
    util::nr_cpus,
};
use talot_agent::kernel::Capacity;
use talot_common::{
    layout::{Control, DAYS, Tally, Watch, overflow_cells, tallies, tally_index},
    words::Disposition,
};
use talot_tests::bench::report::Program;

use crate::{bpf, contestant::Contestant, world::Setting};

const OBJECT: &str = "TALOT_BENCH_PLAIN_HASH";
const XDP: &str = "talot_xdp";
/// The copy of the table that is in use: the epoch stays 0.
const TABLES: [&str; 2] = ["SOURCES4_EVEN", "SOURCES6_EVEN"];

pub(crate) struct PlainHash {
    ebpf: Ebpf,
    cpus: u32,
    /// Overflow packets up to the last time that it was emptied.
    overflow: u64,
}

impl PlainHash {
    pub(crate) fn load(capacity: Capacity, setting: Setting) -> Result<Self> {
        let cpus = nr_cpus().map_err(|(file, error)| anyhow!("{file}: {error}"))? as u32;
        let (points, seed) = (1_u32, [0x9e37_79b9_7f4a_7c15_u64, 0xbf58_476d_1ce4_e5b9]);
        let mut loader = EbpfLoader::new();
        loader
            .override_global("CPUS", &cpus, true)
            .override_global("OVERFLOW_POINTS", &points, true)
            .override_global("SEED", &seed, true)
            .map_max_entries("TALLIES", tallies(cpus))
            .map_max_entries("LANES", 2 * cpus)
            .map_max_entries("OVERFLOW", overflow_cells(points))
            .map_max_entries("SOURCES4_EVEN", capacity.keys4)
            .map_max_entries("SOURCES6_EVEN", capacity.keys6);
        let mut ebpf = bpf::load(OBJECT, &mut loader)?;
        bpf::load_program(&mut ebpf, XDP)?;
        let mut watch: Array<&mut MapData, Watch> = bpf::map(&mut ebpf, "WATCH")?;
        watch.set(0, setting.watch()?, 0).context("setting WATCH")?;
        let mut control: Array<&mut MapData, Control> = bpf::map(&mut ebpf, "CONTROL")?;
        control
            .set(0, Control::default(), 0)
            .context("setting CONTROL")?;
        Ok(Self {
            ebpf,
            cpus,
            overflow: 0,
        })
    }

    /// What all CPUs have counted of the point since it was loaded.
    fn tally(&mut self, figure: impl Fn(&Tally) -> u64) -> Result<u64> {
        let tallies: Array<&mut MapData, Tally> = bpf::map(&mut self.ebpf, "TALLIES")?;
        let mut sum = 0;
        for cpu in 0..self.cpus {
            for day in 0..DAYS as u8 {
                sum += figure(&tallies.get(&tally_index(0, self.cpus, cpu, 0, day), 0)?);
            }
        }
        Ok(sum)
    }

    /// Takes all keys out: how many there were, and their packets.
    pub(crate) fn take_all(&mut self) -> Result<(u64, u64)> {
        let (mut keys, mut packets) = (0, 0);
        for name in TABLES {
            let Some(Map::HashMap(data)) = self.ebpf.map(name) else {
                anyhow::bail!("no hash {name}");
            };
            let (taken, sum) = bpf::take_all(data)?;
            keys += taken;
            packets += sum;
        }
        Ok((keys, packets))
    }
}

impl Contestant for PlainHash {
    fn program(&self) -> Program {
        Program::Hash
    }

    fn xdp(&mut self) -> Result<&mut Xdp> {
        bpf::program(&mut self.ebpf, XDP)
    }

    fn counted(&mut self) -> Result<Option<u64>> {
        let access = self.tally(|tally| tally.dispositions[Disposition::Access as usize])?;
        Ok(Some(access))
    }

    fn empty(&mut self) -> Result<Option<u64>> {
        let (_, packets) = self.take_all()?;
        let before = self.overflow;
        self.overflow = self.tally(|tally| tally.overflow)?;
        Ok(Some(packets + self.overflow - before))
    }
}
