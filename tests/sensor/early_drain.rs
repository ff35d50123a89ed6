//! A table that fills up is drained early, so that sources do not lose their room.

use talot_tests::{
    agent::{Agent, Home},
    lab::Lab,
    packet::{Ends, flag, frame, many_v4, many_v6, protocol, tcp},
    rows::{Key, Rows},
    send::Sender,
};

use crate::common::{alone, assert_nothing_but, dark};

const SOURCES: u32 = 24_000;

#[test]
fn a_table_that_fills_up_wakes_the_agent() {
    let _alone = alone();
    let lab = Lab::quiet();
    let tables = "[drain]\ninterval = \"1h\"\n[kernel]\nkeys = 16_000\nkeys6 = 16_000\n";
    let home = Home::new(&format!("{}{tables}", dark()));
    let mut agent = Agent::start(&lab.sensor, &home);
    let mut rows = Rows::new();
    let mut families = [Vec::new(), Vec::new()];
    for n in 0..SOURCES {
        let v4 = Ends::new(&many_v4(n).to_string(), "198.51.100.1");
        let v6 = Ends::new(&many_v6(n.into()).to_string(), "2001:db8:51::1");
        for (frames, ends) in families.iter_mut().zip([v4, v6]) {
            let key = Key::new("access", protocol::TCP, Some(23), false, ends.source);
            rows.insert(key, 1);
            frames.push((frame(&tcp(ends, 1, 23, flag::SYN)), 1));
        }
    }
    let sender = Sender::open(&lab);
    for (drains, frames) in (0..).zip(families) {
        // In pieces, so that a drain has its time before the next.
        for piece in frames.chunks(2000) {
            sender.send_counted(piece);
        }
        agent.wait_until("the agent is woken", |metrics| {
            metrics.sum("talot_drain_duration_seconds_count", &[]) > Some(drains)
        });
    }
    agent.stop();
    let coverage = assert_nothing_but(&home, &rows);
    assert_eq!(coverage.overflow, 0);
}
