//! The coverage record: how a point was observed on a day, and what the rest adds up to.

use std::sync::Arc;

use anyhow::{Result, ensure};
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use jiff::{Timestamp, civil::Date};

use super::{
    Bounds, DEFINITION, Manner, Table, count, day::to_date32, maintenance::Maintenance, schema::UTC,
};
use crate::journal::{Merged, Observation, Watched};

/// What a closed day's coverage says beyond an open one's.
pub(super) struct Closing {
    /// SHA-256 of the file of sources, in hex; none if they are not written.
    pub(super) sources_sha256: Option<String>,
    /// SHA-256 of the file of ports, in hex.
    pub(super) ports_sha256: String,
    /// When the day was closed.
    pub(super) closed_at: Timestamp,
}

/// The table of one point and day; without `closing` that of the open day.
pub(super) fn batch(
    day: Date,
    point: &str,
    bounds: Bounds,
    merged: &Merged,
    manner: Manner<'_>,
    maintenance: &Maintenance,
    closing: Option<&Closing>,
) -> Result<RecordBatch> {
    let observation = &merged.observation;
    let Manner {
        enrichment,
        sources,
        maintenance: _,
    } = manner;
    let (country, asn) = (enrichment.country_database(), enrichment.asn_database());
    let expected = bounds.seconds();
    let observed = observed_seconds(observation.observed_us, expected);
    let mut columns = vec![
        date(Some(day)),
        text(point),
        text(&addresses(&observation.addresses, &bounds)?),
        text(observation.timezone.last()),
        int64(expected),
        int64(observed),
        int64(maintenance.seconds),
        text(status(expected, observed, maintenance.seconds)),
        text(&note(observation, maintenance)),
    ];
    for (_, figure) in merged.tally.figures() {
        columns.push(int64(count(figure)?));
    }
    columns.extend([
        Arc::new(BooleanArray::from(vec![merged.tally.overflow > 0])) as ArrayRef,
        text(&sources.name()),
        text(observation.xdp_mode.last()),
        text(observation.mode.last()),
        text(observation.verdict.last()),
        text(observation.kernel.last()),
        text(observation.agent_version.last()),
        Arc::new(Int32Array::from_value(DEFINITION, 1)),
        optional_text(country.map(|database| database.name.as_str())),
        optional_text(asn.map(|database| database.name.as_str())),
        date(country.and_then(|database| database.date)),
        date(asn.and_then(|database| database.date)),
        optional_text(closing.and_then(|closing| closing.sources_sha256.as_deref())),
        text(closing.map_or("", |closing| &closing.ports_sha256)),
        time(closing.map(|closing| closing.closed_at)),
    ]);
    Ok(RecordBatch::try_new(Table::Coverage.schema(), columns)?)
}

/// Observed time in seconds: no more than the day has, though intervals are rounded.
fn observed_seconds(micros: i64, expected: i64) -> i64 {
    let seconds = micros.max(0).saturating_add(500_000) / 1_000_000;
    seconds.min(expected)
}

fn status(expected: i64, observed: i64, maintenance: i64) -> &'static str {
    match (maintenance, observed) {
        (1.., _) => "maintenance",
        (_, observed) if observed == expected => "full",
        (_, 0) => "down",
        _ => "partial",
    }
}

/// Every set of the day with the times in which it was watched, in the order of time:
/// `SET@START/END;SET@START/END`, where a set is addresses and prefixes joined by commas, and the
/// times are RFC 3339 in UTC.
fn addresses(watched: &[Watched], bounds: &Bounds) -> Result<String> {
    let mut parts = Vec::new();
    for Watched {
        addresses,
        start,
        end,
    } in watched
    {
        ensure!(
            start <= end,
            "the set {addresses} is watched until before it is watched"
        );
        let [start, end] =
            [start, end].map(|micros| Timestamp::from_microsecond(bounds.clamp(*micros)));
        parts.push(format!("{addresses}@{}/{}", start?, end?));
    }
    Ok(parts.join(";"))
}

