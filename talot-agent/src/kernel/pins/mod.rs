//! Maps and links that stay in the kernel when the agent does not: pinned in a folder of the BPF
//! file system, with the name of whoever they belong to.
//!
//! ```text
//! PIN_DIR/v1/INSTANCE/          counters of this layout version, and `owner`, which says whose they are
//! PIN_DIR/v1/unfinished-…/      the same before it is whole, and while it is removed
//! PIN_DIR/conversations-v1/     what the watched host has sent, whatever becomes of the counters
//! PIN_DIR/links/                xdp-IFINDEX, egress-IFINDEX
//! ```

mod bpffs;
mod folder;
mod link;
mod owner;

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};
use log::{info, warn};
use talot_common::layout::{CONVERSATIONS_VERSION, VERSION};

pub use self::{
    bpffs::{Place, place},
    owner::{Claim, boot_id},
};
pub(super) use self::{
    link::{Held, Point, find, remove},
    owner::{Conversations, Owner},
};
use super::Former;
use crate::clock::Moment;

/// What to do about pins that cannot be used.
pub(super) const DAMAGED: &str =
    "`talot-agent detach --force` gives up what the kernel holds, and the next start begins anew";

/// The folder of one sensor, held by this process alone.
pub struct Pins {
    root: PathBuf,
    claim: Claim,
    /// Its lock goes with it.
    _lock: File,
}

/// Pinned counters.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    pub(super) folder: PathBuf,
    pub(super) owner: Owner,
}

impl Instance {
    fn open(folder: PathBuf) -> Result<Self> {
        let owner = Owner::read(&folder)?.with_context(|| {
            format!(
                "{} may hold counts, but the pin `{}` in it is gone: whose they are, and of which points, \
                 cannot be told without it. Nothing was removed ({DAMAGED})",
                folder.display(),
                owner::NAME
            )
        })?;
        Ok(Self { folder, owner })
    }
}

impl Pins {
    /// Takes hold of the folder, creating what is missing.
    ///
    /// # Errors
    ///
    /// If there is no BPF file system, another agent holds the folder, or what is pinned there
    /// belongs to another data directory, network namespace or boot, or has an unknown layout.
    pub fn open(root: &Path, claim: Claim) -> Result<Self> {
        bpffs::provide(root)?;
        let folders = [
            root.to_owned(),
            folder::links(root),
            folder::layout(root, VERSION),
        ];
        for folder in &folders {
            bpffs::create_folder(folder)?;
        }
        let pins = Self {
            root: root.to_owned(),
            claim,
            _lock: lock(root)?,
        };
        pins.refuse_other_layouts()?;
        pins.refuse_others()?;
        pins.claim.remember(root);
        Ok(pins)
    }

    /// Detaches and removes all that an agent has pinned, whoever's it is and whatever it holds; says
    /// whether there was anything.
    ///
    /// # Errors
    ///
    /// If an agent is at work there, the folder is none of the BPF file system, or something cannot be
    /// removed.
    pub fn remove_by_force(root: &Path) -> Result<bool> {
        if !root.exists() {
            return Ok(false);
        }
        bpffs::provide(root)?;
        let _lock = lock(root)?;
        sweep(root)?;
        Ok(true)
    }

    pub(super) const fn claim(&self) -> &Claim {
        &self.claim
    }

    /// Counts in a layout that this version cannot read are not thrown away.
    fn refuse_other_layouts(&self) -> Result<()> {
        for (version, path) in folder::all_layouts(&self.root)? {
            if version == VERSION || folder::all_instances(&path)?.is_empty() {
                continue;
            }
            let agent = owner::of_first(&path).map_or_else(
                || "the version of talot-agent that made it".to_owned(),
                |owner| format!("talot-agent {}", owner.agent_version),
            );
            bail!(
                "{} holds counts in layout {version}, which this version of talot-agent, whose layout \
                 is {VERSION}, cannot read. Nothing is lost yet: run `talot-agent detach` of {agent}, \
                 which makes them durable, then start this one; or give them up with `talot-agent \
                 detach --force`",
                path.display()
            );
        }
        Ok(())
    }

