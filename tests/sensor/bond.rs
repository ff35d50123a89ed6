//! A bond, whose driver would run a native program at its members.

use std::process::Command;

use talot_tests::{
    agent::{Agent, Home},
    lab::{INTERFACE, Lab},
    require,
    send::Sender,
    shell::attempt,
};

use crate::common::{assert_nothing_but, dark, some_syns, some_syns_rows};

const BOND: &str = "bond0";

/// A laboratory whose cable ends at the only member of a bond; none where the kernel has no bonds.
fn lab(test: &str) -> Option<Lab> {
    let lab = Lab::quiet();
    let mut command: Command = lab.sensor.command("ip");
    let made = attempt(command.args(["link", "add", BOND, "type", "bond"]));
    if !require::of_kernel(test, "bonds", made.status.success()) {
        return None;
    }
    lab.sensor.ip(&format!("link set {INTERFACE} down"));
    lab.sensor
        .ip(&format!("link set {INTERFACE} master {BOND}"));
    for interface in [INTERFACE, BOND] {
        lab.sensor
            .ip(&format!("link set {interface} addrgenmode none up"));
    }
    Some(lab)
}

fn home(choice: &str) -> Home {
    let point = dark().replace(INTERFACE, BOND);
    Home::new(&format!("{point}xdp = \"{choice}\"\n"))
}

#[test]
fn a_bond_is_watched_by_the_network_stack() {
    let Some(lab) = lab("a_bond_is_watched_by_the_network_stack") else {
        return;
    };
    let home = home("auto");
    let agent = Agent::start(&lab.sensor, &home);
    Sender::open(&lab).send_counted(&some_syns(23, 50));
    agent.stop();
    let coverage = assert_nothing_but(&home, &some_syns_rows(23, 50));
    assert_eq!(coverage.xdp_mode, "generic");
}

#[test]
fn a_bond_is_not_watched_natively() {
    let Some(lab) = lab("a_bond_is_not_watched_natively") else {
        return;
    };
    let ended = Agent::launch(&lab.sensor, &home("native")).end();
    assert!(!ended.status.success());
    assert!(
        ended.stderr.contains("watch the members"),
        "{}",
        ended.stderr
    );
}
