//! Loading the programs.

use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow};
use aya::{
    Ebpf, EbpfLoader,
    programs::{ProgramError, SchedClassifier, Xdp},
};

use super::{
    Kernel, OBJECT,
    counters::{Counters, Maps, Size},
    exclude::{self, Rules},
    grace::Grace,
    program,
};
use crate::config::Exclude;

/// What the programs are loaded with.
pub(super) struct Load<'a> {
    pub(super) size: Size,
    pub(super) online: u32,
    pub(super) table_seed: [u64; 2],
    pub(super) conversation_seed: [u64; 2],
    pub(super) points: &'a [&'a str],
    pub(super) rules: &'a [Exclude],
    /// Where each map is pinned, or is to be.
    pub(super) pins: Vec<(&'static str, PathBuf)>,
}

impl Load<'_> {
    fn programs(&self) -> Result<Ebpf> {
        let Self {
            size,
            online,
            table_seed,
            conversation_seed,
            points: _,
            rules,
            pins,
        } = self;
        let cpus = size.table.cpus();
        let globals = size.table.globals(*table_seed, *online);
        let excludes = rules.len() as u32;
        let mut loader = EbpfLoader::new();
        loader
            .override_global("CPUS", &cpus, true)
            .override_global("OVERFLOW_POINTS", &size.points, true)
            .override_global("SEED", conversation_seed, true)
            .override_global("EXCLUDE_RULES", &excludes, true);
        globals.apply(&mut loader);
        for (name, _, entries) in size.maps()? {
            loader.map_max_entries(name, entries);
        }
        exclude::size(&mut loader, rules);
        for (name, path) in pins {
            loader.map_pin_path(name, path.as_path());
        }
        let mut ebpf = loader.load(OBJECT).context(
            "creating the BPF maps (if memory is short, set fewer [kernel] keys and keys6)",
        )?;
        let xdp: &mut Xdp = program(&mut ebpf, "talot_xdp")?;
        xdp.load().map_err(|error| refused("XDP", error))?;
        let egress: &mut SchedClassifier = program(&mut ebpf, "talot_egress")?;
        egress.load().map_err(|error| refused("egress", error))?;
        Ok(ebpf)
    }

    pub(super) fn run(self) -> Result<Kernel> {
        let mut ebpf = self.programs()?;
        Ok(Kernel {
            counters: Counters::open(&Maps::Loaded(&ebpf), self.size)?,
            rules: Rules::new(&mut ebpf, self.rules, self.points)?,
            grace: Grace::new(&mut ebpf)?,
            ebpf,
            pinned: None,
        })
    }
}

/// Why the kernel did not take a program; of the verifier's log, which is long, the end.
fn refused(program: &str, error: ProgramError) -> anyhow::Error {
    const LAST_LINES: usize = 12;
    match error {
        ProgramError::LoadError {
            io_error,
            verifier_log,
        } => {
            let log = verifier_log.to_string();
            let lines: Vec<&str> = log.lines().collect();
            let end = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n  ");
            anyhow!(
                "the kernel refuses the {program} program: {io_error}. It needs Linux 6.1 or later, \
                 and CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON, which root may lack in a container. \
                 The verifier's last lines:\n  {end}"
            )
        }
        other => anyhow!("loading the {program} program: {other}"),
    }
}
