//! `report.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    queries,
    records::{DEFINITION, Problem},
    report::model::{Block, Cell, Document, Figure, Inline, Section, Value},
};

/// A report for programs.
#[derive(Serialize)]
struct Report<'a> {
    month: &'a str,
    title: &'a str,
    publisher: Option<&'a str>,
    published: Option<&'a str>,
    definition: i32,
    headline: String,
    focus: &'a [String],
    provenance: BTreeMap<&'a str, &'a str>,
    sections: Vec<Part<'a>>,
    figures: Vec<OfFigure<'a>>,
    problems: Vec<OfProblem<'a>>,
    files: &'a [String],
}

/// A section's words.
#[derive(Serialize)]
struct Part<'a> {
    id: &'a str,
    number: &'a str,
    title: &'a str,
    text: Vec<String>,
    figures: Vec<&'a str>,
}

#[derive(Serialize)]
struct OfFigure<'a> {
    id: &'a str,
    label: &'a str,
    number_in_2007: Option<&'a str>,
    title: &'a str,
    unit: &'a str,
    csv: &'a str,
    sql: &'a str,
    columns: &'a [String],
    rows: &'a [Vec<Value>],
    table: Shown<'a>,
}

/// The table as it is read.
#[derive(Serialize)]
struct Shown<'a> {
    columns: Vec<&'a str>,
    rows: Vec<Vec<&'a str>>,
}

#[derive(Serialize)]
struct OfProblem<'a> {
    file: &'a str,
    what: &'a str,
    consequence: String,
}

/// The report as JSON; `files` are those beside it.
pub fn report(
    document: &Document,
    focus: &[String],
    problems: &[Problem],
    files: &[String],
) -> String {
    let mut parts = Vec::new();
    let mut figures = Vec::new();
    for section in &document.sections {
        gather(section, &mut parts, &mut figures);
    }
    let pairs = document.provenance.iter();
    let report = Report {
        month: &document.month,
        title: &document.title,
        publisher: document.imprint.publisher.as_deref(),
        published: document.imprint.published.as_deref(),
        definition: DEFINITION,
        headline: plain(&document.headline),
        focus,
        provenance: pairs
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect(),
        sections: parts,
        figures,
        problems: problems.iter().map(OfProblem::of).collect(),
        files,
    };
    serde_json::to_string_pretty(&report).expect("text as keys") + "\n"
}

fn gather<'a>(section: &'a Section, parts: &mut Vec<Part<'a>>, figures: &mut Vec<OfFigure<'a>>) {
    let mut part = Part {
        id: &section.id,
        number: &section.number,
        title: &section.title,
        text: Vec::new(),
        figures: Vec::new(),
    };
    for block in &section.blocks {
        match block {
            Block::Paragraph(line) | Block::Note(line) => part.text.push(plain(line)),
            Block::List(lines) => part.text.extend(lines.iter().map(|line| plain(line))),
            Block::Analyst(words) => part.text.push(words.clone()),
            Block::Figure(figure) => {
                part.figures.push(&figure.id);
                figures.push(OfFigure::of(figure));
            }
            Block::Table(_) => {}
        }
    }
    parts.push(part);
    for section in &section.sections {
        gather(section, parts, figures);
    }
}

impl<'a> OfFigure<'a> {
    fn of(figure: &'a Figure) -> Self {
        let query = queries::query(&figure.id);
        Self {
            id: &figure.id,
            label: &figure.label,
            number_in_2007: Some(query.in_2007).filter(|number| !number.is_empty()),
            title: &figure.title,
            unit: &figure.unit,
            csv: &figure.csv,
            sql: &figure.sql,
            columns: &figure.data.columns,
            rows: &figure.data.rows,
            table: Shown {
                columns: figure
                    .table
                    .columns
                    .iter()
                    .map(|column| column.title.as_str())
                    .collect(),
                rows: figure
                    .table
                    .rows
                    .iter()
                    .map(|row| row.iter().map(text).collect())
                    .collect(),
            },
        }
    }
}

impl<'a> OfProblem<'a> {
    fn of(problem: &'a Problem) -> Self {
        Self {
            file: &problem.file,
            what: &problem.what,
            consequence: problem.consequence.to_string(),
        }
    }
}

fn text(cell: &Cell) -> &str {
    &cell.text
}

/// A line without its links.
pub(crate) fn plain(line: &[Inline]) -> String {
    let pieces = line.iter().map(|piece| match piece {
        Inline::Text(text) | Inline::Strong(text) | Inline::Code(text) => text.as_str(),
        Inline::Link { text, .. } | Inline::Figure { text, .. } => text,
    });
    pieces.collect()
}

/// What the page of back numbers needs to know of a report.
#[derive(Debug, Deserialize)]
pub struct Headline {
    /// `2011-07`.
    pub month: String,
    /// The title.
    pub title: String,
    /// The publisher.
    pub publisher: Option<String>,
    /// The sentence.
    pub headline: String,
}

/// Reads it from a `report.json`.
///
/// # Errors
/// When it is not one.
pub fn headline_of(json: &str) -> serde_json::Result<Headline> {
    serde_json::from_str(json)
}
