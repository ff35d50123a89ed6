//! The kernel side as the agent sees it: programs to attach, maps to drain.

mod attach;
mod counters;
mod exclude;
#[cfg(test)]
mod flow;
mod former;
mod grace;
mod load;
mod mapped;
mod memory;
mod pins;
pub(crate) mod requirements;
mod table;
pub mod test_run;
mod wake;

use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow};
use aya::{
    Ebpf,
    programs::Program,
    util::{nr_cpus, online_cpus},
};
use aya_log::EbpfLogger;
use log::{info, warn};
use talot_common::layout::{CONVERSATION_BYTES, POINTS, Watch};

pub use attach::{Attachment, Mode, remove_filters};
pub use counters::{Counters, Counts};
pub use former::Former;
pub(crate) use pins::is_pinned;
pub use pins::{Claim, Pins, Place, boot_id, first_owner, place, refuse_elsewhere};
pub use requirements::check_requirements;
pub use table::{Capacity, Counted, Fill};
pub use wake::Wake;

use self::{
    counters::Size,
    exclude::Rules,
    grace::Grace,
    load::Load,
    pins::{Conversations, Instance, Owner},
    table::Shape,
};
use crate::{
    clock::Moment,
    config::{Exclude, XdpChoice},
    interface::Interface,
};

/// The programs, as the build script has compiled them.
static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/talot.bpf.o"));

/// The loaded programs and their maps.
pub struct Kernel {
    ebpf: Ebpf,
    counters: Counters,
    rules: Rules,
    grace: Grace,
    pinned: Option<Pinned>,
}

/// What stays in the kernel when this process does not.
struct Pinned {
    pins: Pins,
    instance: Instance,
    /// This process has made the maps.
    is_new: bool,
}

impl Kernel {
    /// Loads the programs, for the points of these names, with maps that end with this process.
    ///
    /// # Errors
    ///
    /// Names what this machine lacks, or what the kernel refuses.
    pub fn load(capacity: Capacity, points: &[&str], rules: &[Exclude]) -> Result<Self> {
        check_requirements()?;
        let online = count_online()?;
        let size = size(capacity, points, online)?;
        memory::check(size.bytes() + CONVERSATION_BYTES, size.table.drain_bytes())?;
        let load = Load {
            size,
            online,
            table_seed: random_words()?,
            conversation_seed: random_words()?,
            points,
            rules,
            pins: Vec::new(),
        };
        load.run()
    }

    /// Loads the programs with maps that stay pinned: those that a former agent has left, if they
    /// fit and are not `finished` (by their name and the epoch they are in: that is durable already),
    /// else new ones. What is counted in others is to be drained once no program writes them.
    ///
    /// # Errors
    ///
    /// As [`Kernel::load`], and when what is pinned cannot be trusted.
    pub fn open(
        pins: Pins,
        capacity: Capacity,
        points: &[&str],
        rules: &[Exclude],
        finished: impl Fn(&str, u32) -> bool,
    ) -> Result<(Self, Vec<Former>)> {
        check_requirements()?;
        let online = count_online()?;
        let size = size(capacity, points, online)?;
        // All of them are opened, so that nothing is begun before it is sure that they can be read.
        let all = pins.instances()?.into_iter().map(Former::open);
        let mut former = all.collect::<Result<Vec<_>>>()?;
        let fits = |former: &Former| {
            let Owner {
                instance,
                size: own,
                points: names,
                ..
            } = former.owner();
            *own == size && names == points && !finished(instance, former.counters().epoch())
        };
        let current = former.iter().position(fits);
        let current = current.map(|at| former.swap_remove(at).into_instance());
        let conversations = pins.conversations()?;
        let (mut instance, is_new) = match current {
            Some(instance) => {
                info!("going on with what a former agent has left in the kernel");
                (instance, false)
            }
            None => {
                memory::check(size.bytes() + CONVERSATION_BYTES, size.table.drain_bytes())?;
                (new_instance(&pins, size, points)?, true)
            }
        };
        let load = Load {
            size,
            online,
            table_seed: instance.owner.table_seed,
            conversation_seed: conversations.seed,
            points,
            rules,
            pins: pinned_maps(&instance, &conversations, size)?,
        };
        let loaded = load.run().and_then(|kernel| {
            if is_new {
                pins.finish(&mut instance)?;
            }
            Ok(kernel)
        });
        match loaded {
            Ok(kernel) => {
                let pinned = Some(Pinned {
                    pins,
                    instance,
                    is_new,
                });
                Ok((Self { pinned, ..kernel }, former))
            }
            Err(error) => {
                if is_new {
                    pins.remove(&instance)?;
                    pins.remove_if_empty()?;
                }
                Err(error)
            }
        }
    }

