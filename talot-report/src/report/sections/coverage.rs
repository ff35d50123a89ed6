//! Section 1.1: what was watched.

use std::collections::BTreeSet;

use super::super::{
    model::{Block, Section},
    study::Study,
};
use crate::{
    month::Month,
    records::Consequence,
    rounding::{self, point_days, share},
    words::{Words, capital, many},
};

pub(super) fn section(study: &Study<'_>) -> Section {
    let now = study.now();
    let sum = |column: &str| {
        study
            .answers
            .rows("coverage")
            .map(|row| row.count(column))
            .sum::<i64>()
    };
    let expected = sum("days");
    let points = study.answers.rows("coverage").count() as i64;
    let mut words = format!(
        "{} had records of {}: {} point-days were to be expected, {} were valid ({} %).",
        capital(&many(points, "monitoring point", "monitoring points")),
        study.month.name(),
        rounding::count(expected),
        point_days(now.valid_seconds),
        share(now.valid_seconds, expected * rounding::DAY)
            .map_or_else(|| "–".to_owned(), |share| share.to_string())
    );
    for (column, what) in [
        ("maintenance_days", "maintenance"),
        ("left_out_days", "left out for other reasons"),
        ("down_days", "nothing observed"),
        ("partial_days", "observed in part"),
    ] {
        let days = sum(column);
        if days > 0 {
            words += &format!(
                " {}: {}.",
                capital(what),
                many(days, "point-day", "point-days")
            );
        }
    }
    let of_points: BTreeSet<_> = study
        .answers
        .rows("coverage")
        .map(|row| row.text("point"))
        .collect();
    let refused: BTreeSet<_> = study
        .refused()
        .filter(|(date, point, _)| Month::of(*date) == study.month && of_points.contains(point))
        .map(|(date, point, _)| (date, point))
        .collect();
    let missing = expected - sum("recorded") - refused.len() as i64;
    if !refused.is_empty() {
        words += &format!(
            " With records that were refused: {}.",
            many(refused.len() as i64, "point-day", "point-days")
        );
    }
    if missing > 0 {
        words += &format!(
            " Without a record, and so not observed: {}.",
            many(missing, "point-day", "point-days")
        );
    }
    words += " Every average in this report is the figure divided by the valid point-days.";
    let mut blocks = vec![Block::Paragraph(Words::new(words).done())];
    let lower_bound = sum("lower_bound_days");
    if lower_bound > 0 {
        let words = format!(
            "On {} sources found no room to be counted; the numbers of sources are lower bounds.",
            many(lower_bound, "point-day", "point-days")
        );
        blocks.push(Block::Note(Words::new(words).done()));
    }
    let missed = sum("missed");
    if missed > 0 {
        let words = format!(
            "The interfaces dropped {} packets before they could be seen.",
            rounding::count(missed)
        );
        blocks.push(Block::Note(Words::new(words).done()));
    }
    let unverified = study
        .problems
        .iter()
        .filter(|problem| problem.consequence == Consequence::Unverified)
        .count();
    if !study.verified {
        blocks.push(Block::Note(Words::new("The records were not compared with their hashes, by choice: these figures are unverified.").done()));
    } else if unverified > 0 {
        let words = format!(
            "There is no hash beside {}: unverified.",
            many(unverified as i64, "coverage record", "coverage records")
        );
        blocks.push(Block::Note(Words::new(words).done()));
    }
    blocks.push(study.coverage());
    blocks.push(study.coverage_by_day());
    blocks.extend(study.left_out());
    blocks.extend(study.problems().map(Block::Table));
    blocks.push(study.dispositions());
    study.section("coverage", "What was watched", blocks, Vec::new())
}