/// What a reader must know: maintenance, why a part of the day was not observed, the notes of the
/// day, and every setting that changed.
fn note(observation: &Observation, maintenance: &Maintenance) -> String {
    let Observation {
        gaps,
        xdp_mode,
        mode,
        verdict,
        kernel,
        agent_version,
        timezone,
        ..
    } = observation;
    let settings = [
        ("xdp_mode", xdp_mode),
        ("mode", mode),
        ("verdict", verdict),
        ("kernel", kernel),
        ("agent_version", agent_version),
        ("timezone", timezone),
    ];
    let changes = settings.iter().filter_map(|(name, history)| {
        let values = history.changes()?.join(", then ");
        Some(format!("{name} changed: {values}"))
    });
    let gaps: Vec<String> = gaps
        .iter()
        .filter_map(|(gap, us)| {
            let seconds = (us + 500_000) / 1_000_000;
            (seconds > 0).then(|| format!("{} {seconds} s", gap.name()))
        })
        .collect();
    let gaps = (!gaps.is_empty()).then(|| format!("not observed: {}", gaps.join(", ")));
    let notes = maintenance.notes.iter().cloned();
    let notes = notes.chain(gaps).chain(observation.notes.iter().cloned());
    let notes: Vec<_> = notes.chain(changes).collect();
    notes.join("; ")
}

fn text(value: &str) -> ArrayRef {
    optional_text(Some(value))
}

fn optional_text(value: Option<&str>) -> ArrayRef {
    Arc::new(StringArray::from(vec![value]))
}

fn int64(value: i64) -> ArrayRef {
    Arc::new(Int64Array::from_value(value, 1))
}

fn date(day: Option<Date>) -> ArrayRef {
    Arc::new(Date32Array::from(vec![day.map(to_date32)]))
}

fn time(moment: Option<Timestamp>) -> ArrayRef {
    let micros = moment.map(Timestamp::as_microsecond);
    Arc::new(TimestampMicrosecondArray::from(vec![micros]).with_timezone(UTC))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::{civil::date, tz::TimeZone};

    use super::*;
    use crate::journal::Gap;

    #[test]
    fn the_status_follows_from_what_was_observed() {
        let cases = [
            (86_399_500_000, "full", 86_400),
            (99_999_000_000, "full", 86_400),
            (86_399_499_999, "partial", 86_399),
            (500_000, "partial", 1),
            (499_999, "down", 0),
            (0, "down", 0),
            (-7, "down", 0),
        ];
        for (micros, expected, seconds) in cases {
            let observed = observed_seconds(micros, 86_400);
            assert_eq!(
                (status(86_400, observed, 0), observed),
                (expected, seconds),
                "{micros}"
            );
        }
        assert_eq!(status(86_400, 86_400, 1), "maintenance");
    }

    #[test]
    fn every_set_stands_with_its_times_within_the_day() {
        let bounds = Bounds::of(date(2026, 11, 21), &TimeZone::UTC).unwrap();
        let start = bounds.start.as_microsecond();
        let watched = |addresses: &str, start, end| Watched {
            addresses: addresses.into(),
            start,
            end,
        };
        let sets = [
            watched(
                "203.0.113.5,2001:db8::/64",
                start - 5,
                start + 36_000_000_000,
            ),
            watched(
                "203.0.113.6",
                start + 36_000_000_000,
                start + 36_000_250_000,
            ),
        ];
        assert_eq!(
            addresses(&sets, &bounds).unwrap(),
            "203.0.113.5,2001:db8::/64@2026-11-21T00:00:00Z/2026-11-21T10:00:00Z;\
             203.0.113.6@2026-11-21T10:00:00Z/2026-11-21T10:00:00.25Z"
        );
        assert_eq!(addresses(&[], &bounds).unwrap(), "");
    }

    #[test]
    fn the_note_names_what_changed() {
        let mut observation = Observation {
            mode: "live".into(),
            kernel: "6.1".into(),
            gaps: BTreeMap::from([
                (Gap::Reboot, 90_600_000),
                (Gap::Down, 3_000_000),
                (Gap::Detached, 400_000),
            ]),
            notes: vec!["the sensor was rebooted".into()],
            ..Observation::default()
        };
        let later = Observation {
            mode: "dark".into(),
            kernel: "6.1".into(),
            ..Observation::default()
        };
        observation.merge(&later);
        assert_eq!(
            note(&observation, &Maintenance::default()),
            "not observed: interface down 3 s, reboot 91 s; the sensor was rebooted; mode changed: live, \
             then dark"
        );
    }
}