    fn refuse_others(&self) -> Result<()> {
        for Instance { owner, .. } in self.instances()? {
            let differs = owner.claim.difference(&self.claim);
            // Where a namespace is gone with its interfaces, nothing counts there any more; what was
            // counted is this data directory's.
            let Some(what) = differs.filter(|difference| {
                !difference.is_namespace_alone() || self.any_link_is_attached()
            }) else {
                continue;
            };
            bail!(
                "the pins in {} belong to {what} ({owner}): stop that agent and run `talot-agent detach` \
                 with its configuration, or give this one a [kernel] pin_dir of its own; if it is gone \
                 for good, `talot-agent detach --force` gives up what it has counted",
                self.root.display()
            );
        }
        Ok(())
    }

    fn any_link_is_attached(&self) -> bool {
        !self.attached().unwrap_or_default().is_empty()
    }

    /// The interfaces, by number, that XDP programs are attached to.
    pub fn attached(&self) -> Result<Vec<u32>> {
        let links = folder::all_links(&self.root)?.into_iter();
        let attached = links
            .filter(|(point, _, path)| *point == Point::Xdp && link::is_attached_at(path))
            .map(|(_, ifindex, _)| ifindex);
        Ok(attached.collect())
    }

    /// Every instance. What an agent left unfinished is removed: no program counts there.
    pub(super) fn instances(&self) -> Result<Vec<Instance>> {
        let layout = folder::layout(&self.root, VERSION);
        for unfinished in folder::all_unfinished(&layout)? {
            folder::remove_pins(&unfinished)?;
        }
        for folder in folder::all_instances(&layout)? {
            // One without any pin in it: rmdir refuses all others.
            folder::remove_if_empty(&folder)?;
        }
        let folders = folder::all_instances(&layout)?.into_iter();
        folders.map(Instance::open).collect()
    }

    /// Notes in the pins that nothing counts in an instance from now on, or that something does again. It is
    /// noted before anything is taken off, for an agent may be killed over that.
    pub(super) fn note_detached(&self, instance: &Instance, at: Option<Moment>) -> Result<()> {
        let owner = Owner {
            detached: at,
            ..instance.owner.clone()
        };
        owner.write(&instance.folder)
    }

    /// A new folder for an instance of this name, until it is whole.
    pub(super) fn new_instance(&self, name: &str) -> Result<PathBuf> {
        let folder = folder::unfinished(&folder::layout(&self.root, VERSION), name);
        bpffs::create_folder(&folder)?;
        Ok(folder)
    }

    /// It is whole: names whose it is, and gives it the name of an instance.
    pub(super) fn finish(&self, instance: &mut Instance) -> Result<()> {
        instance.owner.pin(&instance.folder)?;
        let whole = folder::layout(&self.root, VERSION).join(&instance.owner.instance);
        rename(&instance.folder, &whole)?;
        instance.folder = whole;
        Ok(())
    }

    /// Removes an instance; its maps go once no program and no process holds them.
    pub(super) fn remove(&self, instance: &Instance) -> Result<()> {
        let layout = folder::layout(&self.root, VERSION);
        let unfinished = folder::unfinished(&layout, &instance.owner.instance);
        if instance.folder.exists() && instance.folder != unfinished {
            rename(&instance.folder, &unfinished)?;
        }
        folder::remove_pins(&unfinished)
    }

    /// The folder of conversations, and the seed of their fingerprints: as they are, if this version
    /// knows their layout, else new.
    pub(super) fn conversations(&self) -> Result<Conversations> {
        for (version, path) in folder::all_conversations(&self.root)? {
            if version != CONVERSATIONS_VERSION {
                warn!(
                    "{} is of another version: replies in conversations from before this start may be \
                     counted as unsolicited",
                    path.display()
                );
                folder::remove_pins(&path)?;
            }
        }
        let folder = folder::conversations(&self.root, CONVERSATIONS_VERSION);
        bpffs::create_folder(&folder)?;
        Conversations::open(folder)
    }

    /// Where a link is pinned.
    pub(super) fn link(&self, point: Point, ifindex: u32) -> PathBuf {
        folder::links(&self.root).join(folder::link_name(point, ifindex))
    }

