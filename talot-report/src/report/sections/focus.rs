//! Section 1.4: the ports in focus.

use super::super::{
    model::{Block, Section},
    study::Study,
};
use crate::{
    countries,
    rounding::share,
    words::{self, Words, enumeration},
};

pub(super) fn section(study: &Study<'_>) -> Section {
    if study.focus.is_empty() {
        let words = Words::new("No accesses were counted, so no port is in focus.");
        return study.section(
            "focus",
            "Ports in focus",
            vec![Block::Paragraph(words.done())],
            Vec::new(),
        );
    }
    let ports = enumeration(study.focus);
    let why = if study.edition.focus.is_empty() {
        let moved = study
            .moves()
            .iter()
            .any(|each| study.focus.iter().any(|port| port == each.port) && each.exact() != 0);
        match study.totals(1).filter(|_| moved) {
            Some(_) if study.focus.len() == 1 => {
                "the port whose accesses per point and day changed most"
            }
            Some(_) => "the ports whose accesses per point and day changed most",
            None if study.focus.len() == 1 => "the most accessed port",
            None => "the most accessed ports",
        }
    } else {
        "chosen by the publisher"
    };
    let mut words = Words::new(format!("In focus: {ports}, {why}. "));
    let countries: Vec<_> = study
        .answers
        .rows("2.1.1")
        .map(|row| (row.count("accesses"), row.text("country")))
        .collect();
    let all: i64 = countries.iter().map(|(accesses, _)| accesses).sum();
    if all > 0 {
        words = words
            .text(format!(
                "{} {} {} (",
                words::counted(all, "access came", "accesses came"),
                if study.focus.len() == 1 {
                    "to it"
                } else {
                    "to them"
                },
                countries::origins(&countries, 3)
            ))
            .figure("2.1.1")
            .text("); ")
            .figure("2.1.2")
            .text(" shows them day by day.");
    } else {
        words = words.text("Nothing came to them in this month.");
    }
    let mut blocks = vec![
        Block::Paragraph(words.done()),
        study.focus_by_country(),
        study.focus_by_day(),
    ];
    let knocks: Vec<_> = study.answers.rows("knocks").collect();
    if knocks.is_empty() {
        let why = if study.has_addresses() {
            "on the days of points whose sources are written as they are, none came to these ports"
        } else {
            study.why_no_addresses()
        };
        let words = format!("How often a single source knocks cannot be said: {why}.");
        blocks.push(Block::Note(Words::new(words).done()));
    } else {
        let sources = match study.now().is_lower_bound() {
            true => "counted source",
            false => "source",
        };
        let told: Vec<_> = knocks
            .iter()
            .filter_map(|row| {
                let several = row.count("sources") - row.count("once");
                if several == 0 {
                    let port = row.text("port");
                    return Some(format!(
                        "no {sources} knocked more than once at {port} on one day"
                    ));
                }
                Some(format!(
                    "{} % of the {sources}s knocked more than once at {} on one day, the busiest {}",
                    share(several, row.count("sources"))?,
                    row.text("port"),
                    words::counted(row.count("most"), "time", "times")
                ))
            })
            .collect();
        let scope = study.plain_part().map_or_else(String::new, |part| {
            format!(
                "On {} (those whose sources are written as they are, with {} % of all accesses), ",
                part.days, part.accesses
            )
        });
        let words = Words::new(format!("{scope}{} (", told.join("; ")))
            .figure("knocks")
            .text(").");
        blocks.push(Block::Paragraph(words.done()));
        blocks.push(study.knocks());
    }
    blocks.extend(study.spot());
    study.section("focus", "Ports in focus", blocks, Vec::new())
}
