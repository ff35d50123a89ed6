//! What the sensor says of itself.

use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::SignedDuration;
use talot_common::words::Disposition;

use super::{Sensor, drains::Pending, lock};
use crate::{
    clock,
    config::PointConfig,
    figures::{PointFigures, PointState},
    metrics::{self, Published},
    privacy::SourcesForm,
    status::{PointStatus, Status},
};

/// How late a drain may be, beyond three intervals.
const PATIENCE: Duration = Duration::from_secs(30);

impl Sensor {
    pub(super) fn status(&self) -> Status {
        let figures = lock(&self.figures);
        let point = |(slot, point): (usize, &PointFigures)| {
            let top = point.ports.top(5);
            PointStatus {
                state: point.state.clone(),
                in_kernel: self.in_kernel(slot as u8),
                top: top
                    .into_iter()
                    .map(|(aim, n)| (aim.to_string(), n))
                    .collect(),
            }
        };
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            since: self.since,
            last_drain: figures.last_drain,
            trouble: [&figures.trouble, &figures.closing_trouble]
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
            tables: figures.tables.clone(),
            databases: self.geo.described(),
            sources_form: self.sources.name(),
            points: figures.points.iter().enumerate().map(point).collect(),
        }
    }

    /// Shows how it is now, if it is time. What is on a page is what the next agent goes on with.
    pub(super) fn publish(&self, published: &Published) -> Result<()> {
        if published.is_due() {
            published.replace(self.page()?, self.troubles());
            if lock(&self.figures).note_seen() {
                self.keep_figures();
            }
        }
        Ok(())
    }

    fn page(&self) -> Result<String> {
        let zone = &self.config.timezone.zone;
        metrics::render(&lock(&self.figures), zone).context("writing the metrics")
    }

    /// What keeps it from doing its work.
    fn troubles(&self) -> Vec<String> {
        let figures = lock(&self.figures);
        let points = figures.points.iter().map(|point| &point.state);
        let mut troubles: Vec<String> = points
            .filter(|state| state.xdp_mode.is_none())
            .map(|state| format!("{} is not attached to {}", state.name, state.interface))
            .collect();
        troubles.extend(figures.trouble.clone());
        let interval = self.config.drain.interval;
        let age = clock::now().duration_since(self.drained_until);
        if age > SignedDuration::try_from(3 * interval + PATIENCE).unwrap_or(SignedDuration::MAX) {
            troubles.push(format!("the last drain was {} s ago", age.as_secs()));
        }
        troubles
    }

    /// Packets of a point that only the kernel has: the drain that is not durable yet among them.
    fn in_kernel(&self, slot: u8) -> u64 {
        let pending = self.pending.as_ref().and_then(Pending::epoch);
        let counters = self.kernel.counters();
        let epochs = [Some(counters.epoch()), pending];
        epochs
            .into_iter()
            .flatten()
            .map(|epoch| counters.holding(epoch, slot).seen)
            .sum()
    }

    /// What is watched and how, in one short block.
    pub(super) fn introduction(&self, keep: bool) -> String {
        let mut lines = vec![format!(
            "talot-agent {} is watching {} point(s); days end at midnight {}",
            env!("CARGO_PKG_VERSION"),
            self.points.len(),
            self.config.timezone.name
        )];
        for point in &self.points {
            let PointConfig {
                name,
                interface,
                mode,
                ..
            } = &point.config;
            lines.push(format!(
                "  {name}: {} point on {interface}, {} XDP, addresses {}",
                mode.name(),
                point.xdp_mode,
                point.addresses_text()
            ));
        }
        for (name, hook) in &self.hooks {
            if let Some(why) = &hook.attachment.why_generic {
                lines.push(format!(
                    "  {name} runs in generic mode ({why}): packets are counted after the kernel has \
                     taken them in, more slowly, and several that the interface merged count as one"
                ));
            }
        }
        lines.push(format!("  {}", self.geo.described().join("; ")));
        if !matches!(*self.sources, SourcesForm::Plain) {
            lines.push(format!("  sources are written as {}", self.sources.name()));
        }
        lines.push(format!(
            "  records  {}",
            self.config.data_dir.join("records").display()
        ));
        lines.push(format!(
            "  metrics  http://{}/metrics",
            self.config.metrics.listen
        ));
        let end = if keep {
            "drains and writes; the kernel goes on counting"
        } else {
            "drains, writes and detaches"
        };
        lines.push(format!("  Ctrl-C {end}"));
        lines.join("\n")
    }

    /// What was counted, when the agent stops.
    pub(super) fn summary(&self) -> String {
        let mut summary = String::new();
        for point in &lock(&self.figures).points {
            let PointState {
                name,
                day,
                today,
                identity_difference,
                ..
            } = &point.state;
            summary += &format!(
                "{name}: {} packets seen on {day}, of them {} accesses; identity difference \
                 {identity_difference}\n",
                today.seen,
                today.of(Disposition::Access)
            );
        }
        summary
    }
}
