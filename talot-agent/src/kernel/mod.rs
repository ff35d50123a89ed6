//! The kernel side as the agent sees it: programs to attach, maps to drain.

mod attach;
mod exclude;
#[cfg(test)]
mod flow;
mod grace;
mod mapped;
mod memory;
mod table;
pub mod test_run;
mod wake;

use anyhow::{Context as _, Result, anyhow};
use aya::{
    Ebpf, EbpfLoader,
    programs::{Program, ProgramError, SchedClassifier, Xdp},
    util::{nr_cpus, online_cpus},
};
use aya_log::EbpfLogger;
use talot_common::{
    key::Subject,
    layout::{
        Control, DAYS, POINTS, Tally, Watch, overflow_base, overflow_cells, tallies, tally_index,
    },
    overflow,
};

pub use attach::{Attachment, Mode, check_requirements};
pub use table::{Capacity, Counted, Fill};
pub use wake::Wake;

use self::{
    exclude::Rules,
    grace::Grace,
    mapped::Mapped,
    table::{Shape, Table},
};
use crate::{
    config::{Exclude, XdpChoice},
    interface::Interface,
};

/// The programs, as the build script has compiled them.
static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/talot.bpf.o"));

/// The loaded programs and their maps.
pub struct Kernel {
    ebpf: Ebpf,
    control: Mapped<u64>,
    watch: Mapped<Watch>,
    tallies: Mapped<Tally>,
    overflow: Mapped<u64>,
    table: Table,
    rules: Rules,
    grace: Grace,
    cpus: u32,
    points: u32,
    state: Control,
}

