//! The programs without an interface: the kernel runs them on a packet handed to it
//! (BPF_PROG_TEST_RUN), and what they made of it is read from their maps.

use std::{collections::BTreeMap, net::IpAddr};

use anyhow::{Context as _, Result, ensure};
use aya::programs::{SchedClassifier, TestRun as _, TestRunOptions, Xdp};
use jiff::{civil::Date, tz::TimeZone};
use talot_common::{
    key::Subject,
    layout::{DAYS, Watch},
    packet::Link,
    words::Disposition,
};

use super::{Capacity, Counts, Kernel, program};
use crate::{
    clock::Tai,
    config::{Config, Exclude, PointConfig},
    interface::Interface,
    plan::{self, Window},
};

/// A packet in a test run comes from, and a socket buffer leaves by, the loopback device of the
/// network namespace; its index is 1 in each (`net/bpf/test_run.c`, `LOOPBACK_IFINDEX`).
const LOOPBACK: u32 = 1;

/// Shorter frames the kernel refuses to run (`ETH_HLEN`).
pub const SHORTEST_FRAME: usize = 14;

/// The loaded programs, attached to nothing.
pub struct TestRun {
    kernel: Kernel,
}

/// What the programs made of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What became of it.
    pub disposition: Disposition,
    /// What an unsolicited packet was counted as, and its source; no source if that found no room.
    /// The day is always 0.
    pub counted: Option<(Subject, Option<IpAddr>)>,
}

impl TestRun {
    /// Loads the programs and has them watch all points, whose addresses must be configured, on one
    /// Ethernet device, with these exclude rules. Idle times are the default ones, by the clock of this machine.
    ///
    /// # Errors
    ///
    /// If a point has no addresses, or as [`Kernel::load`].
    pub fn new(points: &[PointConfig], rules: &[Exclude]) -> Result<Self> {
        let watch = watch(points)?;
        // A packet has one key, and is read before the next one comes.
        let capacity = Capacity::new(1, 1);
        let names: Vec<&str> = points.iter().map(|point| point.name.as_str()).collect();
        let mut kernel = Kernel::load(capacity, &names, rules)?;
        kernel.watch(watch)?;
        Ok(Self { kernel })
    }

    /// A packet arrives; what became of it.
    ///
    /// # Errors
    ///
    /// If the frame is shorter than [`SHORTEST_FRAME`], or longer than the kernel runs, or was not
    /// counted exactly once.
    pub fn decide(&mut self, frame: &[u8]) -> Result<Outcome> {
        let xdp: &mut Xdp = program(&mut self.kernel.ebpf, "talot_xdp")?;
        xdp.test_run(data(frame)).with_context(|| failed(frame))?;
        // No program runs between two calls, so the epoch need not end to be read.
        let epoch = self.kernel.counters().epoch();
        let counts = self.kernel.read(epoch)?;
        self.kernel.clear(epoch);
        outcome(&counts).with_context(|| format!("running the XDP program on {frame:02x?}"))
    }

    /// The host sends a packet.
    ///
    /// # Errors
    ///
    /// If the frame has no more than [`SHORTEST_FRAME`] bytes, or more than the kernel runs.
    pub fn host_sends(&mut self, frame: &[u8]) -> Result<()> {
        let egress: &mut SchedClassifier = program(&mut self.kernel.ebpf, "talot_egress")?;
        egress
            .test_run(data(frame))
            .with_context(|| failed(frame))?;
        Ok(())
    }
}

impl Kernel {
    /// The XDP program as it is attached, for measuring it.
    ///
    /// # Errors
    ///
    /// If the object has none.
    pub fn xdp(&mut self) -> Result<&mut Xdp> {
        program(&mut self.ebpf, "talot_xdp")
    }

    /// The egress program as it is attached, for measuring with it.
    ///
    /// # Errors
    ///
    /// If the object has none.
    pub fn egress(&mut self) -> Result<&mut SchedClassifier> {
        program(&mut self.ebpf, "talot_egress")
    }
}

fn data(frame: &[u8]) -> TestRunOptions<'_> {
    TestRunOptions {
        data_in: Some(frame),
        ..TestRunOptions::default()
    }
}

fn failed(frame: &[u8]) -> String {
    let length = frame.len();
    format!("BPF_PROG_TEST_RUN of a frame of {length} bytes ({SHORTEST_FRAME} at least)")
}

fn watch(points: &[PointConfig]) -> Result<Watch> {
    const NAME: &str = "lo";
    for point in points {
        ensure!(
            point.addresses.is_some(),
            "point {}: a test run has no interface whose addresses it could watch: give the point \
             `addresses`",
            point.name
        );
    }
    let points: Vec<PointConfig> = points
        .iter()
        .cloned()
        .map(|point| PointConfig {
            interface: NAME.into(),
            ..point
        })
        .collect();
    let device = Interface {
        index: LOOPBACK,
        link: Some(Link::Ethernet),
        ..Interface::default()
    };
    let devices = BTreeMap::from([(NAME.to_owned(), device)]);
    let window = Window {
        first: Date::constant(1970, 1, 1),
        waiting: false,
        tai: Tai::default(),
    };
    let watch = plan::plan(
        &points,
        &plan::addresses(&points, &devices),
        &devices,
        &Config::default().solicited,
        window,
        &TimeZone::UTC,
    )?;
    // All days are one, so that the outcome does not depend on when the test runs.
    Ok(Watch {
        day_ends: [u64::MAX; DAYS - 1],
        ..watch
    })
}

/// What the counts of one packet say.
fn outcome(counts: &Counts) -> Result<Outcome> {
    let mut dispositions = Vec::new();
    for (_, _, tally) in &counts.tallies {
        for (disposition, packets) in Disposition::ALL.into_iter().zip(tally.dispositions) {
            if packets > 0 {
                dispositions.push((disposition, packets));
            }
        }
    }
    let keyed = counts
        .keyed
        .iter()
        .map(|key| (key.subject, Some(key.source), key.packets));
    let overflow = counts
        .overflow
        .iter()
        .map(|(subject, packets)| (*subject, None, *packets));
    let counted: Vec<_> = keyed.chain(overflow).collect();
    let seen: u64 = counts.tallies.iter().map(|(.., tally)| tally.seen).sum();
    match (seen, dispositions.as_slice(), counted.as_slice()) {
        (1, &[(disposition, 1)], &[]) if !disposition.is_unsolicited() => Ok(Outcome {
            disposition,
            counted: None,
        }),
        (1, &[(disposition, 1)], &[(subject, source, 1)])
            if disposition == subject.class.disposition() =>
        {
            Ok(Outcome {
                disposition,
                counted: Some((subject, source)),
            })
        }
        _ => anyhow::bail!(
            "one packet was not counted exactly once: seen {seen}, {dispositions:?}, {counted:?}"
        ),
    }
}
