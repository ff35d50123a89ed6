//! Whose pinned maps are, and how to read them.

use std::{
    fmt, fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use aya::maps::{Array, Map, MapData};
use log::warn;
use serde::{Deserialize, Serialize};
use talot_common::layout::{CONVERSATION_BUCKETS, PASSING_BUCKETS, RecentBucket};

use super::folder;
use crate::{
    clock::Moment,
    kernel::{
        counters::{Size, check_array},
        random_words,
    },
};

pub(super) const NAME: &str = "owner";
const BYTES: usize = 16 << 10;
/// In the data directory: the folder of its pins.
const REMEMBERED: &str = "pin_dir";

/// What a sensor is told apart by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    data_dir: PathBuf,
    /// Device and inode of the network namespace.
    namespace: String,
    /// The kernel's own name of this boot.
    boot: String,
}

/// In what two claims differ.
#[derive(Debug)]
pub(super) enum Difference {
    DataDirectory(PathBuf),
    Boot(String),
    Namespace(String),
}

impl Difference {
    pub(super) const fn is_namespace_alone(&self) -> bool {
        matches!(self, Self::Namespace(_))
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DataDirectory(path) => write!(f, "the data directory {}", path.display()),
            Self::Boot(boot) => write!(f, "another boot of this machine, {boot}"),
            Self::Namespace(name) => {
                write!(
                    f,
                    "another network namespace, {name}, where they still count"
                )
            }
        }
    }
}

impl Claim {
    /// That of this process, on a data directory.
    ///
    /// # Errors
    ///
    /// If the data directory or `/proc` cannot be read.
    pub fn of(data_dir: &Path) -> Result<Self> {
        let full = fs::canonicalize(data_dir);
        let namespace = fs::metadata("/proc/self/ns/net").context("reading /proc/self/ns/net")?;
        Ok(Self {
            data_dir: full.with_context(|| format!("opening {}", data_dir.display()))?,
            namespace: format!("net:[{}:{}]", namespace.dev(), namespace.ino()),
            boot: boot_id()?,
        })
    }

    /// Notes in the data directory where its counts are pinned.
    pub(super) fn remember(&self, root: &Path) {
        let path = self.data_dir.join(REMEMBERED);
        // On a full disk: whoever changes pin_dir then has to know where the counts are.
        if let Err(error) = fs::write(&path, root.as_os_str().as_encoded_bytes()) {
            warn!("writing {}: {error}", path.display());
        }
    }

    /// Where the counts of a data directory were pinned last.
    pub(super) fn remembered(data_dir: &Path) -> Option<PathBuf> {
        let path = fs::read_to_string(data_dir.join(REMEMBERED)).ok()?;
        (!path.is_empty()).then(|| path.into())
    }

    /// Whether it is that of a data directory.
    pub(super) fn is_of(&self, data_dir: &Path) -> bool {
        self.data_dir == data_dir
    }

    pub(super) fn difference(&self, mine: &Self) -> Option<Difference> {
        let Self {
            data_dir,
            namespace,
            boot,
        } = self;
        if *data_dir != mine.data_dir {
            Some(Difference::DataDirectory(data_dir.clone()))
        } else if *boot != mine.boot {
            Some(Difference::Boot(boot.clone()))
        } else if *namespace != mine.namespace {
            Some(Difference::Namespace(namespace.clone()))
        } else {
            None
        }
    }
}

/// The kernel's name of this boot.
///
/// # Errors
///
/// If `/proc` cannot be read.
pub fn boot_id() -> Result<String> {
    const FILE: &str = "/proc/sys/kernel/random/boot_id";
    let id = fs::read_to_string(FILE).with_context(|| format!("reading {FILE}"))?;
    Ok(id.trim().to_owned())
}

/// What must be known of pinned counters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owner {
    /// The instance's name: no two are the same.
    pub(crate) instance: String,
    pub(crate) agent_version: String,
    pub(crate) claim: Claim,
    pub(crate) size: Size,
    /// Names of the points, by slot.
    pub(crate) points: Vec<String>,
    /// What the table's hash was seeded with.
    pub(crate) table_seed: [u64; 2],
    /// When it was made.
    pub(crate) since: Moment,
    /// When an agent took off the programs that counted in it, if nothing counts in it any more.
    #[serde(default)]
    pub(crate) detached: Option<Moment>,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Claim {
            data_dir,
            namespace,
            ..
        } = &self.claim;
        write!(
            f,
            "talot-agent {} with the data directory {}, in network namespace {namespace}",
            self.agent_version,
            data_dir.display()
        )
    }
}

