//! The kernel's program beside user space: the same packets, and what each makes of them.

use std::net::IpAddr;

use anyhow::{Context as _, Result};
use talot_common::{
    key::Subject,
    packet::{Frame, Network},
    words::Disposition,
};

use super::{
    judge::{Judge, Judgement, Source},
    link::LinkType,
    reader::Record,
};
use crate::{
    config::{Config, Mode, PointConfig},
    kernel::test_run::{SHORTEST_FRAME, TestRun},
};

/// What became of a packet, as both can say it.
type Outcome = (Disposition, Option<(Subject, Option<IpAddr>)>);

/// Compares packet by packet, as a dark point would count them: the program knows no conversations
/// of a capture.
pub(super) struct Comparison {
    program: TestRun,
    judge: Judge,
    compared: u64,
    left_out: u64,
    differences: u64,
}

impl Comparison {
    /// Loads the program.
    pub(super) fn new(config: &Config) -> Result<Self> {
        let points: Vec<PointConfig> = config
            .points
            .iter()
            .cloned()
            .map(|point| PointConfig {
                mode: Mode::Dark,
                ..point
            })
            .collect();
        Ok(Self {
            program: TestRun::new(&points, &config.excludes)
                .context("loading the program for --kernel")?,
            judge: Judge::new(&points, &config.excludes, &config.solicited),
            compared: 0,
            left_out: 0,
            differences: 0,
        })
    }

    /// Runs one packet. What differs is printed.
    pub(super) fn run(&mut self, name: &str, record: &Record<'_>) -> Result<()> {
        let expected = match self.judge.judge(record) {
            Judgement::Leaving => return Ok(()),
            Judgement::Seen(_, disposition) => (disposition, None),
            Judgement::Unsolicited(subject, source) => {
                let source = match source {
                    Source::V4(source) => source.into(),
                    Source::V6(source) => source.into(),
                };
                let disposition = subject.class.disposition();
                (disposition, Some((subject, Some(source))))
            }
        };
        let Some(frame) = ethernet(record) else {
            self.left_out += 1;
            return Ok(());
        };
        let outcome = self
            .program
            .decide(&frame)
            .with_context(|| format!("packet {} of {name}", record.number))?;
        let found: Outcome = (outcome.disposition, outcome.counted);
        self.compared += 1;
        if found != expected {
            self.differences += 1;
            println!(
                "packet {} of {name}: the kernel says {found:?}, user space {expected:?}",
                record.number
            );
        }
        Ok(())
    }

    /// What it has come to, and by how many packets the two differ.
    pub(super) fn end(self) -> (String, u64) {
        let Self {
            compared,
            left_out,
            differences,
            ..
        } = self;
        let text = format!(
            "the kernel's program: {compared} packets compared, {differences} differ; {left_out} \
             left out (captured in part, or shorter than {SHORTEST_FRAME} bytes)"
        );
        (text, differences)
    }
}

/// The packet as an Ethernet frame; none if it is not whole, or too short to be one.
fn ethernet(record: &Record<'_>) -> Option<Vec<u8>> {
    const HEADER: &[u8] = &[0; 12];
    let Frame { bytes, length } = record.frame;
    if bytes.len() < length {
        return None;
    }
    let frame = match (record.link, record.link.network(&record.frame)) {
        (LinkType::Ethernet, _) => bytes.to_vec(),
        (_, Network::V4(offset)) => [HEADER, &[0x08, 0x00], bytes.get(offset..)?].concat(),
        (_, Network::V6(offset)) => [HEADER, &[0x86, 0xdd], bytes.get(offset..)?].concat(),
        (_, Network::Other) => return None,
    };
    (frame.len() >= SHORTEST_FRAME).then_some(frame)
}
