//! The Prometheus metrics of CONTRACT's names, written from the figures at each scrape.

use std::{collections::BTreeMap, time::Duration};

use prometheus::{CounterVec, GaugeVec, Opts, Registry, TextEncoder, core::Collector};
use talot_common::words::Disposition;

use crate::{
    figures::{Figures, PointFigures},
    records::DEFINITION,
    shown::Shown,
};

/// Every metric in the text format.
///
/// # Errors
///
/// If a metric is defined twice or wrongly.
pub fn render(
    figures: &Figures,
    day_length: impl Fn(&PointFigures) -> Duration,
    data_free_bytes: u64,
) -> prometheus::Result<String> {
    let registry = Registry::new();
    let page = Page(&registry);
    let points = &figures.points;

    page.counters(
        "talot_seen_packets_total",
        "Packets that the hook saw",
        &["point"],
        points.iter().map(|p| ([name(p)], p.total.seen)),
    )?;
    page.counters(
        "talot_packets_total",
        "Packets by what became of them",
        &["point", "disposition"],
        points.iter().flat_map(|p| {
            Disposition::ALL.map(|d| ([name(p), d.name().to_owned()], p.total.of(d)))
        }),
    )?;
    page.counters(
        "talot_accesses_total",
        "Unsolicited accesses by port type; other: all port types without a series of their own",
        &["point", "port"],
        points.iter().flat_map(|p| {
            let values = with_other(&p.ports);
            values.map(|(port, packets)| ([name(p), port], packets))
        }),
    )?;
    page.counters(
        "talot_country_accesses_total",
        "Unsolicited accesses by country of the source; other: all countries without a series of \
         their own",
        &["point", "country"],
        points.iter().flat_map(|p| {
            let values = with_other(&p.countries);
            values.map(|(country, packets)| ([name(p), country], packets))
        }),
    )?;
    page.counters(
        "talot_overflow_packets_total",
        "Unsolicited packets whose source found no room",
        &["point"],
        points.iter().map(|p| ([name(p)], p.total.overflow)),
    )?;
    page.counters(
        "talot_missed_packets_total",
        "Packets that the interface dropped before the hook",
        &["point"],
        points.iter().map(|p| ([name(p)], p.total.missed)),
    )?;
    page.counters(
        "talot_conversations_forgotten_total",
        "Conversations that had to make room before their idle time was over",
        &["point"],
        points
            .iter()
            .map(|p| ([name(p)], p.total.conversations_forgotten)),
    )?;
    page.counters(
        "talot_excluded_packets_total",
        "Packets by the exclude rule that they matched",
        &["point", "rule"],
        points.iter().flat_map(|p| {
            let rules = p.state.excluded.iter();
            rules.map(|(rule, packets)| ([name(p), rule.clone()], *packets))
        }),
    )?;
    page.gauges(
        "talot_identity_difference",
        "Packets by which the identity of the counting is off: 0, always",
        &["point"],
        points
            .iter()
            .map(|p| ([name(p)], p.state.identity_difference as f64)),
    )?;
    page.gauges(
        "talot_ports_folded",
        "Port types of today that are counted under other",
        &["point"],
        points.iter().map(|p| {
            let folded = p
                .accesses
                .keys()
                .filter(|aim| !p.ports.packets.contains_key(*aim));
            ([name(p)], folded.count() as f64)
        }),
    )?;
    page.gauges(
        "talot_attached",
        "Whether the program is attached, and how: 1 or 0",
        &["point", "xdp_mode"],
        points.iter().flat_map(|p| {
            ["native", "generic"].map(|mode| {
                let is_so = p.state.xdp_mode.as_deref() == Some(mode);
                ([name(p), mode.to_owned()], f64::from(u8::from(is_so)))
            })
        }),
    )?;
    page.gauges(
        "talot_coverage_ratio",
        "Share of today so far in which the point was watching",
        &["point"],
        points.iter().map(|p| {
            let passed = day_length(p).as_secs_f64().max(1.0);
            ([name(p)], (p.state.observed_seconds / passed).min(1.0))
        }),
    )?;
    page.gauges(
        "talot_last_drain_timestamp_seconds",
        "When the kernel's tables were last drained",
        &["point"],
        points
            .iter()
            .map(|p| ([name(p)], seconds(figures.last_drain))),
    )?;
    page.gauges(
        "talot_last_day_closed_timestamp_seconds",
        "When a day was last closed; 0 if none was since the agent began",
        &["point"],
        points.iter().map(|p| ([name(p)], seconds(p.last_closed))),
    )?;
    let tables = &figures.tables;
    page.gauges(
        "talot_map_entries",
        "Keys in the tables of all CPUs since the last drain",
        &["map"],
        tables
            .iter()
            .map(|(map, fill)| ([map.clone()], fill.entries as f64)),
    )?;
    page.gauges(
        "talot_map_capacity",
        "Keys that the tables of all CPUs are sure to hold; there is room for twice as many, and a CPU at three quarters of its own share calls for a drain",
        &["map"],
        tables
            .iter()
            .map(|(map, fill)| ([map.clone()], fill.capacity as f64)),
    )?;
    page.gauges(
        "talot_data_free_bytes",
        "Room that is left on the file system of the data directory; 0 if it cannot be asked",
        &[],
        [([], data_free_bytes as f64)],
    )?;
    page.gauges(
        "talot_build_info",
        "Version of the agent, and of the definition of its counting",
        &["version", "definition"],
        [(
            [env!("CARGO_PKG_VERSION").to_owned(), DEFINITION.to_string()],
            1.0,
        )],
    )?;
    registry.register(Box::new(figures.drain_seconds.clone()))?;
    TextEncoder::new().encode_to_string(&registry.gather())
}

/// The values that have a series of their own, and `other`.
fn with_other<K: ToString>(shown: &Shown<K>) -> impl Iterator<Item = (String, u64)> {
    let values = shown.packets.iter();
    values
        .map(|(value, packets)| (value.to_string(), *packets))
        .chain([("other".to_owned(), shown.other)])
}

fn name(point: &PointFigures) -> String {
    point.state.name.clone()
}

fn seconds(moment: Option<jiff::Timestamp>) -> f64 {
    moment.map_or(0.0, |moment| moment.as_duration().as_secs_f64())
}

struct Page<'a>(&'a Registry);

impl Page<'_> {
    fn counters<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: &[&str; N],
        values: impl IntoIterator<Item = ([String; N], u64)>,
    ) -> prometheus::Result<()> {
        let family = CounterVec::new(Opts::new(name, help), labels)?;
        for (values, packets) in values {
            family.with_label_values(&values).inc_by(packets as f64);
        }
        self.register(family)
    }

    fn gauges<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: &[&str; N],
        values: impl IntoIterator<Item = ([String; N], f64)>,
    ) -> prometheus::Result<()> {
        let family = GaugeVec::new(Opts::new(name, help), labels)?;
        for (values, value) in values {
            family.with_label_values(&values).set(value);
        }
        self.register(family)
    }

    fn register(&self, family: impl Collector + 'static) -> prometheus::Result<()> {
        self.0.register(Box::new(family))
    }
}

/// Accesses by port type, most first.
pub fn ranked(accesses: &BTreeMap<talot_common::port_type::Aim, u64>) -> Vec<(String, u64)> {
    let mut ranked: Vec<_> = accesses.iter().collect();
    ranked.sort_by_key(|(aim, packets)| (std::cmp::Reverse(**packets), **aim));
    ranked
        .into_iter()
        .map(|(aim, packets)| (aim.to_string(), *packets))
        .collect()
}
