//! Section 2: accesses observed in the month.

use super::{
    super::{
        figures::days::{ACCESSES, SOURCES},
        model::{Block, Section},
        study::{OTHER, Study, Thing},
    },
    sources,
};
use crate::{
    countries::in_sentence,
    rounding::share,
    words::{Words, counted, enumeration, in_words},
};

const ROUNDED: &str =
    "All shares are rounded to one decimal place, so they may not add up to 100 per cent.";

pub(super) fn section(study: &Study<'_>) -> Section {
    let month = study.month.name();
    study.section(
        "observed",
        format!("Unsolicited accesses observed in {month}"),
        Vec::new(),
        vec![
            days(study),
            shares(study),
            countries(study),
            points(study),
            sources::section(study),
            backscatter(study),
        ],
    )
}

pub(super) fn note(text: &str) -> Block {
    Block::Note(Words::new(text).done())
}

/// `: first 445/tcp (40.1 %), 1433/tcp (9.5 %) and …` of a figure of shares; nothing of nothing.
fn first(study: &Study<'_>, id: &str, thing: Thing, column: &str) -> String {
    let rows = || study.answers.rows(id);
    let whole: i64 = rows().map(|row| row.count(column)).sum();
    let first: Vec<_> = rows()
        .filter(|row| row.text(thing.column()) != OTHER)
        .take(3)
        .filter_map(|row| {
            let share = share(row.count(column), whole).filter(|share| !share.is_zero())?;
            let name = match thing {
                Thing::Port => row.text("port").to_owned(),
                Thing::Country => in_sentence(row.text("country")),
            };
            Some(format!("{name} ({share} %)"))
        })
        .collect();
    if first.is_empty() {
        return String::new();
    }
    let of = match column == "sources" && study.now().is_lower_bound() {
        true => "of those that were counted, ",
        false => "",
    };
    format!(": {of}first {}", enumeration(&first))
}

fn days(study: &Study<'_>) -> Section {
    let words = Words::default()
        .figure("2-1")
        .text(format!(
            " shows the accesses of each day of {}, ",
            study.month.name()
        ))
        .figure("2-2")
        .text(" the sources, by destination (port type).");
    study.section(
        "days",
        "Day by day, by destination (port type)",
        vec![
            Block::Paragraph(words.done()),
            study.by_day("2-1", Thing::Port, ACCESSES),
            study.by_day("2-2", Thing::Port, SOURCES),
        ],
        Vec::new(),
    )
}

fn shares(study: &Study<'_>) -> Section {
    let words = Words::default()
        .figure("2-3")
        .text(format!(
            " breaks the accesses down by destination{}. ",
            first(study, "2-3", Thing::Port, "accesses")
        ))
        .figure("2-4")
        .text(format!(
            " does so with the sources{}.",
            first(study, "2-4", Thing::Port, "sources")
        ));
    study.section(
        "shares",
        "Shares of each destination (port type)",
        vec![
            Block::Paragraph(words.done()),
            note(ROUNDED),
            study.shares("2-3", Thing::Port, ACCESSES),
            study.shares("2-4", Thing::Port, SOURCES),
            study.places("ports", Thing::Port),
        ],
        Vec::new(),
    )
}

fn countries(study: &Study<'_>) -> Section {
    let accesses = study.now().accesses;
    let unknown = study
        .answers
        .rows("countries")
        .find(|row| row.text("country") == "ZZ");
    let unknown = unknown.map_or(0, |row| row.count("accesses"));
    let without = study.answers.rows("dispositions").next();
    let overflow = match without.map_or(0, |row| row.count("overflow")) {
        0 => "",
        _ => ", those that found no room for their source among them",
    };
    let words = Words::default()
        .figure("2-5")
        .text(" and ")
        .figure("2-6")
        .text(format!(
            " show the accesses by source country{}. ",
            first(study, "2-6", Thing::Country, "accesses")
        ))
        .figure("2-7")
        .text(" and ")
        .figure("2-8")
        .text(format!(
            " show the sources{}. ",
            first(study, "2-8", Thing::Country, "sources")
        ))
        .text(match share(unknown, accesses) {
            None => String::new(),
            Some(_) if unknown == 0 => "Of every access the country is named.".to_owned(),
            Some(part) => format!("Of {part} % of the accesses the country is unknown{overflow}."),
        });
    study.section(
        "countries",
        "By source country",
        vec![
            Block::Paragraph(words.done()),
            note("A source’s country is where its address is registered, by the database named in section 5; it says nothing about who sends, and sources of UDP and of single packets may be forged."),
            note(ROUNDED),
            study.by_day("2-5", Thing::Country, ACCESSES),
            study.shares("2-6", Thing::Country, ACCESSES),
            study.by_day("2-7", Thing::Country, SOURCES),
            study.shares("2-8", Thing::Country, SOURCES),
            study.places("countries", Thing::Country),
        ],
        Vec::new(),
    )
}

fn points(study: &Study<'_>) -> Section {
    let watched = study.now().points;
    let top = || study.answers.rows("ports").take(10);
    let looked_at = top().count() as i64;
    let few: Vec<_> = top()
        .filter(|row| {
            row.integer("points_that_saw_it")
                .is_some_and(|seen| seen < row.count("points"))
        })
        .map(|row| {
            format!(
                "{} ({} of {})",
                row.text("port"),
                row.count("points_that_saw_it"),
                row.count("points")
            )
        })
        .collect();
    let words = Words::default()
        .figure("points")
        .text(" shows each point’s accesses per day, ")
        .figure("spread")
        .text(" how the points differ. ");
    let words = match (looked_at, few.is_empty()) {
        (0, _) => words,
        _ if watched < 2 => words,
        (1, true) => words.text("The one port accessed was seen at every point."),
        (ports, true) => words.text(format!(
            "Each of the {} most accessed ports was seen at every point.",
            in_words(ports)
        )),
        (1, false) => words.text(format!("Not every point saw {}.", enumeration(&few))),
        (ports, false) => words.text(format!(
            "Of the {} most accessed ports, not every point saw {}.",
            in_words(ports),
            enumeration(&few)
        )),
    };
    study.section(
        "points",
        "Point by point",
        vec![
            Block::Paragraph(words.done()),
            study.points(),
            study.spread(),
        ],
        Vec::new(),
    )
}

fn backscatter(study: &Study<'_>) -> Section {
    let rows = || study.answers.rows("backscatter-days");
    let sum = |column: &str| rows().map(|row| row.count(column)).sum::<i64>();
    let words = Words::new(format!(
        "Apart from accesses, {} of backscatter and {} arrived (",
        counted(sum("backscatter"), "packet", "packets"),
        counted(sum("stray"), "stray", "strays")
    ))
    .figure("backscatter-days")
    .text("). Backscatter is answers to packets that the points never sent, such as those of a service that is attacked with forged sources. ")
    .figure("backscatter")
    .text(" names the services by the port that answered. Strays are TCP packets in the midst of no known conversation. Neither is counted as an access; besides here they stand in ")
    .figure("dispositions")
    .text(" only.");
    study.section(
        "backscatter",
        "Backscatter and strays",
        vec![
            Block::Paragraph(words.done()),
            study.backscatter_by_day(),
            study.backscatter(),
        ],
        Vec::new(),
    )
}
