//! Section 1: to the general Internet users.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{
    super::{
        model::{Block, Inline, KeyFigure, Section},
        study::{Study, Totals, reason},
    },
    averages, changes, coverage, focus, rate,
};
use crate::{
    rounding::{self, Counted, change, point_days, quotient},
    words::{self, Words, capital, enumeration, many},
};

/// The sentence that everybody reads.
pub(super) fn headline(study: &Study<'_>) -> Vec<Inline> {
    let now = study.now();
    let accesses = rate(now.accesses());
    let sources = rate(now.sources());
    let mut points = study.answers.rows("coverage");
    let lower_bound = points.any(|row| row.count("lower_bound_days") > 0);
    Words::new(format!("In {}, ", study.month.name()))
        .strong(rounding::count(now.accesses))
        .text(format!(
            " unsolicited (one-sided) accesses from {}{} sources were observed at ",
            if lower_bound { "at least " } else { "" },
            rounding::count(now.sources)
        ))
        .text(study.at_points())
        .text(": on average, ")
        .strong(format!("{accesses} accesses from {sources} sources"))
        .text(" at one monitoring point per day.")
        .done()
}

pub(super) fn key_figures(study: &Study<'_>) -> Vec<KeyFigure> {
    let now = study.now();
    let before = study.totals(1);
    let against = |side: fn(Totals) -> Counted| {
        let before = before?;
        let change = change(side(now), side(before))?;
        Some(format!(
            "{} % against {}",
            change.signed(),
            before.month.name()
        ))
    };
    let figure = |value: String, label: &str, change: Option<String>| KeyFigure {
        value,
        label: label.to_owned(),
        change: change.unwrap_or_default(),
    };
    vec![
        figure(
            rate(now.accesses()),
            "accesses per point and day",
            against(Totals::accesses),
        ),
        figure(
            rate(now.sources()),
            "sources per point and day",
            against(Totals::sources),
        ),
        figure(rounding::count(now.accesses), "accesses", None),
        figure(rounding::count(now.sources), "sources", None),
        figure(rounding::count(now.points), "monitoring points", None),
        figure(
            point_days(now.valid_seconds).to_string(),
            "valid point-days",
            None,
        ),
    ]
}

pub(super) fn section(study: &Study<'_>) -> Section {
    let now = study.now();
    let mut blocks = vec![Block::Paragraph(
        Words::new(format!(
            "Our {} counted {} unsolicited (one-sided) accesses in {}; the total number of sources was {}. This means that on average, ",
            many(now.points, "monitoring point", "monitoring points"),
            rounding::count(now.accesses),
            study.month.name(),
            rounding::count(now.sources)
        ))
        .strong(format!("{} accesses from {} sources", rate(now.accesses()), rate(now.sources())))
        .text(" were observed at ")
        .strong("one monitoring point per day")
        .text(" (")
        .figure("1-1")
        .text(").")
        .done(),
    )];
    if let Some(times) = quotient(now.accesses.into(), now.sources.into(), 0) {
        let times = if times.to_string() == "1" {
            "once".to_owned()
        } else {
            format!("{times} times")
        };
        let words = format!(
            "Put otherwise: every day {} unknown sources knock at a point, each about {times}.",
            rate(now.sources())
        );
        blocks.push(Block::Paragraph(Words::new(words).done()));
    }
    blocks.push(Block::Paragraph(environment(study)));
    blocks.push(Block::Note(
        Words::new("Access: one unsolicited packet that asks for something; a packet, not a connection. Source: a distinct address at one point, for one port type, on one day; so if one address sends several accesses to the same port type at the same point on the same day, it is one source. Sources add up over points, port types and days.").done(),
    ));
    blocks.extend(excluded(study).into_iter().map(Block::Note));
    study.section(
        "general",
        "To the general Internet users",
        blocks,
        vec![
            coverage::section(study),
            averages::section(study),
            changes::section(study),
            focus::section(study),
            averages::history(study),
        ],
    )
}

/// What the points are, and what follows for an ordinary connection.
fn environment(study: &Study<'_>) -> Vec<Inline> {
    let mut dark = 0;
    let mut points = 0;
    for row in study.answers.rows("coverage") {
        points += 1;
        dark += i64::from(row.count("dark_days") > 0);
    }
    let words = if dark == 0 {
        "The environment of each point is that of an ordinary Internet connection; it is assumed that an ordinary user’s connection receives as much.".to_owned()
    } else if dark == points {
        "All points watch unused addresses, where nobody answers; an ordinary connection may receive more or less.".to_owned()
    } else {
        format!(
            "{} of the {points} points watch unused addresses, where nobody answers; the environment of the others is that of an ordinary Internet connection, which is assumed to receive as much as they do.",
            capital(&words::in_words(dark))
        )
    };
    Words::new(words).done()
}

/// The days that were left out, and why.
fn excluded(study: &Study<'_>) -> Vec<Vec<Inline>> {
    let mut reasons: BTreeMap<String, BTreeMap<Date, Vec<&str>>> = BTreeMap::new();
    for row in study.answers.rows("left-out") {
        if let Some(date) = row.date("date") {
            let days = reasons.entry(reason(&row)).or_default();
            days.entry(date).or_default().push(row.text("point"));
        }
    }
    for (date, point, what) in study.refused() {
        let days = reasons
            .entry(format!("record refused: {what}"))
            .or_default();
        days.entry(date).or_default().push(point);
    }
    let watched = study.watched();
    let notes = reasons.into_iter().map(|(reason, days)| {
        let (whole, part): (Vec<_>, Vec<_>) = days
            .into_iter()
            .partition(|(date, _)| watched.get(date) == Some(&false));
        let mut said = Vec::new();
        if !whole.is_empty() {
            let dates: Vec<_> = whole.iter().map(|(date, _)| *date).collect();
            said.push(words::days(&dates));
        }
        let mut by_points: BTreeMap<Vec<&str>, Vec<Date>> = BTreeMap::new();
        for (date, points) in part {
            by_points.entry(points).or_default().push(date);
        }
        for (points, dates) in by_points {
            let points: Vec<_> = points.into_iter().map(ToOwned::to_owned).collect();
            let points = if points.len() > 5 {
                format!("{} points", points.len())
            } else {
                enumeration(&points)
            };
            said.push(format!("{} at {points}", words::days(&dates)));
        }
        Words::new(format!(
            "Left out of all figures ({reason}): {}. The averages are made without them.",
            said.join("; ")
        ))
        .done()
    });
    notes.collect()
}
