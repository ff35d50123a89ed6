//! A dark point whose packets end at the driver.

use talot_tests::{
    agent::{Agent, Home},
    lab::{INTERFACE, Lab, SENSOR_V4},
    packet::{Ends, flag, frame, tcp},
    send::{Sender, settle},
    shell::{run, text},
};

use crate::common::{assert_nothing_but, dark, plus, some_syns, some_syns_rows};

/// IPv4 packets that the host's stack has received.
fn received(lab: &Lab) -> u64 {
    let snmp = text(&run(lab.sensor.command("cat").arg("/proc/net/snmp")).stdout);
    let mut ip = snmp.lines().filter_map(|line| line.strip_prefix("Ip: "));
    let (names, values) = (ip.next().expect("names"), ip.next().expect("values"));
    let at = names.split(' ').position(|name| name == "InReceives");
    let value = values.split(' ').nth(at.expect("InReceives"));
    value.and_then(|value| value.parse().ok()).expect("a count")
}

#[test]
fn drop_counts_all_and_lets_nothing_unsolicited_through() {
    let lab = Lab::quiet();
    for xdp in ["native", "generic"] {
        let home = Home::new(&format!("{}verdict = \"drop\"\nxdp = \"{xdp}\"\n", dark()));
        let agent = Agent::start(&lab.sensor, &home);
        let sender = Sender::open(&lab);
        let before = received(&lab);
        sender.send_counted(&some_syns(23, 200));
        sender.send_counted(&some_syns(445, 100));
        settle();
        assert_eq!(received(&lab), before, "{xdp}: the host got some of it");
        agent.stop();
        let rows = plus(some_syns_rows(23, 200), &some_syns_rows(445, 100));
        let coverage = assert_nothing_but(&home, &rows);
        assert_eq!(coverage.verdict, "drop");
    }
}

#[test]
fn what_is_not_for_the_point_passes() {
    let lab = Lab::quiet();
    let home = Home::new(&format!("{}verdict = \"drop\"\n", dark()));
    let agent = Agent::start(&lab.sensor, &home);
    let before = received(&lab);
    let elsewhere = frame(&tcp(Ends::new("203.0.113.9", SENSOR_V4), 1, 22, flag::SYN));
    Sender::open(&lab).send_counted(&[(elsewhere, 7)]);
    assert_eq!(received(&lab), before + 7, "on {INTERFACE}");
    agent.stop();
    let [coverage] = home.coverage().try_into().expect("one coverage record");
    assert_eq!(coverage.dispositions().get("elsewhere"), Some(&7));
}
