//! Where test runs happen: a program that makes each packet the next one of a trace and hands it to
//! the one under test.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use aya::{
    Ebpf, EbpfLoader, Pod,
    maps::{Array, MapData, ProgramArray},
    programs::{TestRun as _, TestRunOptions, Xdp, XdpMode},
};
use talot_tests::{
    bench::trace::{self, Distribution},
    random::Random,
};

use crate::{
    bpf,
    reference::OBJECT,
    world::{LOOPBACK, Packet},
};

/// Entries of a trace at most.
pub(crate) const ROOM: usize = 1 << 23;
const REWRITE: &str = "bench_rewrite";

/// Where a run is in its trace, as the program keeps it.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(crate) struct Run {
    pub(crate) next: u64,
    pub(crate) length: u64,
    pub(crate) interval: u64,
    pub(crate) due: u64,
}

// SAFETY: repr(C), without padding, of integers alone.
unsafe impl Pod for Run {}

pub(crate) struct Stage {
    ebpf: Ebpf,
    packet: Packet,
    frame: Vec<u8>,
}

/// Loads the bench's programs with room for a trace.
pub(crate) fn load(packet: Packet, leave_by: u32, program: &str) -> Result<Ebpf> {
    let is_v6 = u32::from(packet.family() == 6);
    let mut loader = EbpfLoader::new();
    loader
        .override_global("IPV6", &is_v6, true)
        .override_global("LEAVE_BY", &leave_by, true)
        .map_max_entries("TRACE", ROOM as u32);
    let mut ebpf = bpf::load(OBJECT, &mut loader)?;
    bpf::load_program(&mut ebpf, program)?;
    // A program that is attached nowhere is put into the kernel's dispatcher at each run, which
    // takes milliseconds.
    let xdp = bpf::program(&mut ebpf, program)?;
    xdp.attach_to_if_index(LOOPBACK, XdpMode::Skb)
        .context("attaching to the loopback device of a namespace")?;
    Ok(ebpf)
}

/// Lays out a trace.
pub(crate) fn set_trace(
    ebpf: &mut Ebpf,
    packet: Packet,
    frame: &[u8],
    keys: u32,
    distribution: Distribution,
) -> Result<()> {
    let numbers = trace::numbers(
        distribution,
        keys,
        ROOM,
        &mut Random::seeded(u64::from(keys)),
    );
    let entries = numbers.iter().map(|number| packet.entry(frame, *number));
    bpf::fill(ebpf, "TRACE", entries)?;
    let length = numbers.len() as u64;
    set_run(
        ebpf,
        Run {
            length,
            ..Run::default()
        },
    )
}

/// Where the run is.
pub(crate) fn get_run(ebpf: &mut Ebpf) -> Result<Run> {
    let run: Array<&mut MapData, Run> = bpf::map(ebpf, "RUN")?;
    run.get(&0, 0).context("reading RUN")
}

/// Puts the run somewhere else.
pub(crate) fn set_run(ebpf: &mut Ebpf, to: Run) -> Result<()> {
    let mut run: Array<&mut MapData, Run> = bpf::map(ebpf, "RUN")?;
    run.set(0, to, 0).context("writing RUN")
}

impl Stage {
    /// In the namespace of this thread.
    pub(crate) fn new(packet: Packet) -> Result<Self> {
        Ok(Self {
            ebpf: load(packet, 0, REWRITE)?,
            packet,
            frame: packet.frame(),
        })
    }

    pub(crate) fn set_trace(&mut self, keys: u32, distribution: Distribution) -> Result<()> {
        set_trace(&mut self.ebpf, self.packet, &self.frame, keys, distribution)
    }

    /// Puts a program under test.
    pub(crate) fn put(&mut self, program: &Xdp) -> Result<()> {
        let mut slot: ProgramArray<&mut MapData> = bpf::map(&mut self.ebpf, "UNDER_TEST")?;
        slot.set(0, program.fd()?, 0)
            .context("handing over the program under test")
    }

    /// Begins the trace anew.
    pub(crate) fn rewind(&mut self) -> Result<()> {
        let run = get_run(&mut self.ebpf)?;
        set_run(&mut self.ebpf, Run { next: 0, ..run })
    }

    /// Runs the program under test on the next packets; nanoseconds for each, the rewriting
    /// included.
    pub(crate) fn run(&mut self, packets: u32) -> Result<f64> {
        let program = bpf::program(&mut self.ebpf, REWRITE)?;
        let options = TestRunOptions {
            data_in: Some(&self.frame),
            repeat: packets,
            ..TestRunOptions::default()
        };
        // The kernel's own figure is in whole nanoseconds.
        let began = Instant::now();
        let result = program.test_run(options).context("BPF_PROG_TEST_RUN")?;
        let took = began.elapsed();
        ensure!(
            result.return_value != 0,
            "the program under test was not reached"
        );
        Ok(took.as_nanos() as f64 / f64::from(packets))
    }
}
