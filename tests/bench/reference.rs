//! The programs that ours is measured by: the floor, and a parser.

use anyhow::Result;
use aya::{
    Ebpf, EbpfLoader, Pod,
    maps::{MapData, PerCpuArray},
    programs::Xdp,
};
use talot_tests::bench::report::{Program, Verdict};

use crate::{bpf, contestant::Contestant};

/// Where `cargo xtask bench` has put the bench's own programs.
pub(crate) const OBJECT: &str = "TALOT_BENCH_PROGRAMS";

const XDP_DROP: u32 = 1;
const XDP_PASS: u32 = 2;

pub(crate) struct Reference {
    ebpf: Ebpf,
    program: Program,
}

impl Reference {
    pub(crate) fn noop(verdict: Verdict) -> Result<Self> {
        Self::load(Program::Noop, verdict)
    }

    pub(crate) fn parse(verdict: Verdict) -> Result<Self> {
        Self::load(Program::Parse, verdict)
    }

    fn load(program: Program, verdict: Verdict) -> Result<Self> {
        let code = match verdict {
            Verdict::Drop => XDP_DROP,
            Verdict::Pass => XDP_PASS,
        };
        let mut loader = EbpfLoader::new();
        loader.override_global("VERDICT", &code, true);
        let mut ebpf = bpf::load(OBJECT, &mut loader)?;
        bpf::load_program(&mut ebpf, name(program))?;
        Ok(Self { ebpf, program })
    }
}

const fn name(program: Program) -> &'static str {
    match program {
        Program::Parse => "bench_parse",
        _ => "bench_noop",
    }
}

/// What the parser keeps on each CPU.
#[derive(Clone, Copy)]
#[repr(C)]
struct Read {
    packets: u64,
    sum: u64,
}

// SAFETY: repr(C), without padding, of integers alone.
unsafe impl Pod for Read {}

impl Contestant for Reference {
    fn program(&self) -> Program {
        self.program
    }

    fn xdp(&mut self) -> Result<&mut Xdp> {
        bpf::program(&mut self.ebpf, name(self.program))
    }

    fn counted(&mut self) -> Result<Option<u64>> {
        if self.program == Program::Noop {
            return Ok(None);
        }
        let read: PerCpuArray<&mut MapData, Read> = bpf::map(&mut self.ebpf, "READ")?;
        Ok(Some(read.get(&0, 0)?.iter().map(|read| read.packets).sum()))
    }

    fn empty(&mut self) -> Result<Option<u64>> {
        Ok(None)
    }
}
