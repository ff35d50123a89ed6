//! Seconds that are inserted, and TAI.

use std::{thread, time::Duration};

use crate::{
    calendar::{self, UTC},
    clock,
    trial::{Trial, noon, own_day, pass},
};

/// Half a minute before midnight somebody tells the kernel that TAI is 37 seconds ahead; midnight
/// stays where it is.
pub(crate) fn tai_is_told() {
    let trial = Trial::at(noon());
    clock::tell_tai(0);
    let flow = trial.flow();
    let agent = trial.agent();
    let (log, ()) = flow.during(|| {
        flow.to_midnight(Duration::from_secs(30));
        pass();
        flow.at_once(|| clock::tell_tai(37));
        assert_eq!((clock::tai() - clock::now()).as_secs_f64().round(), 37.0);
        pass();
        flow.to_midnight(Duration::from_secs(5));
        thread::sleep(Duration::from_secs(8));
    });
    agent.stop();
    trial.check(&log, own_day);
}

/// A second is inserted at the end of a day: it belongs to that day.
pub(crate) fn at_midnight() {
    inserted(false);
}

/// The same while no agent runs.
pub(crate) fn without_an_agent() {
    inserted(true);
}

fn inserted(killed: bool) {
    let trial = Trial::at(noon());
    clock::tell_tai(37);
    let day = calendar::day(clock::now().as_secs() as i64, UTC);
    let flow = trial.flow();
    let mut agent = Some(trial.agent());
    let (log, agent) = flow.during(|| {
        flow.to_midnight(Duration::from_secs(12));
        clock::insert_leap_second(true);
        pass();
        if killed && let Some(agent) = agent.take() {
            agent.kill();
        }
        thread::sleep(Duration::from_secs(12));
        assert_eq!((clock::tai() - clock::now()).as_secs_f64().round(), 38.0);
        clock::insert_leap_second(false);
        let agent = agent.take().unwrap_or_else(|| trial.agent());
        pass();
        agent
    });
    agent.stop();
    clock::tell_tai(37);
    let coverage = trial.check(&log, own_day);
    let dates: Vec<&str> = coverage.iter().map(|row| row.date.as_str()).collect();
    assert_eq!(dates, [day, day + 1].map(calendar::date));
    for day in &coverage {
        let note = &day.note;
        assert!(
            note.contains("leap second") || killed || !note.contains("-1.0 s"),
            "{note}"
        );
    }
}