/// Bytes of the maps whose size does not depend on the keys: tallies, overflow and conversations
/// in the main.
fn fixed_bytes(cpus: u32, points: u32) -> u64 {
    const CONVERSATIONS: u64 = 9 << 20;
    u64::from(tallies(cpus)) * size_of::<Tally>() as u64
        + u64::from(overflow_cells(points)) * size_of::<u64>() as u64
        + CONVERSATIONS
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

impl Kernel {
    /// Loads the programs, for the points of these names.
    ///
    /// # Errors
    ///
    /// Names what this machine lacks, or what the kernel refuses.
    pub fn load(capacity: Capacity, points: &[&str], rules: &[Exclude]) -> Result<Self> {
        check_requirements()?;
        let cpus = nr_cpus().map_err(|(file, error)| anyhow!("{file}: {error}"))? as u32;
        let names = points;
        let points = names.len().clamp(1, POINTS) as u32;
        let excludes = rules.len() as u32;
        let seed = random_words()?;
        let shape = Shape::new(capacity, cpus, count_online()?);
        let globals = shape.globals(random_words()?);
        memory::check(
            shape.bytes() + fixed_bytes(cpus, points),
            shape.drain_bytes(),
        )?;
        let mut loader = EbpfLoader::new();
        loader
            .override_global("CPUS", &cpus, true)
            .override_global("OVERFLOW_POINTS", &points, true)
            .override_global("SEED", &seed, true)
            .override_global("EXCLUDE_RULES", &excludes, true)
            .map_max_entries("TALLIES", tallies(cpus))
            .map_max_entries("OVERFLOW", overflow_cells(points));
        shape.apply(&mut loader, &globals)?;
        exclude::size(&mut loader, rules);
        let mut ebpf = loader.load(OBJECT).context(
            "creating the BPF maps (if memory is short, set fewer [kernel] keys and keys6)",
        )?;
        let xdp: &mut Xdp = program(&mut ebpf, "talot_xdp")?;
        xdp.load().map_err(|error| refused("XDP", error))?;
        let egress: &mut SchedClassifier = program(&mut ebpf, "talot_egress")?;
        egress.load().map_err(|error| refused("egress", error))?;

        Ok(Self {
            control: Mapped::new(&ebpf, "CONTROL", 1)?,
            watch: Mapped::new(&ebpf, "WATCH", 2)?,
            tallies: Mapped::new(&ebpf, "TALLIES", tallies(cpus))?,
            overflow: Mapped::new(&ebpf, "OVERFLOW", overflow_cells(points))?,
            table: Table::new(&ebpf, shape)?,
            rules: Rules::new(&mut ebpf, rules, names)?,
            grace: Grace::new(&mut ebpf)?,
            ebpf,
            cpus,
            points,
            state: Control::default(),
        })
    }

    /// The programs' own messages, once.
    pub fn messages(&mut self) -> Result<EbpfLogger<&'static dyn log::Log>> {
        EbpfLogger::init(&mut self.ebpf).context("opening the programs' log")
    }

    /// The programs' calls for a drain, once.
    pub fn wake(&mut self) -> Result<Wake> {
        Wake::new(&mut self.ebpf)
    }

    /// Attaches to an interface.
    pub fn attach(
        &mut self,
        name: &str,
        interface: &Interface,
        choice: XdpChoice,
        live: bool,
    ) -> Result<Attachment> {
        attach::attach(&mut self.ebpf, name, interface, choice, live)
    }

    /// Puts a plan into force, for every packet from now on.
    pub fn watch(&mut self, plan: Watch) -> Result<()> {
        if self.watch.get(self.state.watch as usize & 1) == plan {
            return Ok(());
        }
        let next = self.state.watch.wrapping_add(1);
        self.watch.set(next as usize & 1, plan);
        self.state.watch = next;
        self.publish()
    }

    /// Begins a new epoch; the one that has ended, which no program writes any more, is returned.
    pub fn flip(&mut self) -> Result<u32> {
        let ended = self.state.epoch;
        self.state.epoch = ended.wrapping_add(1);
        self.publish()?;
        Ok(ended)
    }

    /// Waits until every program that runs now has ended.
    pub fn wait(&mut self) -> Result<()> {
        self.grace.wait()
    }

    fn publish(&mut self) -> Result<()> {
        let Control { epoch, watch } = self.state;
        let mut bytes = [0; 8];
        bytes[..4].copy_from_slice(&epoch.to_ne_bytes());
        bytes[4..].copy_from_slice(&watch.to_ne_bytes());
        self.control.publish(0, u64::from_ne_bytes(bytes));
        self.grace.wait()
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

    /// Empties the maps of an ended epoch.
    pub fn clear(&mut self, epoch: u32) {
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
        self.table.clear(epoch);
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

    /// The epoch that is being counted in.
    pub const fn epoch(&self) -> u32 {
        self.state.epoch
    }

    /// Packets that an exclude rule, by its number in the configuration, has excluded at a point
    /// since the programs were loaded.
    pub fn excluded(&self, rule: usize, point: u8) -> u64 {
        self.rules.excluded(rule, point)
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

fn program<'a, T>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut T>
where
    &'a mut T: TryFrom<&'a mut Program>,
    <&'a mut T as TryFrom<&'a mut Program>>::Error: std::error::Error + Send + Sync + 'static,
{
    ebpf.program_mut(name)
        .with_context(|| format!("the BPF object has no program {name}"))?
        .try_into()
        .with_context(|| format!("BPF program {name}"))
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

/// How many CPUs are at work.
fn count_online() -> Result<u32> {
    let online = online_cpus().map_err(|(file, error)| anyhow!("{file}: {error}"))?;
    Ok(online.len() as u32)
}

fn random_words() -> Result<[u64; 2]> {
    let mut words = [0_u64; 2];
    // SAFETY: getrandom writes at most the 16 bytes that the words have.
    let read = unsafe { libc::getrandom(words.as_mut_ptr().cast(), size_of_val(&words), 0) };
    if read != size_of_val(&words) as isize {
        return Err(std::io::Error::last_os_error()).context("getrandom");
    }
    Ok(words)
}
