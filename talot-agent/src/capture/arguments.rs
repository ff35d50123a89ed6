//! What `talot-agent read` is asked for, and which points it is for.

use std::{error::Error, fmt, path::PathBuf};

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::config::{
    Config, Mode, PointConfig, Prefix, Verdict, XdpChoice, point_name_flag, prefix_flag,
};

/// The command line of `talot-agent read`.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// pcap or pcapng files, plain or gzip; read in the order of their first packets
    #[arg(required = true, value_name = "CAPTURE")]
    pub captures: Vec<PathBuf>,
    /// The configuration: the points, their addresses, the time zone, the data directory
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// An address or network of the point, instead of a configuration; may be repeated
    #[arg(
        long = "address",
        value_name = "PREFIX",
        value_parser = prefix_flag,
        conflicts_with = "config"
    )]
    pub addresses: Vec<Prefix>,
    /// Without a configuration: whether a host answers on the addresses
    #[arg(long, value_enum, default_value_t = ModeFlag::Live, conflicts_with = "config")]
    pub mode: ModeFlag,
    /// The point, of several interfaces'; without a configuration its name, else `capture`
    #[arg(long, value_name = "NAME", value_parser = point_name_flag)]
    pub point: Option<String>,
    /// Where the records go, instead of the configuration's data_dir
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Also run each packet through the kernel's program, as for a dark point (it keeps no
    /// conversations from a capture), and compare; needs root
    #[arg(long)]
    pub kernel: bool,
}

/// `--mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModeFlag {
    /// A host answers: replies to its own traffic are solicited
    Live,
    /// Nobody answers: nothing is solicited
    Dark,
}

/// Wrong usage: what was asked for does not make sense.
#[derive(Debug)]
pub struct Usage(String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Usage {}

pub(super) fn usage(message: impl Into<String>) -> anyhow::Error {
    Usage(message.into()).into()
}

impl Arguments {
    /// The configuration that holds for the captures; its points are on one interface and have
    /// addresses.
    pub(super) fn configuration(&self) -> Result<Config> {
        let mut config = match &self.config {
            Some(file) => {
                let mut config = Config::load(file)?;
                config.points = choose(config.points, self.point.as_deref())?;
                config
            }
            None if self.addresses.is_empty() => {
                return Err(usage(
                    "a capture does not say whose packets it holds: give a configuration whose \
                     points name their addresses (--config FILE), or the addresses themselves \
                     (--address PREFIX)",
                ));
            }
            None => Config {
                points: vec![self.own_point()],
                ..Config::default()
            },
        };
        if let Some(data_dir) = &self.data_dir {
            config.data_dir = std::path::absolute(data_dir)?;
        }
        Ok(config)
    }

    fn own_point(&self) -> PointConfig {
        const NAME: &str = "capture";
        PointConfig {
            name: self.point.clone().unwrap_or_else(|| NAME.to_owned()),
            interface: NAME.to_owned(),
            addresses: Some(self.addresses.clone()),
            mode: match self.mode {
                ModeFlag::Live => Mode::Live,
                ModeFlag::Dark => Mode::Dark,
            },
            xdp: XdpChoice::Auto,
            verdict: Verdict::Pass,
        }
    }
}

/// The points of the interface that the captures are of: the only one, or that of the named point.
fn choose(points: Vec<PointConfig>, name: Option<&str>) -> Result<Vec<PointConfig>> {
    let names = |points: &[PointConfig]| {
        let names: Vec<&str> = points.iter().map(|point| point.name.as_str()).collect();
        names.join(", ")
    };
    let chosen = match name {
        None => points.first().ok_or_else(|| {
            usage(
                "the configuration has no [[point]]: a capture does not say whose packets it \
                 holds, so name a point and its addresses",
            )
        })?,
        Some(name) => points
            .iter()
            .find(|point| point.name == name)
            .ok_or_else(|| {
                let names = names(&points);
                usage(format!("there is no point {name:?}; there are {names}"))
            })?,
    };
    let interface = chosen.interface.clone();
    if name.is_none() && points.iter().any(|point| point.interface != interface) {
        let names = names(&points);
        return Err(usage(format!(
            "the points {names} are on several interfaces, and a capture does not say which it is \
             of: choose one with --point NAME"
        )));
    }
    let points: Vec<PointConfig> = points
        .into_iter()
        .filter(|point| point.interface == interface)
        .collect();
    match points.iter().find(|point| point.addresses.is_none()) {
        None => Ok(points),
        Some(point) => Err(usage(format!(
            "point {}: a capture does not say which addresses the interface {interface} had: name \
             them (addresses = […] in its [[point]])",
            point.name
        ))),
    }
}
