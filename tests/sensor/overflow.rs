//! Tables that are too small lose sources, never packets.

use std::collections::BTreeMap;

use talot_tests::{
    agent::{Agent, Home},
    identity,
    lab::Lab,
    packet::{Ends, flag, frame, many_v4, many_v6, tcp, udp},
    records::{by_port, counted},
    rows::assert_same,
    send::Sender,
};

use crate::common::{alone, dark};

const SOURCES: u32 = 6000;

#[test]
fn ports_stay_exact_and_sources_become_a_lower_bound() {
    let _alone = alone();
    let lab = Lab::quiet();
    let home = Home::new(&format!("{}[kernel]\nkeys = 64\nkeys6 = 64\n", dark()));
    let agent = Agent::start(&lab.sensor, &home);
    let sender = Sender::open(&lab);
    let mut frames = Vec::new();
    for n in 0..SOURCES {
        let v4 = Ends::new(&many_v4(n).to_string(), "198.51.100.1");
        let v6 = Ends::new(&many_v6(n.into()).to_string(), "2001:db8:51::1");
        frames.push((frame(&tcp(v4, 1, 23, flag::SYN)), n % 2 + 1));
        frames.push((frame(&tcp(v6, 1, 23, flag::SYN)), 1));
        frames.push((frame(&udp(v4, 1, 161, b"")), 1));
        frames.push((frame(&tcp(v6, 443, 9, flag::SYN | flag::ACK)), 1));
    }
    sender.send_counted(&frames);

    agent.stop();

    let (sources, ports, coverage) = (home.sources(), home.ports(), home.coverage());
    identity::check(&sources, &ports, &coverage);
    let n = i64::from(SOURCES);
    let key = |class: &str, port: &str| (class.to_owned(), port.to_owned());
    let expected = BTreeMap::from([
        (key("access", "23/tcp"), n / 2 * 3 + n),
        (key("access", "161/udp"), n),
        (key("backscatter", "443/tcp"), n),
    ]);
    assert_same("ports", &expected, &by_port(&ports));
    let [record] = coverage.try_into().expect("one coverage record");
    assert!(record.overflow > 0, "no overflow: {record:?}");
    assert!(record.sources_lower_bound);
    assert_eq!(record.seen, expected.values().sum::<i64>());
    for (key, packets) in counted(&sources) {
        assert!(packets <= 2, "{key:?}: {packets}");
    }
}
