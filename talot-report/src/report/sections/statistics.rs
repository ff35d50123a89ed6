//! Section 3: statistical information.

use super::super::{
    figures::days::{ACCESSES, SOURCES},
    model::{Block, Section},
    study::{Study, Thing},
};
use crate::words::Words;

pub(super) fn section(study: &Study<'_>) -> Section {
    let part = |id, title: &str, figures: [&'static str; 2], thing, by: &str| {
        let [accesses, sources] = figures;
        let words = Words::default()
            .figure(accesses)
            .text(format!(" shows the shares of accesses by {by}, month by month, "))
            .figure(sources)
            .text(" those of sources. The shares are rounded to one decimal place, so they may not add up to 100 per cent.");
        study.section(
            id,
            title,
            vec![
                Block::Paragraph(words.done()),
                study.half_year(accesses, thing, ACCESSES),
                study.half_year(sources, thing, SOURCES),
            ],
            Vec::new(),
        )
    };
    study.section(
        "statistics",
        "Statistical information over six months",
        Vec::new(),
        vec![
            part(
                "half-year-ports",
                "Shares of each destination (port type)",
                ["3-1", "3-2"],
                Thing::Port,
                "destination (port type)",
            ),
            part(
                "half-year-countries",
                "Shares by source country",
                ["3-3", "3-4"],
                Thing::Country,
                "source country",
            ),
        ],
    )
}
