//! An agent that is stopped and started again on the same day goes on with its sums.

use talot_tests::{
    agent::{Agent, Home},
    lab::Lab,
    send::Sender,
};

use crate::common::{assert_nothing_but, dark, plus, some_syns, some_syns_rows};

#[test]
fn sums_continue() {
    let lab = Lab::quiet();
    // The drain interval is the default: what is counted comes by the last drain of each run.
    let home = Home::new(&dark());
    let sender = Sender::open(&lab);
    let once = plus(some_syns_rows(23, 100), &some_syns_rows(2323, 10));
    let mut rows = once.clone();
    for run in 1..=3 {
        let agent = Agent::start(&lab.sensor, &home);
        sender.send_counted(&some_syns(23, 100));
        sender.send_counted(&some_syns(2323, 10));
        agent.stop();
        // Nobody watches now.
        sender.send_counted(&some_syns(4444, 10));
        assert_nothing_but(&home, &rows);
        if run < 3 {
            rows = plus(rows, &once);
        }
    }
}
