//! Packets onto the cable: frames that the kernel makes from a test run (BPF_F_TEST_XDP_LIVE_FRAMES)
//! and that the program sends to the attacker's end.

use anyhow::{Context as _, Result};
use aya::{
    Ebpf,
    programs::{TestRun as _, TestRunAttrs, TestRunOptions},
};
use talot_tests::{
    bench::trace::Distribution,
    lab::{ATTACKER_INTERFACE, Namespace},
};

use crate::{
    bpf,
    live::index_of,
    machine,
    stage::{self, Run},
    world::Packet,
};

const GENERATE: &str = "bench_generate";
/// Frames that the kernel makes before it sends them.
const BATCH: u32 = 64;

pub(crate) struct Generator<'lab> {
    namespace: &'lab Namespace,
    ebpf: Ebpf,
    frame: Vec<u8>,
    packet: Packet,
}

impl<'lab> Generator<'lab> {
    /// At the attacker's end.
    pub(crate) fn new(namespace: &'lab Namespace, packet: Packet) -> Result<Self> {
        let ebpf = namespace.inside(|| {
            let leave_by = index_of(ATTACKER_INTERFACE)?;
            stage::load(packet, leave_by, GENERATE)
        })?;
        Ok(Self {
            namespace,
            ebpf,
            frame: packet.frame(),
            packet,
        })
    }

    pub(crate) fn set_trace(&mut self, keys: u32, distribution: Distribution) -> Result<()> {
        stage::set_trace(&mut self.ebpf, self.packet, &self.frame, keys, distribution)
    }

    /// Sends the next packets of the trace, so many a second; 0: as fast as it goes.
    pub(crate) fn send(&mut self, packets: u32, rate: u64) -> Result<()> {
        let interval = 1_000_000_000_u64.checked_div(rate).unwrap_or(0);
        let Self {
            namespace,
            ebpf,
            frame,
            ..
        } = self;
        let run = stage::get_run(ebpf)?;
        stage::set_run(
            ebpf,
            Run {
                interval,
                due: 0,
                ..run
            },
        )?;
        let program = bpf::program(ebpf, GENERATE)?;
        namespace.inside(move || {
            machine::pin(0, machine::SENDING)?;
            let options = TestRunOptions {
                data_in: Some(frame),
                repeat: packets,
                attrs: TestRunAttrs::new().xdp_live_frames(BATCH),
                ..TestRunOptions::default()
            };
            program.test_run(options).context("sending live frames")?;
            Ok(())
        })
    }
}
