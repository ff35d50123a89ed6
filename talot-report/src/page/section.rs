//! Sections, paragraphs and what stands in a line.

use maud::{Markup, html};

use super::{figure, markdown, table};
use crate::report::model::{Block, Inline, Section};

/// A section whose heading is of this level (2 to 6), with its subsections one level below.
pub(crate) fn draw(part: &Section, level: u8) -> Markup {
    html! {
        section id=(part.id) {
            (heading(level, &html! { span.number { (part.number) } " " (part.title) }))
            @for block in &part.blocks { (self::block(block, level)) }
            @for below in &part.sections { (draw(below, (level + 1).min(6))) }
        }
    }
}

fn heading(level: u8, content: &Markup) -> Markup {
    html! {
        @match level {
            2 => h2 { (content) },
            3 => h3 { (content) },
            4 => h4 { (content) },
            5 => h5 { (content) },
            _ => h6 { (content) },
        }
    }
}

fn block(block: &Block, level: u8) -> Markup {
    html! {
        @match block {
            Block::Paragraph(text) => p { (line(text)) },
            Block::Note(text) => p.note { (line(text)) },
            Block::List(items) => ul { @for item in items { li { (line(item)) } } },
            Block::Analyst(text) => div.analyst { (markdown::draw(text, level + 1)) },
            Block::Figure(figure) => (figure::draw(figure)),
            Block::Table(table) => div.table { (table::draw(table, &table.caption)) },
        }
    }
}

/// The content of a line.
pub(crate) fn line(pieces: &[Inline]) -> Markup {
    html! {
        @for piece in pieces {
            @match piece {
                Inline::Text(text) => (text),
                Inline::Strong(text) => strong { (text) },
                Inline::Code(text) => code { (text) },
                Inline::Link { text, href } => {
                    @if markdown::is_safe(href) { a href=(href) { (text) } } @else { (text) }
                },
                Inline::Figure { id, text } => a.mention href={ "#" (anchor(id)) } { (text) },
            }
        }
    }
}

/// The words of a line, without what makes them look special.
pub(crate) fn plain(pieces: &[Inline]) -> String {
    let words = pieces.iter().map(|piece| match piece {
        Inline::Text(text) | Inline::Strong(text) | Inline::Code(text) => text,
        Inline::Link { text, .. } | Inline::Figure { text, .. } => text,
    });
    words.map(String::as_str).collect()
}

/// Where a figure is found in the page.
pub(crate) fn anchor(figure: &str) -> String {
    format!("figure-{figure}")
}