impl Owner {
    /// The owner of the instance in a folder, if it has one.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(NAME);
        if !path.exists() {
            return Ok(None);
        }
        let read = || -> Result<Self> {
            check_array(&path, (4, BYTES as u32, 1, 0))?;
            let map: Array<MapData, [u8; BYTES]> =
                Array::try_from(Map::Array(MapData::from_pin(&path)?))?;
            let bytes = map.get(&0, 0)?;
            let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(BYTES);
            Ok(serde_json::from_slice(&bytes[..end])?)
        };
        let owner = read().with_context(|| {
            format!(
                "reading the pinned map {} ({})",
                path.display(),
                super::DAMAGED
            )
        })?;
        Ok(Some(owner))
    }

    /// Pins it.
    pub(super) fn pin(&self, folder: &Path) -> Result<()> {
        let bytes = self.bytes()?;
        let mut map: Array<MapData, [u8; BYTES]> =
            Array::create(1, 0).context("creating a BPF map")?;
        map.set(0, bytes, 0).context("filling the BPF map owner")?;
        let path = folder.join(NAME);
        map.pin(&path)
            .with_context(|| format!("pinning {}", path.display()))
    }

    /// Writes it over what is pinned.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join(NAME);
        let write = || -> Result<()> {
            let mut map: Array<MapData, [u8; BYTES]> =
                Array::try_from(Map::Array(MapData::from_pin(&path)?))?;
            Ok(map.set(0, self.bytes()?, 0)?)
        };
        write().with_context(|| format!("writing the pinned map {}", path.display()))
    }

    fn bytes(&self) -> Result<[u8; BYTES]> {
        let text = serde_json::to_vec(self)?;
        ensure!(
            text.len() < BYTES,
            "the names of the data directory and of the points together are too long"
        );
        let mut bytes = [0; BYTES];
        bytes[..text.len()].copy_from_slice(&text);
        Ok(bytes)
    }
}

/// The owner of the first instance of a layout that can be read.
pub(super) fn of_first(layout: &Path) -> Option<Owner> {
    let instances = folder::all_instances(layout).ok()?;
    instances
        .iter()
        .find_map(|folder| Owner::read(folder).ok().flatten())
}

/// The pinned sets of recent things, and the seed of their fingerprints.
pub(crate) struct Conversations {
    pub(crate) folder: PathBuf,
    pub(crate) seed: [u64; 2],
}

impl Conversations {
    /// The maps, and how many values each has.
    pub(crate) const MAPS: [(&str, u32); 4] = [
        ("BEGAN", CONVERSATION_BUCKETS),
        ("ANSWERED", CONVERSATION_BUCKETS),
        ("KNOCKED", PASSING_BUCKETS),
        ("FRAGMENTS", PASSING_BUCKETS),
    ];
    const SEED: &str = "seed";

    pub(super) fn open(folder: PathBuf) -> Result<Self> {
        let path = folder.join(Self::SEED);
        if !path.exists() {
            let seed = random_words()?;
            let mut map: Array<MapData, [u64; 2]> =
                Array::create(1, 0).context("creating a BPF map")?;
            map.set(0, seed, 0).context("filling the BPF map seed")?;
            map.pin(&path)
                .with_context(|| format!("pinning {}", path.display()))?;
            return Ok(Self { folder, seed });
        }
        check_array(&path, (4, 16, 1, 0))?;
        for (name, entries) in Self::MAPS {
            let pin = folder.join(name);
            // One that is missing is made when the programs are loaded.
            if pin.exists() {
                check_array(&pin, (4, size_of::<RecentBucket>() as u32, entries, 0))?;
            }
        }
        let map: Array<MapData, [u64; 2]> = Array::try_from(Map::Array(MapData::from_pin(&path)?))?;
        let seed = map.get(&0, 0).context("reading the BPF map seed")?;
        Ok(Self { folder, seed })
    }
}
