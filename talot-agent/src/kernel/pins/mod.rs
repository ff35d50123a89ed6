//! Maps and links that stay in the kernel when the agent does not: pinned in a folder of the BPF
//! file system, with the name of whoever they belong to.
//!
//! ```text
//! PIN_DIR/v1/INSTANCE/          counters of this layout version, and `owner`, which is pinned last
//! PIN_DIR/conversations-v1/     what the watched host has sent, whatever becomes of the counters
//! PIN_DIR/links/                xdp-IFINDEX, egress-IFINDEX
//! ```

mod bpffs;
mod link;
mod owner;

use std::{
    fs::{self, File, TryLockError},
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, anyhow, bail};
use log::{info, warn};
use talot_common::layout::{CONVERSATIONS_VERSION, VERSION};

pub use self::owner::{Claim, boot_id};
pub(super) use self::{
    link::{Held, Point, find, remove},
    owner::{Conversations, Owner},
};
use super::Former;

const LINKS: &str = "links";
const CONVERSATIONS: &str = "conversations-v";

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

impl Pins {
    /// Takes hold of the folder, creating what is missing.
    ///
    /// # Errors
    ///
    /// If there is no BPF file system, another agent holds the folder, or what is pinned there
    /// belongs to another data directory, network namespace or boot, or has an unknown layout.
    pub fn open(root: &Path, claim: Claim) -> Result<Self> {
        bpffs::provide(root)?;
        let folders = [root.to_owned(), root.join(LINKS), layout_folder(root)];
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
        Ok(pins)
    }

    /// Removes everything that is pinned, whoever it belongs to and whatever it holds.
    ///
    /// # Errors
    ///
    /// If something cannot be removed.
    pub fn remove_by_force(root: &Path) -> Result<()> {
        if !root.exists() {
            return Ok(());
        }
        let _lock = lock(root)?;
        fs::remove_dir_all(root).with_context(|| format!("removing {}", root.display()))
    }

    pub(super) const fn claim(&self) -> &Claim {
        &self.claim
    }

    /// Counts in a layout that this version cannot read are not thrown away.
    fn refuse_other_layouts(&self) -> Result<()> {
        for (name, path) in entries(&self.root)? {
            let Some(version) = name.strip_prefix('v') else {
                continue;
            };
            if version == VERSION.to_string() || entries(&path)?.is_empty() {
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
        let links = entries(&self.root.join(LINKS)).unwrap_or_default();
        links.iter().any(|(_, path)| link::is_attached_at(path))
    }

    /// Every instance that is whole. What an agent left that was killed before it was is removed:
    /// no program has counted there.
    pub(super) fn instances(&self) -> Result<Vec<Instance>> {
        let mut instances = Vec::new();
        for (_, folder) in entries(&layout_folder(&self.root))? {
            match Owner::read(&folder)? {
                Some(owner) => instances.push(Instance { folder, owner }),
                None => self.remove(&folder)?,
            }
        }
        Ok(instances)
    }

    /// A new folder for an instance of this name.
    pub(super) fn new_instance(&self, name: &str) -> Result<PathBuf> {
        let folder = layout_folder(&self.root).join(name);
        bpffs::create_folder(&folder)?;
        Ok(folder)
    }

    /// Removes an instance; its maps go once no program and no process holds them.
    pub(super) fn remove(&self, folder: &Path) -> Result<()> {
        // The owner first: what is left without one is waste.
        let removed = match fs::remove_file(folder.join(owner::NAME)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => fs::remove_dir_all(folder),
        };
        removed.with_context(|| format!("removing the pins in {}", folder.display()))
    }

    /// The folder of conversations, and the seed of their fingerprints: as they are, if this version
    /// knows their layout, else new.
    pub(super) fn conversations(&self) -> Result<Conversations> {
        let current = format!("{CONVERSATIONS}{CONVERSATIONS_VERSION}");
        for (name, path) in entries(&self.root)? {
            if name.starts_with(CONVERSATIONS) && name != current {
                warn!(
                    "{} is of another version: replies in conversations from before this start may be \
                     counted as unsolicited",
                    path.display()
                );
                self.remove(&path)?;
            }
        }
        let folder = self.root.join(current);
        bpffs::create_folder(&folder)?;
        Conversations::open(folder)
    }

    /// Where a link is pinned.
    pub(super) fn link(&self, point: Point, ifindex: u32) -> PathBuf {
        self.root
            .join(LINKS)
            .join(format!("{}-{ifindex}", point.name()))
    }

    /// Detaches what is attached at interfaces other than these; those that XDP is attached to
    /// among them.
    pub(super) fn detach_others(&self, keep: &[PathBuf]) -> Result<()> {
        let mut links = entries(&self.root.join(LINKS))?;
        // XDP first, so that nothing arrives whose conversation was not noted.
        links.sort_by_key(|(name, _)| !name.starts_with(Point::Xdp.name()));
        for (name, path) in links {
            if !keep.contains(&path) {
                info!("detaching {name}, which is not watched any more");
                fs::remove_file(&path)
                    .with_context(|| format!("removing the pin {}", path.display()))?;
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
        self.remove(former.folder())
    }

    /// Removes the whole folder, unless something in it still holds counts.
    ///
    /// # Errors
    ///
    /// If something cannot be removed.
    pub fn remove_if_empty(&self) -> Result<()> {
        if !self.instances()?.is_empty() {
            return Ok(());
        }
        fs::remove_dir_all(&self.root).with_context(|| format!("removing {}", self.root.display()))
    }
}

/// Takes hold of a folder.
fn lock(root: &Path) -> Result<File> {
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
    let folders = entries(&layout_folder(root))?.into_iter();
    let instance = |(_, folder): (String, PathBuf)| {
        Owner::read(&folder).map(|owner| owner.map(|owner| Instance { folder, owner }))
    };
    folders
        .filter_map(|entry| instance(entry).transpose())
        .collect()
}

/// Who has pinned counters there, if anybody has: for those who only ask.
pub fn first_owner(root: &Path) -> Option<String> {
    let layouts = entries(root).ok()?;
    let mut owners = layouts
        .iter()
        .filter(|(name, _)| name.starts_with('v'))
        .filter_map(|(_, path)| owner::of_first(path));
    owners.next().map(|owner| owner.to_string())
}

fn layout_folder(root: &Path) -> PathBuf {
    root.join(format!("v{VERSION}"))
}

/// Names and paths in a folder, in order; none if it is not there.
fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let listing = || format!("listing {}", folder.display());
    let found = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        found => found.with_context(listing)?,
    };
    let mut entries = Vec::new();
    for entry in found {
        let entry = entry.with_context(listing)?;
        let name = entry.file_name().into_string();
        let name = name.map_err(|name| anyhow!("{}: {name:?}", folder.display()))?;
        entries.push((name, entry.path()));
    }
    entries.sort();
    Ok(entries)
}
