//! The configuration: one TOML file, read whole. What is wrong is named with its line, all of it
//! at once; nothing is ignored.

mod aim;
mod document;
mod flags;
mod maintenance;
mod mistake;
mod points;
mod prefix;
mod privacy;
mod read;
mod section;
mod values;
mod zone;

#[cfg(test)]
mod tests;

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{self, Path, PathBuf},
    time::Duration,
};

use talot_common::port_type::{Aim, Kind};

use self::{document::Document, mistake::Wrong};
pub use self::{
    flags::{point_name_flag, prefix_flag},
    maintenance::Maintenance,
    mistake::{Mistake, Mistakes},
    prefix::Prefix,
    privacy::Privacy,
    zone::Zone,
};

/// Where maps and links are pinned.
const PIN_DIR: &str = "/sys/fs/bpf/talot";

/// The agent's configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where days begin and end.
    pub timezone: Zone,
    /// Where the agent keeps everything; absolute.
    pub data_dir: PathBuf,
    /// What is watched, at most [`talot_common::layout::POINTS`]. None: the interface of the
    /// default route.
    pub points: Vec<PointConfig>,
    /// What is not to be counted; the first rule that matches wins.
    pub excludes: Vec<Exclude>,
    /// When points are not to be counted on.
    pub maintenance: Vec<Maintenance>,
    /// How long a conversation may be silent.
    pub solicited: Idle,
    /// What the kernel holds.
    pub kernel: Kernel,
    /// How the kernel's tables are emptied.
    pub drain: Drain,
    /// What becomes of the records.
    pub records: Records,
    /// What is exported to Prometheus.
    pub metrics: Metrics,
    /// What countries and networks are looked up in.
    pub geo: GeoFiles,
    /// In what form sources are written.
    pub privacy: Privacy,
}

/// A point: an interface with the addresses it watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointConfig {
    /// Unique; `[a-z0-9][a-z0-9-]*`.
    pub name: String,
    /// The interface's name, which the kernel may not know.
    pub interface: String,
    /// What it watches, each once on its interface, never empty. None: the interface's own
    /// addresses, followed as they change; then no other point is on that interface.
    pub addresses: Option<Vec<Prefix>>,
    /// Whether a host answers there.
    pub mode: Mode,
    /// The same for all points of one interface.
    pub xdp: XdpChoice,
    /// What becomes of its unsolicited packets; of a live point's they pass.
    pub verdict: Verdict,
}

/// A rule of what is not to be counted: every condition that it has must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exclude {
    /// Only at the point of this name.
    pub point: Option<String>,
    /// Only from these addresses.
    pub source: Option<Prefix>,
    /// Only to these addresses.
    pub destination: Option<Prefix>,
    /// Only this IP protocol.
    pub protocol: Option<u8>,
    /// Only to this port.
    pub port: Option<u16>,
    /// Why, for people.
    pub reason: String,
}

impl Exclude {
    /// What metrics and `status` call the rule: its place in the configuration, counted from 1, and
    /// the reason.
    fn label(&self, number: usize) -> String {
        format!("{} {}", number + 1, self.reason)
            .trim_end()
            .to_owned()
    }

    /// Whether it may match at a point.
    pub fn is_for(&self, point: &str) -> bool {
        self.point.as_deref().is_none_or(|own| own == point)
    }
}

/// What becomes of a point's unsolicited packets once they are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The host gets them.
    Pass,
    /// They end at the driver.
    Drop,
}

impl Verdict {
    const ALL: [Self; 2] = [Self::Pass, Self::Drop];

    /// The name in the configuration and in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Drop => "drop",
        }
    }
}

/// Whether the host also lives on a point's addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It does: replies to its own traffic are solicited.
    Live,
    /// Nobody answers: nothing is solicited.
    Dark,
}

impl Mode {
    const ALL: [Self; 2] = [Self::Live, Self::Dark];

    /// The name in the configuration and in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Dark => "dark",
        }
    }
}

/// How the XDP program is to be attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XdpChoice {
    /// In the driver; where that cannot be, generic, and said so.
    Auto,
    /// In the driver or not at all.
    Native,
    /// Behind the driver.
    Generic,
}

impl XdpChoice {
    const ALL: [Self; 3] = [Self::Auto, Self::Native, Self::Generic];

