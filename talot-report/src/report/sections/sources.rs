//! Section 2.5: the sources more closely.

use super::{
    super::{
        figures::plain::{PlainPart, shown},
        model::{Block, Inline, Section},
        study::Study,
    },
    observed::note,
};
use crate::{
    rounding::{self, share},
    words::{self, Words, counted},
};

pub(super) fn section(study: &Study<'_>) -> Section {
    if !study.has_addresses() {
        let words = format!(
            "Distinct addresses, their concentration, new and returning ones, scanners’ marks and networks cannot be told: {}.",
            study.why_no_addresses()
        );
        let mut blocks = vec![Block::Paragraph(Words::new(words).done())];
        blocks.extend(study.of_plain_sources().into_iter().map(Block::Note));
        return study.section("sources", "The sources more closely", blocks, Vec::new());
    }
    let whole = study
        .answers
        .rows("addresses")
        .find(|row| row.date("date").is_none());
    let figure = |column: &str| whole.as_ref().map_or(0, |row| row.count(column));
    let busiest = study.answers.rows("concentration").next();
    let of_busiest = |column: &str| busiest.as_ref().map_or(0, |row| row.count(column));
    let part = |column: &str| share(of_busiest(column), of_busiest("accesses"));
    let scope = study.plain_part().map(|PlainPart { days, accesses }| {
        format!(
            "On {days} (those whose sources are written as they are, with {accesses} % of all accesses), "
        )
    });
    let (addresses, bound) = (figure("addresses"), study.now().is_lower_bound());
    let sources = counted(figure("sources"), "source", "sources");
    let distinct = counted(addresses, "distinct address", "distinct addresses");
    let scope = scope.unwrap_or_default();
    let words = match bound {
        true => format!("{scope}there were at least {sources} and at least {distinct} ("),
        false => {
            let were = words::form(figure("sources"), "was", "were");
            format!("{scope}the {sources} {were} {distinct} (")
        }
    };
    let mut words = Words::new(words::capital(&words))
    .figure("addresses")
    .text(if bound {
        "). ".to_owned()
    } else {
        format!(
            "): {} {} on average. ",
            if addresses == 1 { "it was a source" } else { "each was a source" },
            words::of(&shown(study.sources_per_address()), "time", "times")
        )
    })
    .text(if addresses > 10 {
        format!(
            "The ten busiest addresses sent {} % of the accesses, the busiest hundredth ({}) {} % (",
            shown(part("of_first_10")),
            words::many(of_busiest("first_hundredth"), "address", "addresses"),
            shown(part("of_first_hundredth"))
        )
    } else {
        format!("The busiest address sent {} % of the accesses (", shown(part("of_first")))
    })
    .figure("concentration")
    .text("). ");
    let before = |column: &str| -> i64 {
        let forms = study.answers.rows("forms");
        let forms = forms.filter(|row| row.count("ago") == 1);
        forms.map(|row| row.count(column)).sum()
    };
    let known_before = before("plain") > 0;
    let mut blocks = Vec::new();
    if known_before {
        let of = |kind: &str| {
            let rows = || study.answers.rows("returning");
            let whole: i64 = rows().map(|row| row.count("addresses")).sum();
            let part: i64 = rows()
                .filter(|row| row.text("addresses_are") == kind)
                .map(|row| row.count("addresses"))
                .sum();
            share(part, whole)
        };
        words = words
            .text(format!(
                "Of the addresses, {}{} % had been seen in {} too (",
                if before("plain") < before("point_days") {
                    "at least "
                } else {
                    ""
                },
                shown(of("returning")),
                study.month_before().name()
            ))
            .figure("returning")
            .text("). ");
    }
    blocks.push(Block::Paragraph(words.done()));
    blocks.push(study.addresses());
    blocks.push(study.concentration());
    if known_before {
        let name = study.month_before().name();
        let title = format!("New and returning addresses, {}", study.month.name());
        let note: Vec<Inline> = Words::new(format!(
            "Returning: seen in {name} too, at any point. New: not seen then."
        ))
        .done();
        let mut notes = vec![note];
        if before("plain") < before("point_days") {
            let words = format!(
                "In {name}, sources are written as they are on {} of {} days of points only (the others are: {}), so more of the addresses may be returning ones.",
                rounding::count(before("plain")),
                rounding::count(before("point_days")),
                study.other_forms(1)
            );
            notes.push(Words::new(words).done());
        }
        blocks.push(study.kinds("returning", "addresses_are", "Addresses", title, notes));
    } else {
        let name = study.month_before().name();
        let why = match before("point_days") {
            0 => format!("of {name} no day counts"),
            _ => format!(
                "of {name} no sources are written as they are: they are {}",
                study.other_forms(1)
            ),
        };
        blocks.push(note(&format!(
            "New and returning addresses cannot be told apart: {why}."
        )));
    }
    let title = format!("IPv4 and IPv6, {}", study.month.name());
    blocks.push(study.kinds("families", "family", "Internet protocol", title, Vec::new()));
    blocks.push(study.marks());
    blocks.push(study.networks());
    study.section("sources", "The sources more closely", blocks, Vec::new())
}
