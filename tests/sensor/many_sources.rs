//! More sources between two drains than one look at a table takes.

use talot_tests::{
    agent::{Agent, Home},
    lab::Lab,
    packet::{Ends, flag, frame, many_v4, many_v6, protocol, tcp},
    rows::{Key, Rows},
    send::Sender,
};

use crate::common::{alone, assert_nothing_but, dark};

#[test]
fn each_is_counted() {
    let _alone = alone();
    let lab = Lab::quiet();
    let home = Home::new(&dark());
    let agent = Agent::start(&lab.sensor, &home);
    let mut rows = Rows::new();
    let mut frames = Vec::new();
    for n in 0..60_000 {
        let ends = if n < 40_000 {
            Ends::new(&many_v4(n).to_string(), "198.51.100.1")
        } else {
            Ends::new(&many_v6(n.into()).to_string(), "2001:db8:51::1")
        };
        let key = Key::new("access", protocol::TCP, Some(23), false, ends.source);
        rows.insert(key, i64::from(n % 2) + 1);
        frames.push((frame(&tcp(ends, 1, 23, flag::SYN)), n % 2 + 1));
    }
    Sender::open(&lab).send_counted(&frames);
    agent.stop();
    let coverage = assert_nothing_but(&home, &rows);
    assert_eq!(coverage.overflow, 0);
    assert!(!coverage.sources_lower_bound);
}
