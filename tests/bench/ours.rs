//! The agent's own program, loaded by the agent's own code.

use std::net::Ipv4Addr;

use anyhow::{Context as _, Result};
use aya::programs::{TestRun as _, TestRunOptions, Xdp};
use talot_agent::kernel::{Capacity, Counts, Kernel};
use talot_common::words::Disposition;
use talot_tests::{
    bench::report::Program,
    packet::{Ends, frame, udp},
};

use crate::{
    contestant::Contestant,
    world::{FEW, POINT, Setting},
};

pub(crate) struct Ours {
    pub(crate) kernel: Kernel,
    setting: Setting,
    conversations: u32,
    /// Packets of the epochs that are over.
    emptied: u64,
}

/// Room for so many keys of one family.
pub(crate) const fn capacity(family: u8, keys: u32) -> Capacity {
    if family == 4 {
        Capacity::new(keys, FEW)
    } else {
        Capacity::new(FEW, keys)
    }
}

impl Ours {
    pub(crate) fn load(capacity: Capacity, setting: Setting) -> Result<Self> {
        let excludes = setting.config()?.excludes;
        let mut kernel = Kernel::load(capacity, &[POINT], &excludes)?;
        kernel.watch(setting.watch()?)?;
        Ok(Self {
            kernel,
            setting,
            conversations: 0,
            emptied: 0,
        })
    }

    /// The watched host talks to this many others.
    pub(crate) fn converse(&mut self, conversations: u32) -> Result<()> {
        let egress = self.kernel.egress()?;
        for number in 0..conversations {
            let to = Ipv4Addr::from_bits(0x0a00_0000 + number);
            let ends = Ends {
                source: Ipv4Addr::new(198, 51, 100, (number % 250) as u8).into(),
                destination: to.into(),
            };
            let frame = frame(&udp(ends, (number % 60_000) as u16 + 1024, 53, b"?"));
            let options = TestRunOptions {
                data_in: Some(&frame),
                ..TestRunOptions::default()
            };
            egress
                .test_run(options)
                .context("running the egress program")?;
        }
        self.conversations += conversations;
        Ok(())
    }
}

/// All packets of an epoch that a key or an overflow cell holds.
pub(crate) fn held(counts: &Counts) -> u64 {
    let keyed: u64 = counts.keyed.iter().map(|key| key.packets).sum();
    let overflow: u64 = counts.overflow.iter().map(|(_, packets)| packets).sum();
    keyed + overflow
}

impl Contestant for Ours {
    fn program(&self) -> Program {
        Program::Ours
    }

    fn additions(&self) -> (u32, u32) {
        (self.setting.rules, self.conversations)
    }

    fn xdp(&mut self) -> Result<&mut Xdp> {
        self.kernel.xdp()
    }

    fn counted(&mut self) -> Result<Option<u64>> {
        let tally = self
            .kernel
            .counters()
            .holding(self.kernel.counters().epoch(), 0);
        let access = tally.dispositions[Disposition::Access as usize];
        Ok(Some(self.emptied + access))
    }

    fn empty(&mut self) -> Result<Option<u64>> {
        let epoch = self.kernel.flip()?;
        let held = held(&self.kernel.read(epoch)?);
        self.kernel.clear(epoch);
        self.emptied += held;
        Ok(Some(held))
    }
}
