//! Several points on one interface.

use talot_tests::{
    agent::{Agent, Home},
    identity,
    lab::{INTERFACE, Lab},
    packet::{Ends, ethernet, flag, frame, protocol, tcp},
    records::{Source, counted},
    rows::{Key, Rows, assert_same},
    send::Sender,
};

use crate::common::OFTEN;

fn point(name: &str, mode: &str, addresses: &str) -> String {
    format!(
        "[[point]]\nname = \"{name}\"\ninterface = \"{INTERFACE}\"\nmode = \"{mode}\"\n\
         addresses = {addresses}\n"
    )
}

#[test]
fn each_packet_belongs_to_the_longest_prefix() {
    let lab = Lab::quiet();
    let home = Home::new(
        &[
            point(
                "wide",
                "dark",
                "[\"198.51.100.0/24\", \"2001:db8:51::/64\"]",
            ),
            point(
                "half",
                "live",
                "[\"198.51.100.128/25\", \"2001:db8:51::/80\"]",
            ),
            point("one", "dark", "[\"198.51.100.200\", \"2001:db8:51::200\"]"),
            OFTEN.to_owned(),
        ]
        .concat(),
    );
    let mut agent = Agent::start(&lab.sensor, &home);
    let mut expected = ["wide", "half", "one"].map(|name| (name, Rows::new()));
    let mut frames = Vec::new();
    for (number, to, at) in [
        (1, "198.51.100.1", 0),
        (2, "198.51.100.127", 0),
        (3, "198.51.100.128", 1),
        (4, "198.51.100.199", 1),
        (5, "198.51.100.200", 2),
        (6, "198.51.100.201", 1),
        (7, "2001:db8:51::1:0:0:1", 0),
        (8, "2001:db8:51::ffff:ffff", 1),
        (9, "2001:db8:51::200", 2),
    ] {
        let from = if to.contains(':') {
            "2001:db8:9::9"
        } else {
            "203.0.113.9"
        };
        let ends = Ends::new(from, to);
        let key = Key::new("access", protocol::TCP, Some(number), false, ends.source);
        expected[at].1.insert(key, number.into());
        frames.push((frame(&tcp(ends, 1, number, flag::SYN)), u32::from(number)));
    }
    // What belongs to no point counts under the interface's first.
    let nobody = Ends::new("203.0.113.9", "198.51.101.1");
    frames.push((frame(&tcp(nobody, 1, 1, flag::SYN)), 11));
    frames.push((ethernet(&[], 0x88cc, &[0, 0]), 12));
    Sender::open(&lab).send_counted(&frames);
    let total = (1..=9).sum::<i64>() + 11 + 12;
    agent.wait_until("all packets are seen", |metrics| {
        metrics.sum("talot_seen_packets_total", &[]) == Some(total)
    });
    identity::check_metrics(&agent.metrics());
    agent.stop();

    let (sources, coverage) = (home.sources(), home.coverage());
    identity::check(&sources, &home.ports(), &coverage);
    for (name, rows) in expected {
        let of_point: Vec<Source> = sources
            .iter()
            .filter(|row| row.point == name)
            .cloned()
            .collect();
        assert_same(name, &rows, &counted(&of_point));
        let coverage = coverage.iter().find(|row| row.point == name);
        let coverage = coverage.unwrap_or_else(|| panic!("{name} has no coverage record"));
        let others = if name == "wide" { (11, 12) } else { (0, 0) };
        assert_eq!((coverage.elsewhere, coverage.non_ip), others, "{name}");
    }
}
