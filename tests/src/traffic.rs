//! Known traffic around one midnight, which the agent's records are compared with.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, UNIX_EPOCH},
};

use crate::{
    identity,
    lab::Lab,
    packet::{Ends, flag, frame, many_v4, many_v6, tcp},
    records::{Coverage, Port, Source},
    send::Sender,
};

/// So near to midnight it is not said which day a packet belongs to.
const NEAR: Duration = Duration::from_millis(100);
/// Ports of what is sent before midnight, near it, and after it.
const PORTS: [u16; 3] = [23, 24, 25];
/// Sources of each family.
const SOURCES: u32 = 150;
const PAUSE: Duration = Duration::from_millis(4);

/// What was sent: packets by port and source.
#[derive(Debug, Default)]
pub struct Log(BTreeMap<(i32, IpAddr), i64>);

/// Sends until it is over; gives what was sent.
///
/// # Panics
/// When a frame is refused.
pub fn send_until(lab: &Lab, midnight: i64, over: &AtomicBool) -> Log {
    let sender = Sender::open(lab);
    let frames = PORTS.map(|port| {
        let sources = (0..SOURCES).flat_map(|n| {
            [
                Ends::new(&many_v4(n).to_string(), "198.51.100.1"),
                Ends::new(&many_v6(n.into()).to_string(), "2001:db8:51::1"),
            ]
        });
        let frame = |ends: Ends| {
            let key = (i32::from(port), ends.source);
            (key, frame(&tcp(ends, 1, port, flag::SYN)))
        };
        sources.map(frame).collect::<Vec<_>>()
    });
    let midnight = Duration::from_secs(midnight as u64);
    let mut log = Log::default();
    let mut round = 0;
    while !over.load(Ordering::Relaxed) {
        let now = UNIX_EPOCH.elapsed().expect("a clock after 1970");
        let phase = if now + NEAR < midnight {
            0
        } else if now < midnight + NEAR {
            1
        } else {
            2
        };
        // Each source has a number of packets of its own.
        let due = frames[phase].iter().enumerate();
        let due = due.filter(|(number, _)| (round + number).is_multiple_of(1 + number % 5));
        let due: Vec<_> = due.map(|(_, kind)| kind).collect();
        let bytes: Vec<&[u8]> = due.iter().map(|(_, frame)| frame.as_slice()).collect();
        sender.send(&bytes);
        for (key, _) in due {
            *log.0.entry(*key).or_insert(0) += 1;
        }
        round += 1;
        thread::sleep(PAUSE);
    }
    crate::send::settle();
    sender.assert_nothing_lost();
    log
}

impl Log {
    /// How many packets were sent.
    pub fn packets(&self) -> i64 {
        self.0.values().sum()
    }

    /// Compares records with it: no packet is missing, none is there twice, each is in its own day.
    ///
    /// # Panics
    /// When they differ.
    pub fn check(&self, sources: &[Source], ports: &[Port], coverage: &[Coverage]) {
        identity::check(sources, ports, coverage);
        let seen: i64 = coverage.iter().map(|day| day.seen).sum();
        let overflow: i64 = coverage.iter().map(|day| day.overflow).sum();
        assert_eq!(seen, self.packets(), "packets seen, overflow {overflow}");
        let mut counted = BTreeMap::new();
        for row in sources {
            let key = (row.port.unwrap_or(-1), row.source);
            *counted.entry(key).or_insert(0) += row.packets;
        }
        if overflow == 0 {
            crate::rows::assert_same("sources", &self.0, &counted);
        }
        let first = coverage.first().map_or("", |day| day.date.as_str());
        for port in ports {
            let is_first = port.date == first;
            let wrong = (port.port == Some(25) && is_first) || (port.port == Some(23) && !is_first);
            assert!(!wrong, "in the wrong day: {port:?}");
        }
    }
}
