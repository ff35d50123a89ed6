//! Both ways to attach count alike, and the records name the way.

use talot_tests::{
    agent::{Agent, Home},
    lab::Lab,
    send::Sender,
};

use crate::common::{assert_nothing_but, dark, some_syns, some_syns_rows};

fn attaches(choice: &str, mode: &str) {
    let lab = Lab::quiet();
    let home = Home::new(&format!("{}xdp = \"{choice}\"\n", dark()));
    let agent = Agent::start(&lab.sensor, &home);
    let attached = |mode| {
        let metrics = agent.metrics();
        metrics
            .sum("talot_attached", &[("xdp_mode", mode)])
            .unwrap_or(0)
    };
    let expected = ["native", "generic"].map(|it| i64::from(it == mode));
    assert_eq!(["native", "generic"].map(attached), expected);
    Sender::open(&lab).send_counted(&some_syns(23, 50));
    agent.stop();
    let coverage = assert_nothing_but(&home, &some_syns_rows(23, 50));
    assert_eq!(coverage.xdp_mode, mode);
}

#[test]
fn generic() {
    attaches("generic", "generic");
}

#[test]
fn native() {
    attaches("native", "native");
}

#[test]
fn auto_is_native_where_the_driver_can() {
    attaches("auto", "native");
}
