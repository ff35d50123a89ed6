//! Interfaces that are not there, vanish, cannot, or are somebody else's.

use talot_tests::{
    agent::{Agent, Home},
    foreign::{self, Program},
    lab::{INTERFACE, Lab, Options},
    send::Sender,
};

use crate::{
    bad_input::{assert_refused, refused},
    common::{OFTEN, assert_nothing_but, dark, some_syns, some_syns_rows},
};

#[test]
fn an_interface_that_does_not_exist_is_named() {
    let lab = Lab::quiet();
    let home = Home::new(&dark().replace(INTERFACE, "nowhere0"));
    refused(&lab.sensor, &home, 1, &["nowhere0"]);
}

#[test]
fn an_interface_that_vanishes_takes_nothing_with_it() {
    let lab = Lab::quiet();
    let home = Home::new(&dark());
    let mut agent = Agent::start(&lab.sensor, &home);
    Sender::open(&lab).send_counted(&some_syns(23, 60));
    lab.sensor.ip(&format!("link del {INTERFACE}"));
    agent.wait_for_words(&[INTERFACE]);
    if agent.runs() {
        let ended = agent.terminate();
        assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    } else {
        assert_refused(&agent.end(), 1, &[INTERFACE]);
    }
    assert_nothing_but(&home, &some_syns_rows(23, 60));
}

#[test]
fn an_interface_that_comes_back_is_watched_again() {
    let lab = Lab::quiet();
    let home = Home::new(&format!("{}{OFTEN}", dark()));
    let mut agent = Agent::start(&lab.sensor, &home);
    Sender::open(&lab).send_counted(&some_syns(23, 60));
    lab.sensor.ip(&format!("link del {INTERFACE}"));
    let attached = |metrics: &talot_tests::metrics::Metrics| metrics.sum("talot_attached", &[]);
    agent.wait_until("the loss is noticed", |metrics| {
        attached(metrics) == Some(0)
    });
    lab.lay_cable(&Options::quiet());
    agent.wait_until("it watches again", |metrics| attached(metrics) == Some(1));
    Sender::open(&lab).send_counted(&some_syns(2323, 60));
    agent.stop();
    let both = crate::common::plus(some_syns_rows(23, 60), &some_syns_rows(2323, 60));
    assert_nothing_but(&home, &both);
}

#[test]
fn somebody_elses_program_is_left_alone() {
    for mode in [foreign::Mode::Native, foreign::Mode::Generic] {
        let lab = Lab::quiet();
        let home = Home::new(&dark());
        let _program = Program::attach(&lab.sensor, mode);
        refused(&lab.sensor, &home, 1, &[INTERFACE, "XDP"]);
    }
}

#[test]
fn a_second_agent_is_refused_and_the_first_goes_on() {
    let lab = Lab::quiet();
    let first = Home::new(&dark());
    let second = Home::new(&format!(
        "{}[metrics]\nlisten = \"127.0.0.1:9465\"\n",
        dark()
    ));
    let agent = Agent::start(&lab.sensor, &first);
    let sender = Sender::open(&lab);
    sender.send_counted(&some_syns(23, 30));
    refused(&lab.sensor, &second, 1, &[INTERFACE, "XDP"]);
    sender.send_counted(&some_syns(2323, 30));
    agent.stop();
    let both = crate::common::plus(some_syns_rows(23, 30), &some_syns_rows(2323, 30));
    assert_nothing_but(&first, &both);
}

#[test]
fn two_agents_do_not_share_a_data_directory() {
    let lab = Lab::quiet();
    let home = Home::new(&dark());
    let agent = Agent::start(&lab.sensor, &home);
    Sender::open(&lab).send_counted(&some_syns(23, 30));
    home.configure(&format!(
        "{}[metrics]\nlisten = \"127.0.0.1:9465\"\n",
        dark()
    ));
    let data = home.data();
    refused(&lab.sensor, &home, 1, &[data.to_str().expect("UTF-8")]);
    agent.stop();
    assert_nothing_but(&home, &some_syns_rows(23, 30));
}

#[test]
fn a_driver_without_native_xdp_is_named() {
    let lab = Lab::quiet();
    let loopback = "[[point]]\nname = \"lab\"\ninterface = \"lo\"\naddresses = [\"127.0.0.1\"]\n";
    let home = Home::new(&format!("{loopback}xdp = \"native\"\n"));
    refused(&lab.sensor, &home, 1, &["to lo", "native", "auto"]);
    let home = Home::new(&format!("{loopback}xdp = \"auto\"\n"));
    let agent = Agent::start(&lab.sensor, &home);
    let generic = agent
        .metrics()
        .sum("talot_attached", &[("xdp_mode", "generic")]);
    assert_eq!(generic, Some(1));
    let ended = agent.stop();
    let said = format!("{}{}", ended.stdout, ended.stderr);
    assert!(
        said.contains("generic"),
        "the fall back to generic is not said: {said}"
    );
}

#[test]
fn a_kernel_without_btf_is_named() {
    let lab = Lab::quiet();
    let home = Home::new(&dark());
    let hidden = "mount -t tmpfs none /sys/kernel/btf && exec \"$@\"";
    let without_btf = ["unshare", "--mount", "sh", "-c", hidden, "sh"];
    refused_by(&lab, &home, &without_btf, &["BTF"]);
}

fn refused_by(lab: &Lab, home: &Home, by: &[&str], words: &[&str]) {
    assert_refused(
        &Agent::launch_by(&lab.sensor, by, home, &[]).end(),
        1,
        words,
    );
}
