//! The identity of the contract's section 2, and what follows from it for the records.

use crate::{
    metrics::Metrics,
    records::{Coverage, Port, Source},
};

/// Checks the identity of every point and day, and that the three tables agree with one another.
///
/// # Panics
/// When they do not.
pub fn check(sources: &[Source], ports: &[Port], coverage: &[Coverage]) {
    assert!(!coverage.is_empty(), "there is no coverage record");
    for record in coverage {
        let name = format!("{} {}", record.date, record.point);
        let dispositions: i64 = record.dispositions().values().sum();
        assert_eq!(record.seen, dispositions, "{name}: seen: {record:?}");
        let here = |date: &str, point: &str| date == record.date && point == record.point;
        let ports = ports.iter().filter(|port| here(&port.date, &port.point));
        let (packets, overflow) = ports.fold((0, 0), |(packets, overflow), port| {
            (packets + port.packets, overflow + port.overflow_packets)
        });
        assert_eq!(
            packets,
            record.unsolicited(),
            "{name}: sum of ports.packets"
        );
        assert_eq!(
            overflow, record.overflow,
            "{name}: sum of ports.overflow_packets"
        );
        let sources = sources.iter().filter(|row| here(&row.date, &row.point));
        let keyed: i64 = sources.map(|row| row.packets).sum();
        let with_source = record.unsolicited() - record.overflow;
        assert_eq!(keyed, with_source, "{name}: sum of sources.packets");
        assert_eq!(
            record.sources_lower_bound,
            record.overflow > 0,
            "{name}: lower bound"
        );
    }
}

/// Checks the identity as the metrics show it.
///
/// # Panics
/// When it does not hold, or is not shown.
pub fn check_metrics(metrics: &Metrics) {
    let differences = metrics.values("talot_identity_difference", &[]);
    assert!(
        !differences.is_empty(),
        "talot_identity_difference is missing"
    );
    assert!(differences.iter().all(|it| *it == 0.0), "{differences:?}");
    let seen = metrics.sum("talot_seen_packets_total", &[]);
    assert_eq!(
        seen,
        metrics.sum("talot_packets_total", &[]),
        "seen against dispositions"
    );
}