    /// Detaches what is attached at interfaces other than these; those that XDP is attached to
    /// among them.
    pub(super) fn detach_others(&self, keep: &[PathBuf]) -> Result<()> {
        for (point, ifindex, path) in folder::all_links(&self.root)? {
            if !keep.contains(&path) {
                info!(
                    "{} at interface {ifindex} is not watched any more",
                    point.name()
                );
                remove(&path);
            }
        }
        Ok(())
    }

    /// Removes maps once everything in them is durable.
    ///
    /// # Errors
    ///
    /// If a pin cannot be removed.
    pub fn remove_former(&self, former: &Former) -> Result<()> {
        self.remove(former.pinned())
    }

    /// Removes everything, unless something still holds counts.
    ///
    /// # Errors
    ///
    /// If something cannot be removed.
    pub fn remove_if_empty(&self) -> Result<()> {
        if !self.instances()?.is_empty() {
            return Ok(());
        }
        sweep(&self.root)
    }
}

/// Detaches and removes all that Talot has pinned in a folder.
fn sweep(root: &Path) -> Result<()> {
    for (_, _, path) in folder::all_links(root)? {
        remove(&path);
    }
    for (_, layout) in folder::all_layouts(root)? {
        let whole = folder::all_instances(&layout)?.into_iter();
        for instance in whole.chain(folder::all_unfinished(&layout)?) {
            folder::remove_pins(&instance)?;
        }
        folder::remove_if_empty(&layout)?;
    }
    for (_, conversations) in folder::all_conversations(root)? {
        folder::remove_pins(&conversations)?;
    }
    folder::remove_if_empty(&folder::links(root))?;
    folder::remove_if_empty(root)
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).with_context(|| format!("renaming {} to {}", from.display(), to.display()))
}

/// Takes hold of a folder.
fn lock(root: &Path) -> Result<File> {
    ensure!(root.is_dir(), "{} is not a folder", root.display());
    let lock = File::open(root).with_context(|| format!("opening {}", root.display()))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => bail!(
            "another talot-agent is at work with the pins in {}{}: stop that one, or give this one a \
             [kernel] pin_dir of its own",
            root.display(),
            first_owner(root).map_or_else(String::new, |owner| format!(" ({owner})")),
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("locking {}", root.display()))
        }
    }
}

/// Every instance of this layout that is whole, for those who only ask.
pub(super) fn peek(root: &Path) -> Result<Vec<Instance>> {
    let folders = folder::all_instances(&folder::layout(root, VERSION))?.into_iter();
    let is_empty =
        |folder: &PathBuf| fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
    let folders = folders.filter(|folder| !is_empty(folder));
    folders.map(Instance::open).collect()
}

/// Refuses to go on where counts of this data directory are pinned elsewhere: the `pin_dir` has been changed.
///
/// # Errors
///
/// If there are such counts.
pub fn refuse_elsewhere(root: &Path, data_dir: &Path) -> Result<()> {
    let Some(other) = Claim::remembered(data_dir).filter(|other| other != root) else {
        return Ok(());
    };
    let data_dir = fs::canonicalize(data_dir).unwrap_or_else(|_| data_dir.to_owned());
    let instances = peek(&other).unwrap_or_default();
    ensure!(
        !instances
            .iter()
            .any(|instance| instance.owner.claim.is_of(&data_dir)),
        "counts of the data directory {} are pinned in {}, where [kernel] pin_dir was before: set it back to that, or \
         run `talot-agent detach` with it, which makes them durable",
        data_dir.display(),
        other.display()
    );
    Ok(())
}

/// Whether an XDP program is pinned there for this interface.
pub(crate) fn is_pinned(root: &Path, ifindex: u32) -> bool {
    let name = folder::link_name(Point::Xdp, ifindex);
    folder::links(root).join(name).exists()
}

/// Who has pinned counters there, if anybody has: for those who only ask.
pub fn first_owner(root: &Path) -> Option<String> {
    let layouts = folder::all_layouts(root).ok()?;
    let mut owners = layouts.iter().filter_map(|(_, path)| owner::of_first(path));
    owners.next().map(|owner| owner.to_string())
}
