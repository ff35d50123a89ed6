//! Section 5: how the figures were made.

use super::super::{
    model::{Block, Section},
    study::Study,
};
use crate::{records::DEFINITION, rounding::point_days, words::Words};

pub(super) fn section(study: &Study<'_>) -> Section {
    let now = study.now();
    let notes = [
        format!(
            "Averages are figures divided by the valid point-days: {} in {}. A point’s day counts by the share of it that was observed; days of maintenance, days named as left out, and days whose records were refused count neither above nor below the line; a day without a record was not observed.",
            point_days(now.valid_seconds),
            study.month.name()
        ),
        "Numbers are rounded once, when they are written: shares and changes to one decimal place, averages to whole numbers or, below 20 and where small parts matter, to one decimal place. So parts may not add up to their whole.".to_owned(),
        "Sources are counted by the sensors before anything is anonymised; they are taken from the table “ports”. Figures of addresses, marks and networks are made from the table “sources”, where it is written as it is.".to_owned(),
        format!("Packets were classified by definition {DEFINITION} of the counting rules."),
    ];
    let recompute = Words::new("Every figure has its data (CSV) and its query (SQL) beside it. To compute them again with DuckDB, run ")
        .code("sql/records-duckdb.sql")
        .text(", ")
        .code("sql/shared.sql")
        .text(", then the figure’s query. The same records give the same report, byte for byte.");
    let mut blocks = vec![Block::List(
        notes
            .into_iter()
            .map(|note| Words::new(note).done())
            .collect(),
    )];
    blocks.push(Block::Paragraph(recompute.done()));
    blocks.push(study.databases());
    blocks.push(study.forms());
    study.section("method", "How these figures were made", blocks, Vec::new())
}

pub(super) fn provenance(study: &Study<'_>) -> Vec<(String, String)> {
    let databases: Vec<_> = study
        .answers
        .rows("databases")
        .map(|row| {
            match (
                row.text("country_database"),
                row.text("country_database_date"),
            ) {
                ("", _) => "none".to_owned(),
                (name, "") => name.to_owned(),
                (name, date) => format!("{name} ({date})"),
            }
        })
        .collect();
    let pair = |name: &str, value: String| (name.to_owned(), value);
    vec![
        pair("Month", study.month.to_string()),
        pair("Definition of the counting rules", DEFINITION.to_string()),
        pair(
            "Valid point-days",
            point_days(study.now().valid_seconds).to_string(),
        ),
        pair("Country database", databases.join(", ")),
        pair(
            "Made by",
            format!("talot-report {}", env!("CARGO_PKG_VERSION")),
        ),
    ]
}
