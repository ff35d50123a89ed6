//! What several tests need.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use talot_tests::{
    agent::{Agent, Home},
    identity,
    lab::{DARK_V4, DARK_V6, INTERFACE, Namespace},
    packet::{Ends, flag, frame, protocol, tcp},
    records::{self, Coverage},
    rows::{Dispositions, Key, Rows, assert_same},
    tzif,
};

/// Name of the point in every configuration here.
pub(crate) const POINT: &str = "lab";

/// Drains often, so that a test sees many drains.
pub(crate) const OFTEN: &str = "[drain]\ninterval = \"200ms\"\n";

/// A dark point on the laboratory's dark prefixes.
pub(crate) fn dark() -> String {
    format!(
        "[[point]]\nname = \"{POINT}\"\ninterface = \"{INTERFACE}\"\nmode = \"dark\"\n\
         addresses = [\"{DARK_V4}\", \"{DARK_V6}\"]\n"
    )
}

/// A live point on the interface's own addresses.
pub(crate) fn live() -> String {
    format!("[[point]]\nname = \"{POINT}\"\ninterface = \"{INTERFACE}\"\nmode = \"live\"\n")
}

/// Starts an agent some seconds before its midnight, which is given too. Where the machine was too slow for it to be ready well
/// before, another one, with more time.
///
/// # Panics
/// When the fourth was not ready either.
pub(crate) fn start_before_midnight<'lab>(
    sensor: &'lab Namespace,
    seconds: i64,
    configuration: &str,
) -> (Home, Agent<'lab>, i64) {
    for patience in 1..=4 {
        let midnight = tzif::now() + seconds * patience;
        let home = Home::with_midnight(midnight, configuration);
        let agent = Agent::start(sensor, &home);
        if midnight - tzif::now() >= 3 {
            return (home, agent, midnight);
        }
        agent.stop();
    }
    panic!(
        "this machine is too slow: no agent was ready within {} s",
        seconds * 4
    );
}

/// Keeps tests that load the machine from running beside one another.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static MACHINE: Mutex<()> = Mutex::new(());
    MACHINE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// SYNs from this many sources each to `port`, source `n` as often as `n % 3 + 1`.
pub(crate) fn some_syns(port: u16, sources: u8) -> Vec<(Vec<u8>, u32)> {
    let syns = (0..sources).map(|n| (syn(port, n), u32::from(n % 3) + 1));
    syns.collect()
}

/// What [`some_syns`] are counted as.
pub(crate) fn some_syns_rows(port: u16, sources: u8) -> Rows {
    let rows = (0..sources).map(|n| {
        let source = format!("203.0.113.{n}").parse().expect("an address");
        let key = Key::new("access", protocol::TCP, Some(port), false, source);
        (key, i64::from(n % 3) + 1)
    });
    rows.collect()
}

fn syn(port: u16, source: u8) -> Vec<u8> {
    let ends = Ends::new(&format!("203.0.113.{source}"), "198.51.100.99");
    frame(&tcp(ends, 40_000, port, flag::SYN))
}

/// The sum of two countings.
pub(crate) fn plus(mut rows: Rows, more: &Rows) -> Rows {
    for (key, packets) in more {
        *rows.entry(key.clone()).or_insert(0) += packets;
    }
    rows
}

/// Compares all that a home has recorded of one day and point with what is right: every row of
/// `sources`, every sum of `ports`, the identity, and every disposition. Gives the coverage record.
pub(crate) fn assert_recorded(home: &Home, rows: &Rows, dispositions: &Dispositions) -> Coverage {
    let (sources, ports, coverage) = (home.sources(), home.ports(), home.coverage());
    identity::check(&sources, &ports, &coverage);
    assert_same("sources", rows, &records::counted(&sources));
    for row in &sources {
        // RFC 3339 in UTC sorts as text.
        assert!(row.first_seen <= row.last_seen, "{row:?}");
        assert_eq!((row.country.as_str(), row.asn), ("ZZ", None), "{row:?}");
    }
    let folded = records::fold_sources(rows);
    let packets = folded
        .iter()
        .map(|(key, (packets, _))| (key.clone(), *packets));
    assert_same("ports", &packets.collect(), &records::by_port(&ports));
    let distinct: BTreeMap<_, _> = folded.into_iter().map(|(key, (_, n))| (key, n)).collect();
    let counted = ports.iter().map(|port| {
        let key = (port.class.clone(), port.port_type.clone());
        (key, port.sources)
    });
    assert_same("ports.sources", &distinct, &counted.collect());
    let [coverage] = coverage.try_into().expect("one coverage record");
    assert_same("dispositions", dispositions, &coverage.dispositions());
    coverage
}

/// Like [`assert_recorded`], where nothing arrived but what is counted.
pub(crate) fn assert_nothing_but(home: &Home, rows: &Rows) -> Coverage {
    let mut dispositions = Dispositions::new();
    for (key, packets) in rows {
        *dispositions.entry(key.class.clone()).or_insert(0) += packets;
    }
    assert_recorded(home, rows, &dispositions)
}

/// Says that it is over when the test is, also when it fails.
pub(crate) struct Over<'a>(pub(crate) &'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
