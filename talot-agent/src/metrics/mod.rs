//! The Prometheus metrics, written from the figures.
//!
//! A point has at most 150 series, whatever arrives: 46 of accesses by port type, 10 of their
//! totals, 11 of sources and as many by /64, 21 of countries, 11 of backscatter, 3 of marks, 16 of
//! exclude rules, and 21 others.

mod page;
mod process;
mod published;
#[cfg(test)]
mod tests;

use jiff::tz::TimeZone;
use prometheus::{Registry, TextEncoder};
use talot_common::{port_type::Aim, words::Disposition};

pub use self::published::Published;
use self::{page::Page, process::Process};
use crate::{
    figures::{Figures, PointFigures, Series, Sources},
    records::{Bounds, DEFINITION, MARKS},
};

/// Port types whose exact totals, and whose sources, are shown.
const TOP: usize = 10;
const OTHER: &str = "other";

/// Every metric in the text format.
///
/// # Errors
///
/// If a metric is defined twice or wrongly.
pub fn render(figures: &Figures, zone: &TimeZone) -> prometheus::Result<String> {
    let registry = Registry::new();
    let page = Page(&registry);
    counts(&page, figures)?;
    day(&page, figures)?;
    state(&page, figures, zone)?;
    agent(&page, figures)?;
    TextEncoder::new().encode_to_string(&registry.gather())
}

