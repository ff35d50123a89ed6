//! Section 4: what the ports are.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{
    draft::{count, table, text},
    model::{Block, Section},
    study::Study,
};
use crate::{
    explanations,
    words::{Words, enumeration},
};

pub(super) fn section(study: &Study<'_>) -> Section {
    let month = study.month.name();
    let rows = study.answers.rows("ports").map(|row| {
        let port = row.text("port");
        vec![
            text(port),
            count(row.count("accesses")),
            text(explanation(study, port)),
        ]
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        let words = format!("There is nothing to explain: in {month} no accesses were counted.");
        let blocks = vec![Block::Paragraph(Words::new(words).done())];
        return study.section(
            "explanations",
            "Supplementary explanations",
            blocks,
            Vec::new(),
        );
    }
    let words = format!(
        "The table explains the destinations (port types) that were accessed most in {month}. What a port is used for does not say what each access to it wanted."
    );
    let mut blocks = vec![
        Block::Paragraph(Words::new(words).done()),
        Block::Table(table(
            format!("Port types accessed most in {month}"),
            &["Port type", "#Accesses", "Interpretation"],
            rows,
        )),
    ];
    blocks.extend(sources(study).map(|words| Block::Note(Words::new(words).done())));
    study.section(
        "explanations",
        "Supplementary explanations",
        blocks,
        Vec::new(),
    )
}

/// The analyst's words, else the list's; of a group, those of its ports, each named if they differ.
fn explanation(study: &Study<'_>, port: &str) -> String {
    if let Some(words) = study.edition.ports.get(port) {
        return words.clone();
    }
    if let Some(ports) = study.edition.port_groups.get(port) {
        let mut of: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for port in ports {
            of.entry(explanation(study, port))
                .or_default()
                .push(port.clone());
        }
        let several = of.len() > 1;
        let told = of.into_iter().map(|(words, ports)| match several {
            true => format!("{}: {words}", enumeration(&ports)),
            false => words,
        });
        return told.collect::<Vec<_>>().join(" ");
    }
    explanations::of(port).map_or_else(
        || {
            "No common use of this port is known to the list; why it was accessed is not known."
                .to_owned()
        },
        ToOwned::to_owned,
    )
}

/// Who says so; nothing if nobody says anything.
fn sources(study: &Study<'_>) -> Option<String> {
    let groups = &study.edition.port_groups;
    let explained = &study.edition.ports;
    let shown: Vec<_> = study
        .answers
        .rows("ports")
        .map(|row| row.text("port"))
        .collect();
    let own = shown.iter().any(|port| {
        explained.contains_key(*port)
            || groups
                .get(*port)
                .is_some_and(|ports| ports.iter().any(|port| explained.contains_key(port)))
    });
    let others = shown.iter().filter(|port| !explained.contains_key(**port));
    let ports = others.flat_map(|port| {
        let of_group = groups.get(*port).cloned();
        of_group.unwrap_or_else(|| vec![(*port).to_owned()])
    });
    let list = explanations::list();
    let keys: BTreeSet<_> = ports
        .filter(|port| !explained.contains_key(port))
        .filter_map(|port| list.ports.get(&port))
        .flat_map(|explanation| &explanation.of)
        .collect();
    let named: Vec<_> = keys
        .into_iter()
        .filter_map(|key| list.sources.get(key))
        .map(String::as_str)
        .collect();
    match (named.join("; "), own) {
        (named, false) if named.is_empty() => None,
        (named, true) if named.is_empty() => {
            Some("The interpretations are the publisher’s own.".to_owned())
        }
        (named, false) => Some(format!("Sources of the interpretations: {named}.")),
        (named, true) => Some(format!(
            "Sources of the interpretations, apart from the publisher’s own: {named}."
        )),
    }
}
