//! The table of contents, and the list of figures.

use maud::{Markup, html};

use super::section;
use crate::report::model::{Block, Document, Figure, Section};

/// The navigation beside, or on a small screen above, the report.
pub(crate) fn draw(document: &Document) -> Markup {
    let figures: Vec<_> = document.sections.iter().flat_map(figures).collect();
    html! {
        nav.contents aria-label="Contents" {
            h2 { "Contents" }
            (list(&document.sections))
            @if !figures.is_empty() {
                details {
                    summary { "List of figures" }
                    ul.figures {
                        @for figure in figures {
                            li {
                                a href={ "#" (section::anchor(&figure.id)) } {
                                    span.number { (figure.label) } " " span { (figure.title) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn list(sections: &[Section]) -> Markup {
    html! {
        ol {
            @for part in sections {
                li {
                    a href={ "#" (part.id) } { span.number { (part.number) } " " span { (part.title) } }
                    @if !part.sections.is_empty() { (list(&part.sections)) }
                }
            }
        }
    }
}

fn figures(part: &Section) -> Vec<&Figure> {
    let own = part.blocks.iter().filter_map(|block| match block {
        Block::Figure(figure) => Some(&**figure),
        _ => None,
    });
    own.chain(part.sections.iter().flat_map(figures)).collect()
}
