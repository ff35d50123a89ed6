//! Section 1.1: what was watched.

use super::super::{
    model::{Block, Section},
    study::Study,
};
use crate::{
    records::{Consequence, Table},
    rounding::{self, point_days, share},
    words::{Words, capital, counted, form, form_of, in_words, many},
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
    let all_refused = study
        .answers
        .rows("coverage")
        .filter(|row| row.count("recorded") == 0)
        .count() as i64;
    let of_them = match all_refused {
        0 => String::new(),
        refused => format!(", {} of them only such as were refused", in_words(refused)),
    };
    let mut words = format!(
        "{} had records of {}{of_them}: {} {} to be expected, {} {} valid ({} %).",
        capital(&many(points, "monitoring point", "monitoring points")),
        study.month.name(),
        counted(expected, "point-day", "point-days"),
        form(expected, "was", "were"),
        point_days(now.valid_seconds),
        form_of(&point_days(now.valid_seconds).to_string(), "was", "were"),
        share(now.valid_seconds, expected * rounding::DAY)
            .map_or_else(|| "–".to_owned(), |share| share.to_string())
    );
    for (column, what) in [
        ("maintenance_days", "maintenance"),
        ("left_out_days", "left out by choice"),
        ("refused_days", "with records that were refused"),
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
    let missing = expected - sum("recorded") - sum("refused_days");
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
            "On {} some sources found no room to be counted: there were at least so many sources as this report says. The accesses are counted in full.",
            many(lower_bound, "point-day", "point-days")
        );
        blocks.push(Block::Note(Words::new(words).done()));
    }
    let missed = sum("missed");
    if missed > 0 {
        let words = format!(
            "The interfaces dropped {} before they could be seen.",
            counted(missed, "packet", "packets")
        );
        blocks.push(Block::Note(Words::new(words).done()));
    }
    let unverified = |table: Table| {
        let folder = format!("{}/", table.name());
        let problems = study.problems.iter().filter(|problem| {
            problem.consequence == Consequence::Unverified && problem.file.starts_with(&folder)
        });
        problems.count() as i64
    };
    let without_hash = [
        (Table::Coverage, "coverage record", "coverage records"),
        (Table::Sources, "file of sources", "files of sources"),
    ]
    .map(|(table, one, several)| (unverified(table), one, several));
    let without_hash = without_hash.into_iter().filter(|(count, ..)| *count > 0);
    let without_hash: Vec<_> = without_hash
        .map(|(count, one, several)| many(count, one, several))
        .collect();
    if !study.verified {
        blocks.push(Block::Note(Words::new("The records were not compared with their hashes, by choice: these figures are unverified.").done()));
    } else if !without_hash.is_empty() {
        let words = format!(
            "There is no hash of {}: unverified.",
            without_hash.join(" and ")
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
