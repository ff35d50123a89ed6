//! Maintenance windows of the configuration, in the coverage record.

use talot_tests::{
    agent::{Agent, Home},
    lab::Lab,
    send::Sender,
};

use crate::common::{assert_nothing_but, dark, some_syns, some_syns_rows};

#[test]
fn a_day_of_maintenance_is_counted_and_says_so() {
    let lab = Lab::quiet();
    let window = "[[maintenance]]\npoint = \"lab\"\nfrom = \"2000-01-01T00:00\"\n\
                  to = \"2100-01-01T00:00\"\nnote = \"new disks\"\n";
    let home = Home::new(&format!("{}{window}", dark()));
    let agent = Agent::start(&lab.sensor, &home);
    Sender::open(&lab).send_counted(&some_syns(23, 10));
    agent.stop();
    let coverage = assert_nothing_but(&home, &some_syns_rows(23, 10));
    assert_eq!(coverage.status, "maintenance");
    assert_eq!(coverage.maintenance_seconds, coverage.expected_seconds);
    let note = "maintenance from 2000-01-01T00:00:00 to 2100-01-01T00:00:00: new disks";
    assert!(coverage.note.contains(note), "{coverage:?}");
}