    /// The programs' own messages, once.
    pub fn messages(&mut self) -> Result<EbpfLogger<&'static dyn log::Log>> {
        EbpfLogger::init(&mut self.ebpf).context("opening the programs' log")
    }

    /// The programs' calls for a drain, once.
    pub fn wake(&mut self) -> Result<Wake> {
        Wake::new(&mut self.ebpf)
    }

    /// Attaches to an interface; a program that is attached there for the same data directory is
    /// replaced in place.
    pub fn attach(
        &mut self,
        name: &str,
        interface: &Interface,
        choice: XdpChoice,
        live: bool,
    ) -> Result<Attachment> {
        let pins = self.pinned.as_ref().map(|pinned| &pinned.pins);
        attach::attach(&mut self.ebpf, pins, name, interface, choice, live)
    }

    /// The interfaces, by number, that a program which is pinned here is attached to.
    ///
    /// # Errors
    ///
    /// If the pins cannot be listed.
    pub fn attached(&self) -> Result<Vec<u32>> {
        self.pinned
            .as_ref()
            .map_or_else(|| Ok(Vec::new()), |pinned| pinned.pins.attached())
    }

    /// Detaches what a former agent has left at other interfaces than these.
    ///
    /// # Errors
    ///
    /// If a pin cannot be removed.
    pub fn detach_others<'a>(&self, attached: impl Iterator<Item = &'a Attachment>) -> Result<()> {
        let Some(Pinned { pins, .. }) = &self.pinned else {
            return Ok(());
        };
        let keep: Vec<PathBuf> = attached.flat_map(Attachment::pins).collect();
        pins.detach_others(&keep)
    }

    /// Puts a plan into force, for every packet from now on.
    pub fn watch(&mut self, plan: Watch) -> Result<()> {
        if self.counters.set_watch(plan) {
            self.grace.wait()?;
        }
        Ok(())
    }

    /// Begins a new epoch; the one that has ended, which no program writes any more, is returned.
    pub fn flip(&mut self) -> Result<u32> {
        let ended = self.counters.flip();
        self.grace.wait()?;
        Ok(ended)
    }

    /// Waits until every program that runs now has ended.
    pub fn wait(&mut self) -> Result<()> {
        self.grace.wait()
    }

    /// What the programs count in.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// What an ended epoch has counted.
    pub fn read(&self, epoch: u32) -> Result<Counts> {
        self.counters.read(epoch)
    }

    /// Empties the maps of an ended epoch.
    pub fn clear(&mut self, epoch: u32) {
        self.counters.clear(epoch);
    }

    /// How full the open epoch's tables of IPv4 and IPv6 sources are.
    pub fn fill(&self) -> [Fill; 2] {
        self.counters.fill()
    }

    /// The name of the maps that are being counted in: no others ever have it. Empty if they end
    /// with this process.
    pub fn instance(&self) -> &str {
        let pinned = self.pinned.as_ref();
        pinned.map_or("", |pinned| pinned.instance.owner.instance.as_str())
    }

    /// Whether this process has made those maps.
    pub fn is_new(&self) -> bool {
        self.pinned.as_ref().is_none_or(|pinned| pinned.is_new)
    }

    /// When a former agent has made those maps, if one has.
    pub fn since(&self) -> Option<Moment> {
        let pinned = self.pinned.as_ref().filter(|pinned| !pinned.is_new);
        pinned.map(|pinned| pinned.instance.owner.since)
    }

    /// When a former agent took off what counted in those maps, if it did.
    pub fn detached(&self) -> Option<Moment> {
        self.pinned.as_ref()?.instance.owner.detached
    }

    /// Notes in the pins that nothing counts from now on, or that it does again, for the next agent. What
    /// cannot be noted is only less exact: how long was observed.
    pub fn note_detached(&self, at: Option<Moment>) {
        if let Some(Pinned { pins, instance, .. }) = &self.pinned
            && let Err(error) = pins.note_detached(instance, at)
        {
            warn!("{error:#}");
        }
    }

    /// Removes the maps of a former agent, once everything in them is durable.
    ///
    /// # Errors
    ///
    /// If a pin cannot be removed.
    pub fn remove(&self, former: &Former) -> Result<()> {
        match &self.pinned {
            Some(Pinned { pins, .. }) => pins.remove_former(former),
            None => Ok(()),
        }
    }

    /// Lets go of everything, once nothing is attached and everything is durable.
    ///
    /// # Errors
    ///
    /// If a pin cannot be removed.
    pub fn release(&self) -> Result<()> {
        let Some(Pinned { pins, instance, .. }) = &self.pinned else {
            return Ok(());
        };
        pins.remove(instance)?;
        pins.remove_if_empty()
    }

    /// Packets that an exclude rule, by its number in the configuration, has excluded at a point
    /// since the programs were loaded.
    pub fn excluded(&self, rule: usize, point: u8) -> u64 {
        self.rules.excluded(rule, point)
    }
}

/// Whether this machine has the memory that the maps take; says how many bytes.
///
/// # Errors
///
/// If it has not.
pub fn check_memory(capacity: Capacity, points: &[&str]) -> Result<u64> {
    let size = size(capacity, points, count_online()?)?;
    let bytes = size.bytes() + CONVERSATION_BYTES;
    memory::check(bytes, size.table.drain_bytes())?;
    Ok(bytes)
}

/// The size that the maps are to have here.
fn size(capacity: Capacity, points: &[&str], online: u32) -> Result<Size> {
    let cpus = nr_cpus().map_err(|(file, error)| anyhow!("{file}: {error}"))? as u32;
    Ok(Size {
        table: Shape::new(capacity, cpus, online),
        points: points.len().clamp(1, POINTS) as u32,
    })
}

/// A folder for new maps; it counts for nothing before it is finished.
fn new_instance(pins: &Pins, size: Size, points: &[&str]) -> Result<Instance> {
    let [high, low] = random_words()?;
    let name = format!("{high:016x}{low:016x}");
    Ok(Instance {
        folder: pins.new_instance(&name)?,
        owner: Owner {
            instance: name,
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            claim: pins.claim().clone(),
            size,
            points: points.iter().map(|&name| name.to_owned()).collect(),
            table_seed: random_words()?,
            since: Moment::now()?,
            detached: None,
        },
    })
}

fn pinned_maps(
    instance: &Instance,
    conversations: &Conversations,
    size: Size,
) -> Result<Vec<(&'static str, PathBuf)>> {
    let counters = size
        .maps()?
        .map(|(name, ..)| (name, instance.folder.join(name)));
    let others = Conversations::MAPS.map(|(name, _)| (name, conversations.folder.join(name)));
    Ok(counters.into_iter().chain(others).collect())
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
