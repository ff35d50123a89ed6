//! Packets that fill several pages.

use talot_tests::{
    agent::{Agent, Home},
    lab::{Lab, Options},
    packet::{Ends, Tcp, flag, frame, protocol, udp},
    rows::{Dispositions, Key, Rows},
    send::Sender,
};

use crate::common::{assert_recorded, dark};

fn counts(xdp: &str) {
    let lab = Lab::with(&Options {
        mtu: 9000,
        ..Options::quiet()
    });
    let home = Home::new(&format!("{}xdp = \"{xdp}\"\n", dark()));
    let agent = Agent::start(&lab.sensor, &home);
    let (mut rows, mut dispositions, mut frames) = (Rows::new(), Dispositions::new(), Vec::new());
    for (from, to) in [
        ("203.0.113.1", "198.51.100.1"),
        ("2001:db8:9::1", "2001:db8:51::1"),
    ] {
        let ends = Ends::new(from, to);
        for (port, length) in [(1, 1000), (2, 3000), (3, 4090), (4, 8000), (5, 8900)] {
            let data = vec![7; length];
            let packet = udp(ends, 1, port, &data);
            let mut cut = frame(&packet);
            frames.push((cut.clone(), 3));
            rows.insert(
                Key::new("access", protocol::UDP, Some(port), false, ends.source),
                3,
            );
            // One byte less than its header says.
            cut.pop();
            frames.push((cut, 2));
            let mut segment = Tcp::new(1, port, flag::SYN);
            segment.payload = data;
            frames.push((frame(&segment.packet(ends)), 4));
            rows.insert(
                Key::new("access", protocol::TCP, Some(port), false, ends.source),
                4,
            );
        }
    }
    Sender::open(&lab).send_counted(&frames);
    agent.stop();
    dispositions.insert("access".into(), rows.values().sum());
    dispositions.insert("malformed".into(), 2 * 10);
    let coverage = assert_recorded(&home, &rows, &dispositions);
    assert_eq!(coverage.xdp_mode, xdp);
}

#[test]
fn native() {
    counts("native");
}

#[test]
fn generic() {
    counts("generic");
}
