//! What all competitors see: the packets, and the point that they reach.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, Result, anyhow};
use talot_agent::{
    calendar,
    clock::{self, Tai},
    config::Config,
    interface::Interface,
    plan,
};
use talot_common::{layout::Watch, packet::Link};
use talot_tests::{
    bench::{report::Verdict, trace},
    lab::INTERFACE,
    packet::{Ends, flag, frame, tcp, udp},
};

/// Name of the point.
pub(crate) const POINT: &str = "bench";
/// Every namespace's loopback device, from which packets of a test run come
/// (`net/bpf/test_run.c`).
pub(crate) const LOOPBACK: u32 = 1;
/// Sizes of the tables of the family that is not measured.
pub(crate) const FEW: u32 = 1024;

/// What the packets are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packet {
    Syn4,
    Udp4,
    Syn6,
}

impl Packet {
    /// IP version.
    pub(crate) const fn family(self) -> u8 {
        match self {
            Self::Syn4 | Self::Udp4 => 4,
            Self::Syn6 => 6,
        }
    }

    /// The name in the rows.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Syn4 | Self::Syn6 => "tcp-syn",
            Self::Udp4 => "udp",
        }
    }

    /// The frame whose source and port are rewritten.
    pub(crate) fn frame(self) -> Vec<u8> {
        let ends4 = || Ends::new("192.0.2.2", "198.51.100.7");
        frame(&match self {
            Self::Syn4 => tcp(ends4(), 40_000, 23, flag::SYN),
            Self::Udp4 => udp(ends4(), 40_000, 53, b"0123456789ab"),
            Self::Syn6 => {
                let ends = Ends::new("2001:db8:dead::1", "2001:db8:51::7");
                tcp(ends, 40_000, 23, flag::SYN)
            }
        })
    }

    /// An entry of the trace for the key of this number: what replaces the frame's own bytes.
    pub(crate) fn entry(self, frame: &[u8], number: u32) -> u64 {
        let (source, port) = trace::key(number);
        let checksum = match self.family() {
            4 => ipv4_checksum(&frame[14..34], source),
            _ => 0,
        };
        let source = u32::from_ne_bytes(source.to_be_bytes());
        let port = u16::from_ne_bytes(port.to_be_bytes());
        let checksum = u16::from_ne_bytes(checksum.to_be_bytes());
        u64::from(source) | u64::from(port) << 32 | u64::from(checksum) << 48
    }
}

/// The checksum (RFC 1071) that an IPv4 header has with another source.
fn ipv4_checksum(header: &[u8], source: u32) -> u16 {
    let words = header
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    // Words 5 to 7 are the checksum itself and the source.
    let others = words.enumerate().filter(|(word, _)| !(5..8).contains(word));
    let mut sum: u32 = others.map(|(_, word)| u32::from(word)).sum();
    sum += (source >> 16) + (source & 0xffff);
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// How the point that is watched is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    /// Index of the interface.
    pub(crate) interface: u32,
    pub(crate) verdict: Verdict,
    /// A live point instead of a dark one.
    pub(crate) live: bool,
    /// Exclude rules, none of which matches.
    pub(crate) rules: u32,
}

impl Setting {
    /// A dark point, for test runs.
    pub(crate) const DARK: Self = Self {
        interface: LOOPBACK,
        verdict: Verdict::Pass,
        live: false,
        rules: 0,
    };

    /// The configuration as a file has it: a /16 and a /48 on an interface of this name.
    pub(crate) fn text(&self, interface: &str) -> String {
        let mode = if self.live { "live" } else { "dark" };
        let mut text = format!(
            "[[point]]\nname = \"{POINT}\"\ninterface = \"{interface}\"\n\
             addresses = [\"198.51.0.0/16\", \"2001:db8:51::/48\"]\nmode = \"{mode}\"\n"
        );
        if self.verdict == Verdict::Drop {
            text += "verdict = \"drop\"\n";
        }
        for rule in 0..self.rules {
            let [high, low] = (rule as u16).to_be_bytes();
            text += &format!(
                "[[exclude]]\nsource = \"203.{high}.113.{low}\"\nport = {}\nprotocol = \"tcp\"\n",
                20_000 + rule
            );
        }
        text
    }

    /// The configuration.
    pub(crate) fn config(&self) -> Result<Config> {
        let file = Path::new("the bench's configuration");
        Config::parse(file, &self.text(INTERFACE)).map_err(|mistakes| anyhow!("{mistakes}"))
    }

    /// Whether the agent can do that.
    pub(crate) fn is_possible(&self) -> bool {
        self.config().is_ok()
    }

    /// What the programs are told.
    pub(crate) fn watch(&self) -> Result<Watch> {
        let config = self.config()?;
        let device = Interface {
            index: self.interface,
            link: Some(Link::Ethernet),
            ..Interface::default()
        };
        let devices = BTreeMap::from([(INTERFACE.to_owned(), device)]);
        let zone = &config.timezone.zone;
        let window = plan::Window {
            first: calendar::date_at(clock::now(), zone),
            waiting: false,
            tai: Tai::now().context("asking for the TAI offset")?,
        };
        plan::plan(
            &config.points,
            &plan::addresses(&config.points, &devices),
            &devices,
            &config.solicited,
            window,
            zone,
        )
    }
}