    /// The name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Native => "native",
            Self::Generic => "generic",
        }
    }
}

/// How long a conversation may be silent and still be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idle {
    /// Of TCP.
    pub tcp: Duration,
    /// Of UDP.
    pub udp: Duration,
    /// Of everything else.
    pub other: Duration,
}

/// What the kernel holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// IPv4 keys guaranteed per drain interval and table without overflow.
    pub keys: u32,
    /// IPv6 keys, likewise.
    pub keys6: u32,
    /// Where maps and links are pinned; absolute.
    pub pin_dir: PathBuf,
}

/// How the kernel's tables are emptied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain {
    /// How often.
    pub interval: Duration,
    /// How many bytes of the open day the agent may hold; beyond them it works from disk.
    pub day_memory: u64,
}

/// What becomes of the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Records {
    /// How many days they are kept.
    pub keep_days: u32,
}

/// What is exported to Prometheus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// Where it is served.
    pub listen: SocketAddr,
    /// The port types that are always shown, each once.
    pub ports: Vec<Aim>,
    /// Whether sources are counted by /64 as well.
    pub sources_64: bool,
}

/// Databases in MaxMind's format; both may be the same file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GeoFiles {
    /// Of countries.
    pub country: Option<PathBuf>,
    /// Of autonomous systems.
    pub asn: Option<PathBuf>,
}

/// What holds where a file says nothing.
impl Default for Config {
    fn default() -> Self {
        let tcp = |number| Aim {
            kind: Kind::Tcp,
            number,
        };
        Self {
            timezone: Zone::utc(),
            data_dir: PathBuf::from("/var/lib/talot"),
            points: Vec::new(),
            excludes: Vec::new(),
            maintenance: Vec::new(),
            // RFC 5382, 4787, 5508.
            solicited: Idle {
                tcp: Duration::from_secs(124 * 60),
                udp: Duration::from_secs(5 * 60),
                other: Duration::from_secs(60),
            },
            kernel: Kernel {
                keys: 1_048_576,
                keys6: 262_144,
                pin_dir: PathBuf::from(PIN_DIR),
            },
            drain: Drain {
                interval: Duration::from_secs(10),
                day_memory: 1 << 30,
            },
            records: Records { keep_days: 400 },
            metrics: Metrics {
                listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9464)),
                ports: vec![tcp(22), tcp(23), tcp(445)],
                sources_64: false,
            },
            geo: GeoFiles::default(),
            privacy: Privacy::default(),
        }
    }
}

impl Config {
    /// The exclude rules that may match at a point: their numbers and labels.
    pub fn excludes_of(&self, point: &str) -> impl Iterator<Item = (usize, String)> {
        let rules = self.excludes.iter().enumerate();
        rules
            .filter(move |(_, rule)| rule.is_for(point))
            .map(|(number, rule)| (number, rule.label(number)))
    }

    /// Reads a configuration file.
    ///
    /// # Errors
    ///
    /// Every mistake in it, by line; or why it cannot be read.
    pub fn load(file: &Path) -> Result<Self, Mistakes> {
        let whole = |line, wrong| Mistakes::new(vec![Mistake::new(file, line, "", wrong)]);
        let bytes = fs::read(file).map_err(|error| {
            let what = format!("cannot read the configuration: {error}");
            whole(None, Wrong::new(what, "a TOML file that can be read"))
        })?;
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            let before = &bytes[..error.valid_up_to()];
            let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
            whole(
                Some(line),
                Wrong::new("not UTF-8", "a TOML file, which is UTF-8"),
            )
        })?;
        Self::parse(file, text)
    }

    /// Reads a configuration that is already text; `file` names it, and is where its paths begin.
    ///
    /// # Errors
    ///
    /// Every mistake in it, by line.
    pub fn parse(file: &Path, text: &str) -> Result<Self, Mistakes> {
        let absolute = path::absolute(file).unwrap_or_else(|_| file.to_owned());
        let directory = absolute.parent().unwrap_or(Path::new("/"));
        let document = Document::new(file, text);
        let config = document.parse().map(|root| {
            document.read(root.get_ref(), |root| {
                read::config(root, &document, directory)
            })
        });
        document.finish(config)
    }
}
