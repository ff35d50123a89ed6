//! What the queries of the figures share, script by script, in the order in which one needs the other. Two of them only other engines
//! run: what the files of `ports` add up to is already known here.

use std::collections::HashMap;

use anyhow::{Context as _, Result};

use crate::{
    answers::Answers,
    engine::Engine,
    parameters::{Parameters, focus_sql},
    progress::Tick,
    records::{
        Records,
        places::{Day, Shown, places},
    },
};

const COUNTED: &str = include_str!("../sql/counted.sql");
const SUMS: &str = include_str!("../sql/sums.sql");
const PREAMBLE: &str = include_str!("../sql/preamble.sql");
const SHOWN: &str = include_str!("../sql/shown.sql");
const PLACES: &str = include_str!("../sql/places.sql");
const DETAILS: &str = include_str!("../sql/details.sql");

/// Everything as SQL, for other engines: to be run after the three views of the records are defined.
pub(crate) fn script(parameters: &Parameters, focus: &[String]) -> String {
    let (parameters, focus) = (parameters.sql(), focus_sql(focus));
    [
        &parameters,
        COUNTED,
        SUMS,
        PREAMBLE,
        &focus,
        SHOWN,
        PLACES,
        DETAILS,
    ]
    .join("\n")
}

/// Defines what is known before it is decided which ports are looked at more closely.
pub(crate) fn totals(engine: &Engine, parameters: &Parameters, records: &Records) -> Result<()> {
    engine.define(&parameters.sql())?;
    engine.define(COUNTED)?;
    engine.define_sums(&records.sums, parameters.month)?;
    engine.define(PREAMBLE)
}

/// Defines what is looked at more closely.
pub(crate) fn details(
    engine: &Engine,
    records: &Records,
    focus: &[String],
    read: &Tick,
) -> Result<()> {
    engine.define(&focus_sql(focus))?;
    engine.define(SHOWN)?;
    let mut answers = Answers::default();
    for (id, query) in [
        ("types", "SELECT port_type, port FROM shown_types"),
        ("focus", "SELECT port, place FROM focus_ports"),
        (
            "days",
            "SELECT d.date, d.point, d.ago, d.baseline, CASE WHEN w.date IS NULL THEN 0 ELSE 1 END AS plain \
             FROM counted d LEFT JOIN plain w ON w.date = d.date AND w.point = d.point \
             WHERE d.ago <= 1 OR d.baseline = 1 ORDER BY d.point, d.date",
        ),
    ] {
        answers.insert(id, engine.ask(query)?);
    }
    let types = answers.rows("types");
    let text = |text: &str| text.to_owned();
    let shown = Shown {
        types: types
            .map(|row| (text(row.text("port_type")), text(row.text("port"))))
            .collect(),
        focus: answers
            .rows("focus")
            .map(|row| (text(row.text("port")), row.count("place")))
            .collect(),
    };
    let files = records.point_days.iter();
    let files: HashMap<_, _> = files
        .map(|day| ((day.date, day.point.as_str()), day.ports.as_path()))
        .collect();
    let days = answers.rows("days").map(|row| {
        let (date, point) = (row.date("date").context("a day")?, row.text("point"));
        Ok(Day {
            date,
            point,
            file: files.get(&(date, point)).context("a day without a file")?,
            is_now: row.count("ago") == 0,
            is_before: row.count("ago") == 1,
            is_baseline: row.count("baseline") == 1,
            is_plain: row.count("plain") == 1,
        })
    });
    let points = places(&shown, &days.collect::<Result<Vec<_>>>()?, &**read)?;
    engine.define_places(points, &shown)?;
    engine.define(DETAILS)
}
