use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use talot_common::{
    port_type::{Aim, Kind},
    words::{Class, Disposition},
};

use super::render;
use crate::{
    config::{Config, Metrics},
    figures::{
        Distinct, Figures,
        tests::{Lands, point, row},
    },
    kernel::Fill,
};

/// Values of the series of a metric.
fn values(page: &str, metric: &str) -> Vec<u64> {
    let samples = page.lines().filter(|line| {
        let rest = line.strip_prefix(metric);
        rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
    });
    let value = |line: &str| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap() as u64;
    samples.map(value).collect()
}

#[test]
fn a_point_has_at_most_150_series_whatever_arrives() {
    let metrics = Metrics {
        ports: (1..=40)
            .map(|number| Aim {
                kind: Kind::Sctp,
                number,
            })
            .collect(),
        sources_64: true,
        ..Config::default().metrics
    };
    let mut figures = point(&metrics);
    figures.total.dispositions[Disposition::Excluded as usize] = 256;
    figures.note_excluded((0..256).map(|rule| (rule.to_string(), 1)).collect());
    let [mut accesses, mut backscatter] = [0, 0];
    for round in 1..4 {
        for kind in [Kind::Tcp, Kind::Udp] {
            let rows = (0..=u16::MAX).flat_map(|port| {
                let number = u32::from(port) * round;
                let ipv4: IpAddr = Ipv4Addr::from(0xcb00_0000 | number).into();
                let ipv6: IpAddr =
                    Ipv6Addr::from(0x2001_0db8_u128 << 96 | u128::from(number)).into();
                let packets = u64::from(port) * u64::from(round) % 1000;
                [
                    row(Class::Access, kind, port, ipv4, packets),
                    row(Class::Access, kind, port, ipv6, 1),
                    row(Class::Backscatter, kind, port, ipv4, 2),
                ]
            });
            let rows: Vec<_> = rows.collect();
            for row in &rows {
                match row.key.class {
                    Class::Access => accesses += row.packets,
                    _ => backscatter += row.packets,
                }
            }
            figures.add_rows(rows.into_iter(), &Lands);
        }
    }
    figures.total.seen = 7;
    let mut figures = Figures::new(vec![figures]).unwrap();
    figures.tables = vec![("sources4".into(), Fill::default())];
    let page = render(&figures, &jiff::tz::TimeZone::UTC).unwrap();
    let series = page.lines().filter(|line| line.contains("point=\"p\""));
    assert!(series.clone().count() <= 150, "{}", series.count());
    assert_eq!(values(&page, "talot_seen_packets_total"), [7]);
    let sum = |metric| values(&page, metric).iter().sum::<u64>();
    assert_eq!(sum("talot_accesses_total"), accesses);
    assert_eq!(sum("talot_country_accesses_total"), accesses);
    assert_eq!(sum("talot_backscatter_packets_total"), backscatter);
    assert_eq!(sum("talot_excluded_packets_total"), 256);
    let shown = values(&page, "talot_accesses_total").len() as u64 - 1;
    let of_others = values(&page, "talot_ports_folded")[0] + shown - 40;
    assert_eq!(
        of_others,
        2 * 65_536,
        "folded, or shown beside those configured"
    );
    assert_eq!(values(&page, "talot_accesses_today").len(), 10);
    assert_eq!(values(&page, "talot_sources").len(), 11);
    // Port 0 and 65,536 others: by IPv4 each has a source of its own in each round.
    let by_64 = sum("talot_sources_64");
    assert!(
        by_64 < sum("talot_sources") && by_64 > 2 * 65_536,
        "{by_64}"
    );
}

#[test]
fn every_metric_is_there_before_anything_was_counted() {
    // Also where no port type is to have a series in any case.
    let metrics = Metrics {
        ports: Vec::new(),
        ..Config::default().metrics
    };
    let mut figures = Figures::new(vec![point(&metrics)]).unwrap();
    figures.tables = vec![("sources4".into(), Fill::default())];
    let page = render(&figures, &jiff::tz::TimeZone::UTC).unwrap();
    let contract = [
        ("talot_seen_packets_total", "counter"),
        ("talot_packets_total", "counter"),
        ("talot_accesses_total", "counter"),
        ("talot_accesses_today", "gauge"),
        ("talot_sources", "gauge"),
        ("talot_sources_estimated", "gauge"),
        ("talot_country_accesses_total", "counter"),
        ("talot_backscatter_packets_total", "counter"),
        ("talot_marked_accesses_total", "counter"),
        ("talot_excluded_packets_total", "counter"),
        ("talot_overflow_packets_total", "counter"),
        ("talot_conversations_forgotten_total", "counter"),
        ("talot_missed_packets_total", "counter"),
        ("talot_identity_difference", "gauge"),
        ("talot_ports_folded", "gauge"),
        ("talot_map_entries", "gauge"),
        ("talot_map_capacity", "gauge"),
        ("talot_drain_duration_seconds", "histogram"),
        ("talot_last_drain_timestamp_seconds", "gauge"),
        ("talot_last_day_closed_timestamp_seconds", "gauge"),
        ("talot_attached", "gauge"),
        ("talot_coverage_ratio", "gauge"),
        ("talot_clock_steps_total", "counter"),
        ("talot_data_free_bytes", "gauge"),
        ("talot_build_info", "gauge"),
    ];
    for (name, kind) in contract {
        assert!(page.contains(&format!("# TYPE {name} {kind}\n")), "{name}");
    }
    assert_eq!(
        page.matches("# TYPE talot_").count(),
        contract.len(),
        "{page}"
    );
    assert!(page.contains("# TYPE process_resident_memory_bytes gauge\n"));
}

#[test]
fn cpu_time_is_not_in_whole_seconds() {
    let page = render(&Figures::new(Vec::new()).unwrap(), &jiff::tz::TimeZone::UTC).unwrap();
    let line = page
        .lines()
        .find(|line| line.starts_with("process_cpu_seconds_total "));
    let (_, value) = line.unwrap().rsplit_once(' ').unwrap();
    let seconds: f64 = value.parse().unwrap();
    assert!(seconds > 0.0 && seconds.fract() != 0.0, "{seconds}");
}

#[test]
fn estimated_sources_are_no_more_than_accesses_and_no_fewer_than_port_types() {
    let metrics = Config::default().metrics;
    let mut figures = point(&metrics);
    figures.sources = Distinct::new(0, false);
    // Two sources at each port type, more than there is memory for.
    for source in [1, 2] {
        let rows = (0..=u16::MAX).map(|port| {
            let source: IpAddr = Ipv4Addr::from(0xcb00_7100 | source).into();
            row(Class::Access, Kind::Tcp, port, source, 1)
        });
        figures.add_rows(rows, &Lands);
    }
    assert!(figures.sources.is_estimate());
    let figures = Figures::new(vec![figures]).unwrap();
    let page = render(&figures, &jiff::tz::TimeZone::UTC).unwrap();
    let sources = values(&page, "talot_sources");
    let (other, top) = sources.split_last().unwrap();
    assert_eq!(top.len(), 10);
    assert!(
        top.iter().all(|sources| (1..=2).contains(sources)),
        "{top:?}"
    );
    assert!((65_526..=131_052).contains(other), "{other}");
}
