//! Section 4: what the ports are.

use std::collections::BTreeSet;

use super::super::{
    draft::{count, table, text},
    model::{Block, Section},
    study::Study,
};
use crate::{explanations, words::Words};

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
    let words = format!(
        "The table explains the destinations (port types) that were accessed most in {month}. What a port is used for does not say what each access to it wanted."
    );
    study.section(
        "explanations",
        "Supplementary explanations",
        vec![
            Block::Paragraph(Words::new(words).done()),
            Block::Table(table(
                format!("Port types accessed most in {month}"),
                &["Port type", "#Accesses", "Interpretation"],
                rows.collect(),
            )),
            Block::Note(Words::new(sources(study)).done()),
        ],
        Vec::new(),
    )
}

/// The analyst's words, else the list's; of a group, those of its ports.
fn explanation(study: &Study<'_>, port: &str) -> String {
    if let Some(words) = study.edition.ports.get(port) {
        return words.clone();
    }
    if let Some(ports) = study.edition.port_groups.get(port) {
        let words: BTreeSet<_> = ports.iter().map(|port| explanation(study, port)).collect();
        return words.into_iter().collect::<Vec<_>>().join(" ");
    }
    explanations::of(port).map_or_else(
        || {
            "No common use of this port is known to the list; why it was accessed is not known."
                .to_owned()
        },
        ToOwned::to_owned,
    )
}

/// Who says so.
fn sources(study: &Study<'_>) -> String {
    let groups = &study.edition.port_groups;
    let ports = study.answers.rows("ports").flat_map(|row| {
        let port = row.text("port");
        groups
            .get(port)
            .cloned()
            .unwrap_or_else(|| vec![port.to_owned()])
    });
    let list = explanations::list();
    let keys: BTreeSet<_> = ports
        .filter(|port| !study.edition.ports.contains_key(port))
        .filter_map(|port| list.ports.get(&port))
        .flat_map(|explanation| &explanation.of)
        .collect();
    let named: Vec<_> = keys
        .into_iter()
        .filter_map(|key| list.sources.get(key))
        .map(String::as_str)
        .collect();
    if named.is_empty() {
        return "The interpretations are the publisher’s own.".to_owned();
    }
    format!("Sources of the interpretations: {}.", named.join("; "))
}
