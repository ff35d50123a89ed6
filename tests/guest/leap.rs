//! Seconds that are inserted, and TAI.

use std::{thread, time::Duration};

use crate::{
    calendar::{self, UTC},
    clock::{self, Leap},
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
        flow.meanwhile(|| clock::tell_tai(37));
        assert_eq!((clock::tai() - clock::now()).as_secs_f64().round(), 37.0);
        pass();
        flow.to_midnight(Duration::from_secs(5));
        thread::sleep(Duration::from_secs(8));
    });
    agent.stop();
    trial.check(&log, own_day);
}

/// A second is inserted at the end of a day: it belongs to that day.
pub(crate) fn inserted() {
    at_midnight(Leap::Insert, false);
}

/// The same while no agent runs.
pub(crate) fn inserted_without_an_agent() {
    at_midnight(Leap::Insert, true);
}

/// The last second of a day is left out: the next day begins in its place.
pub(crate) fn left_out() {
    at_midnight(Leap::Delete, false);
}

/// The same while no agent runs.
pub(crate) fn left_out_without_an_agent() {
    at_midnight(Leap::Delete, true);
}

fn at_midnight(leap: Leap, killed: bool) {
    const TAI: i64 = 37;
    let trial = Trial::at(noon());
    clock::tell_tai(TAI);
    let day = calendar::day(clock::now().as_secs() as i64, UTC);
    let (state, ahead) = match leap {
        Leap::Delete => (libc::TIME_DEL, TAI - 1),
        _ => (libc::TIME_INS, TAI + 1),
    };
    let flow = trial.flow().by_tai(Duration::from_secs(ahead as u64));
    let mut agent = Some(trial.agent());
    let (log, agent) = flow.during(|| {
        flow.to_midnight(Duration::from_secs(12));
        clock::announce(leap);
        pass();
        assert_eq!(clock::leap_state(), state);
        if killed && let Some(agent) = agent.take() {
            agent.kill();
        }
        thread::sleep(Duration::from_secs(12));
        let difference = (clock::tai() - clock::now()).as_secs_f64();
        assert_eq!(difference.round(), ahead as f64);
        clock::announce(Leap::None);
        let agent = agent.take().unwrap_or_else(|| trial.agent());
        pass();
        agent
    });
    agent.stop();
    clock::tell_tai(TAI);
    let coverage = trial.check(&log, own_day);
    println!("  {} of the day's last second", log.in_last_second);
    assert!(log.in_last_second > 0, "nothing was sent in that second");
    let dates: Vec<&str> = coverage.iter().map(|row| row.date.as_str()).collect();
    assert_eq!(dates, [day, day + 1].map(calendar::date));
    let notes: Vec<&str> = coverage.iter().map(|day| day.note.as_str()).collect();
    assert!(notes.iter().any(|note| note.contains("a leap second")));
    // The driver's own, to shortly before midnight.
    let steps: usize = notes
        .iter()
        .map(|note| note.matches("was set by").count())
        .sum();
    assert_eq!(steps, 1, "{notes:?}");
}
