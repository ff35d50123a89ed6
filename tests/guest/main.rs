//! The first process of a virtual machine of its own (`cargo xtask guest`): it sets the machine's
//! clock as no clock should ever be set, and compares what the agent has recorded with what was sent.

mod absence;
mod calendar;
mod clock;
mod flow;
mod leap;
mod machine;
mod steps;
mod takeover;
mod trial;

use std::{panic, process::ExitCode, time::Instant};

/// Every scenario by name, in the order in which they are run.
const SCENARIOS: [(&str, fn()); 19] = [
    (
        "filter_replaced_in_place",
        takeover::filter_replaced_in_place,
    ),
    ("steps_of_seconds_and_hours", steps::of_seconds_and_hours),
    (
        "step_across_midnight_and_back",
        steps::across_midnight_and_back,
    ),
    ("step_back_into_an_open_day", steps::back_into_an_open_day),
    ("steps_of_days", steps::of_days),
    (
        "a_year_ahead_for_a_moment",
        steps::a_year_ahead_for_a_moment,
    ),
    ("days_follow_the_clock_at_once", steps::days_follow_at_once),
    ("booted_in_1970", steps::booted_in_1970),
    ("back_to_1970", steps::back_to_1970),
    ("step_without_an_agent", steps::without_an_agent),
    ("step_back_without_an_agent", steps::back_without_an_agent),
    ("nine_days_without_an_agent", absence::nine_days),
    ("days_of_23_and_25_hours", absence::days_of_23_and_25_hours),
    (
        "midnights_of_23_and_25_hours",
        absence::midnights_of_23_and_25_hours,
    ),
    ("tai_is_told_near_midnight", leap::tai_is_told),
    ("leap_second_inserted", leap::inserted),
    (
        "leap_second_inserted_without_an_agent",
        leap::inserted_without_an_agent,
    ),
    ("leap_second_left_out", leap::left_out),
    (
        "leap_second_left_out_without_an_agent",
        leap::left_out_without_an_agent,
    ),
];

fn main() -> ExitCode {
    let Some(filter) = machine::filter() else {
        eprintln!(
            "this sets the clock of the machine that it runs on: it is the first process of a virtual \
             machine, see `cargo xtask guest`"
        );
        return ExitCode::from(2);
    };
    machine::set_up();
    for (name, scenario) in SCENARIOS
        .into_iter()
        .filter(|(name, _)| filter.split(',').any(|part| name.contains(part)))
    {
        println!("GUEST begins {name}");
        let began = Instant::now();
        let verdict = match panic::catch_unwind(scenario) {
            Ok(()) => "passed",
            Err(_) => "FAILED",
        };
        println!(
            "GUEST {verdict} {name} ({:.0} s)",
            began.elapsed().as_secs_f64()
        );
    }
    println!("GUEST done");
    machine::power_off()
}
