//! Sections 1.2 and 1.5: accesses and sources per point and day.

use super::{
    super::{
        model::{Block, Section},
        study::Study,
    },
    rate,
};
use crate::{
    answers::Row,
    month::Month,
    rounding::{Counted, change},
    words::Words,
};

pub(super) fn section(study: &Study<'_>) -> Section {
    let now = study.now();
    let mut words = Words::default()
        .figure("1-1")
        .text(" shows accesses and sources per point and day, month by month. ");
    words = match study.totals(1) {
        Some(before) => words.text(format!(
            "Against {}, {}, and {}.",
            before.month.name(),
            moved(
                "accesses per point and day",
                now.accesses(),
                before.accesses()
            ),
            moved("sources", now.sources(), before.sources())
        )),
        None => words.text(format!(
            "There are no records of {} to compare with.",
            study.month_before().name()
        )),
    };
    if let Some(year) = study.totals(12) {
        words = words.text(format!(
            " Against {}, {}, and {}.",
            year.month.name(),
            moved("accesses", now.accesses(), year.accesses()),
            moved("sources", now.sources(), year.sources())
        ));
    }
    study.section(
        "averages",
        "Accesses and sources per point and day",
        vec![
            Block::Paragraph(words.done()),
            study.averages("1-1"),
            study.change(),
        ],
        Vec::new(),
    )
}

/// `accesses fell by 25.1 % (from 458 to 343)`.
fn moved(what: &str, now: Counted, before: Counted) -> String {
    let span = format!("from {} to {}", rate(before), rate(now));
    match change(now, before) {
        None => format!("{what} went {span}"),
        Some(change) if change.is_zero() => format!("{what} stayed the same ({})", rate(now)),
        Some(change) => {
            let verb = if change.is_negative() { "fell" } else { "rose" };
            format!("{what} {verb} by {} % ({span})", change.size())
        }
    }
}

pub(super) fn history(study: &Study<'_>) -> Section {
    let months: Vec<_> = study.answers.rows("2.2.1").collect();
    let first = months
        .first()
        .and_then(|row| row.text("month").parse::<Month>().ok());
    let mut words = Words::default();
    if let Some(first) = first {
        words = words.text(format!("The records begin in {}. ", first.name()));
    }
    let rated = |row: &Row<'_>| Counted {
        figure: row.count("accesses"),
        valid_seconds: row.count("valid_seconds"),
    };
    let name = |row: &Row<'_>| {
        row.text("month")
            .parse::<Month>()
            .map_or_else(|_| String::new(), Month::name)
    };
    let rateable = || months.iter().filter(|row| row.count("valid_seconds") > 0);
    let most = rateable().max_by(|one, other| {
        rated(one)
            .beside(rated(other))
            .cmp(&rated(other).beside(rated(one)))
    });
    let least = rateable().min_by(|one, other| {
        rated(one)
            .beside(rated(other))
            .cmp(&rated(other).beside(rated(one)))
    });
    if let (Some(most), Some(least), true) = (most, least, months.len() > 1) {
        words = words.text(format!(
            "Since then, accesses per point and day were most in {} ({}) and least in {} ({}). ",
            name(most),
            rate(rated(most)),
            name(least),
            rate(rated(least))
        ));
    }
    words = words
        .figure("2.2.1")
        .text(" shows all months, ")
        .figure("2.2.2")
        .text(" the last five.");
    study.section(
        "history",
        "Since monitoring began",
        vec![
            Block::Paragraph(words.done()),
            study.averages("2.2.1"),
            study.averages("2.2.2"),
        ],
        Vec::new(),
    )
}
