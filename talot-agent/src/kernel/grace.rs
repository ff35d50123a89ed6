//! The grace period: waiting until every program that may still act on what it read before has
//! ended.

use anyhow::{Context as _, Result};
use aya::{
    Ebpf, EbpfLoader,
    maps::{Array, ArrayOfMaps, MapData},
};

use super::OBJECT;

/// A map of maps. After an update of one the kernel waits for the running programs
/// (`maybe_wait_bpf_programs`, Linux 4.18 and later); about 9 ms.
pub(super) struct Grace {
    outer: ArrayOfMaps<MapData, Array<MapData, u32>>,
    inner: Array<MapData, u32>,
}

impl Grace {
    pub(super) fn new(ebpf: &mut Ebpf) -> Result<Self> {
        let map = ebpf
            .take_map("GRACE")
            .context("the BPF object has no map GRACE")?;
        Ok(Self {
            outer: ArrayOfMaps::try_from(map).context("BPF map GRACE")?,
            inner: Array::create(1, 0).context("creating a BPF map")?,
        })
    }

    /// Without the programs, whose maps are made and go again.
    pub(super) fn alone() -> Result<Self> {
        let mut ebpf = EbpfLoader::new()
            .load(OBJECT)
            .context("creating BPF maps")?;
        Self::new(&mut ebpf)
    }

    /// Waits.
    pub(super) fn wait(&mut self) -> Result<()> {
        self.outer
            .set(0, &self.inner, 0)
            .context("updating BPF map GRACE")
    }
}
