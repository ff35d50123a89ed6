//! A live point without addresses of its own follows those of its interface.

use std::{thread, time::Duration};

use talot_tests::{
    agent::{Agent, Home},
    lab::{INTERFACE, Lab},
    packet::{Ends, flag, frame, protocol, tcp},
    rows::{Dispositions, Key, Rows},
    send::Sender,
};

use crate::common::{assert_recorded, live};

/// How soon the agent notices.
const NOTICE: Duration = Duration::from_millis(1500);

#[test]
fn added_and_removed_addresses_are_followed() {
    let lab = Lab::quiet();
    let home = Home::new(&live());
    let agent = Agent::start(&lab.sensor, &home);
    let sender = Sender::open(&lab);
    let (mut rows, mut dispositions) = (Rows::new(), Dispositions::new());
    let mut send = |port: u16, disposition: &str| {
        for (from, to) in [
            ("203.0.113.1", "192.0.2.77"),
            ("2001:db8:9::1", "2001:db8:1::77"),
        ] {
            let ends = Ends::new(from, to);
            sender.send_counted(&[(frame(&tcp(ends, 40_000, port, flag::SYN)), 7)]);
            *dispositions.entry(disposition.to_owned()).or_insert(0) += 7;
            if disposition == "access" {
                let key = Key::new("access", protocol::TCP, Some(port), false, ends.source);
                rows.insert(key, 7);
            }
        }
    };
    let change = |verb: &str| {
        lab.sensor
            .ip(&format!("addr {verb} 192.0.2.77/24 dev {INTERFACE}"));
        let nodad = if verb == "add" { "nodad" } else { "" };
        lab.sensor.ip(&format!(
            "addr {verb} 2001:db8:1::77/64 dev {INTERFACE} {nodad}"
        ));
        thread::sleep(NOTICE);
    };
    send(1001, "elsewhere");
    change("add");
    send(1002, "access");
    change("del");
    send(1003, "elsewhere");
    agent.stop();
    let coverage = assert_recorded(&home, &rows, &dispositions);
    for address in ["192.0.2.1", "192.0.2.77", "2001:db8:1::1", "2001:db8:1::77"] {
        assert!(
            coverage.addresses.contains(address),
            "{}",
            coverage.addresses
        );
    }
}