/// What never falls.
fn counts(page: &Page<'_>, figures: &Figures) -> prometheus::Result<()> {
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
        "talot_marked_accesses_total",
        "Accesses by scanner's mark; a packet counts for each that it has",
        &["point", "mark"],
        points.iter().flat_map(|p| {
            let marks = MARKS.iter().zip(p.marked);
            marks.map(|(mark, packets)| ([name(p), (*mark).to_owned()], packets))
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
        "Packets by the exclude rule that they matched; other: rules behind the first 15 of a point",
        &["point", "rule"],
        points
            .iter()
            .flat_map(|p| series(p, &p.excluded()).collect::<Vec<_>>()),
    )
}

/// What begins anew at the point's midnight.
fn day(page: &Page<'_>, figures: &Figures) -> prometheus::Result<()> {
    let points = &figures.points;
    page.counters(
        "talot_accesses_total",
        "Accesses of today by port type; other: all port types without a series of their own",
        &["point", "port"],
        points.iter().flat_map(|p| series(p, p.ports.series())),
    )?;
    page.counters(
        "talot_country_accesses_total",
        "Accesses of today by country of the source; other: all countries without a series of \
         their own",
        &["point", "country"],
        points.iter().flat_map(|p| series(p, p.countries.series())),
    )?;
    page.counters(
        "talot_backscatter_packets_total",
        "Backscatter of today by the victim's port type; other: all without a series of their own",
        &["point", "port"],
        points
            .iter()
            .flat_map(|p| series(p, p.backscatter.series())),
    )?;
    let top: Vec<(&PointFigures, Vec<(Aim, u64)>)> = points.iter().map(|p| (p, top(p))).collect();
    page.gauges(
        "talot_accesses_today",
        "Accesses of today by port type, the ten with most: exact, whenever they rose; other: 0, while \
         there are none",
        &["point", "port"],
        top.iter().flat_map(|(p, top)| {
            let none = top.is_empty().then(|| ([name(p), OTHER.to_owned()], 0.0));
            let values = top.iter();
            values
                .map(|(aim, packets)| ([name(p), aim.to_string()], *packets as f64))
                .chain(none)
        }),
    )?;
    page.gauges(
        "talot_sources",
        "Distinct sources of today by port type, of the ten with most accesses; other: of all \
         other port types together",
        &["point", "port"],
        sources(&top, |sources| Some(sources.addresses)),
    )?;
    page.gauges(
        "talot_sources_64",
        "As talot_sources, with IPv6 by /64; where [metrics] sources_64 asks for it",
        &["point", "port"],
        sources(&top, |sources| sources.networks),
    )?;
    page.gauges(
        "talot_sources_estimated",
        "Whether talot_sources is an estimate, for want of memory ([drain] day_memory): 1 or 0",
        &["point"],
        points
            .iter()
            .map(|p| ([name(p)], flag(p.sources.is_estimate()))),
    )?;
    page.gauges(
        "talot_ports_folded",
        "Port types of today that are counted under other",
        &["point"],
        points.iter().map(|p| ([name(p)], p.ports.folded() as f64)),
    )
}

/// How it is with the points.
fn state(page: &Page<'_>, figures: &Figures, zone: &TimeZone) -> prometheus::Result<()> {
    let points = &figures.points;
    page.gauges(
        "talot_identity_difference",
        "Packets by which the identity of the counting is off: 0, always",
        &["point"],
        points
            .iter()
            .map(|p| ([name(p)], p.state.identity_difference as f64)),
    )?;
    page.gauges(
        "talot_attached",
        "Whether the program is attached, and how: 1 or 0",
        &["point", "xdp_mode"],
        points.iter().flat_map(|p| {
            ["native", "generic"].map(|mode| {
                let is_so = p.state.xdp_mode.as_deref() == Some(mode);
                ([name(p), mode.to_owned()], flag(is_so))
            })
        }),
    )?;
    page.gauges(
        "talot_coverage_ratio",
        "Share of today, up to the last drain, in which the point was watching",
        &["point"],
        points
            .iter()
            .map(|p| ([name(p)], coverage(p, figures.last_drain, zone))),
    )?;
    page.gauges(
        "talot_last_drain_timestamp_seconds",
        "When the last drain was that became durable, of this agent or one before; 0 if none was yet",
        &["point"],
        points
            .iter()
            .map(|p| ([name(p)], seconds(figures.last_drain))),
    )?;
    page.gauges(
        "talot_last_day_closed_timestamp_seconds",
        "When a day was last closed; 0 if none was yet",
        &["point"],
        points.iter().map(|p| ([name(p)], seconds(p.last_closed))),
    )
}

/// What is the same for all points.
fn agent(page: &Page<'_>, figures: &Figures) -> prometheus::Result<()> {
    let tables = &figures.tables;
    page.gauges(
        "talot_map_entries",
        "Keys in the fullest table since the last drain; a CPU has a table of its own, beyond \
         eight CPUs they share eight",
        &["map"],
        tables
            .iter()
            .map(|(map, fill)| ([map.clone()], fill.entries as f64)),
    )?;
    page.gauges(
        "talot_map_capacity",
        "Keys that each table is sized for ([kernel] keys, keys6): at three quarters of them a drain \
         is called for, and there is room for twice as many",
        &["map"],
        tables
            .iter()
            .map(|(map, fill)| ([map.clone()], fill.capacity as f64)),
    )?;
    page.counters(
        "talot_clock_steps_total",
        "How often the clock was set while the agent ran",
        &[],
        [([], figures.clock_steps)],
    )?;
    page.gauges(
        "talot_data_free_bytes",
        "Bytes that are free where the data directory lies",
        &[],
        [([], figures.data_free as f64)],
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
    page.register(figures.drain_seconds.clone())?;
    page.register(Process::this())
}

/// The port types with most accesses; while there are few, also such as have none.
fn top(point: &PointFigures) -> Vec<(Aim, u64)> {
    let mut top = point.ports.top(TOP);
    for aim in point.ports.series().own.keys() {
        if top.len() < TOP && top.iter().all(|(other, _)| other != aim) {
            top.push((*aim, 0));
        }
    }
    top
}

/// The values that have a series of their own, and `other`.
fn series<K: ToString>(
    point: &PointFigures,
    series: &Series<K>,
) -> impl Iterator<Item = ([String; 2], u64)> {
    let own = series.own.iter();
    own.map(|(value, packets)| (value.to_string(), *packets))
        .chain([(OTHER.to_owned(), series.other)])
        .map(|(value, packets)| ([name(point), value], packets))
}

/// One figure of the sources of the first port types, and of all others. An estimate is put where it
/// can be: each port type has a source, and no more than accesses.
fn sources(
    top: &[(&PointFigures, Vec<(Aim, u64)>)],
    figure: impl Fn(Sources) -> Option<u64> + Copy,
) -> impl Iterator<Item = ([String; 2], f64)> {
    top.iter().flat_map(move |(point, top)| {
        let possible = |sources: u64, port_types: u64, accesses: u64| {
            if point.sources.is_estimate() {
                sources.clamp(port_types.min(accesses), accesses)
            } else {
                sources
            }
        };
        let mut other = figure(point.sources.sum());
        let (mut port_types, mut accesses) = (point.ports.values(), point.ports.sum());
        let mut values = Vec::new();
        for (aim, packets) in top {
            if let Some(sources) = figure(point.sources.of(*aim)) {
                let has_any = u64::from(*packets > 0);
                let shown = possible(sources, has_any, *packets);
                values.push((aim.to_string(), shown));
                other = other.map(|other| other.saturating_sub(shown));
                port_types -= has_any;
                accesses -= packets;
            }
        }
        let other = other.map(|other| possible(other, port_types, accesses));
        values.extend(other.map(|other| (OTHER.to_owned(), other)));
        values
            .into_iter()
            .map(|(port, sources)| ([name(point), port], sources as f64))
    })
}

/// The share of the day, up to a moment, in which a point was watching; all of it at its first.
fn coverage(point: &PointFigures, until: Option<jiff::Timestamp>, zone: &TimeZone) -> f64 {
    let start = Bounds::of(point.state.day, zone).map(|day| day.start);
    let (Ok(start), Some(until)) = (start, until) else {
        return 0.0;
    };
    let passed = until.duration_since(start).as_secs_f64();
    if passed <= 0.0 {
        return 1.0;
    }
    (point.state.observed_seconds / passed).min(1.0)
}

fn name(point: &PointFigures) -> String {
    point.state.name.clone()
}

fn flag(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

fn seconds(moment: Option<jiff::Timestamp>) -> f64 {
    moment.map_or(0.0, |moment| moment.as_duration().as_secs_f64())
}
