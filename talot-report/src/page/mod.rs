//! The page, in HTML: one file that needs no network and no script.
//!
//! All text passes through `maud`, which escapes it; the one exception is the analyst's Markdown,
//! see [`markdown`].

mod contents;
mod figure;
mod markdown;
mod section;
mod sheet;
mod table;

use maud::{Markup, html};

use crate::report::model::{BackNumber, BackNumbers, Document, Imprint, Inline, KeyFigure};

/// The report as one HTML file.
pub fn report(document: &Document) -> String {
    let description = section::plain(&document.headline);
    let body = html! {
        a.skip href="#report" { "Skip to the report" }
        header.masthead {
            @if let Some(publisher) = &document.imprint.publisher { p.publisher { (publisher) } }
            h1 { (document.title) }
            @if let Some(published) = &document.imprint.published {
                p.published { "Published " (published) }
            }
        }
        div.columns {
            (contents::draw(document))
            main #report {
                (headline(&document.headline, &document.key_figures))
                @for part in &document.sections { (section::draw(part, 2)) }
            }
        }
        (foot(&document.imprint, &document.provenance))
    };
    sheet::page(&document.title, &description, &body)
}

/// The page of back numbers.
pub fn back_numbers(back_numbers: &BackNumbers) -> String {
    let body = html! {
        header.masthead {
            @if let Some(publisher) = &back_numbers.publisher { p.publisher { (publisher) } }
            h1 { (back_numbers.title) }
        }
        main.back-numbers {
            @if back_numbers.reports.is_empty() { p { "No report has been published yet." } }
            @for year in years(&back_numbers.reports) {
                section {
                    h2 { (year_of(&year[0])) }
                    ol { @for report in year { (back_number(report)) } }
                }
            }
        }
    };
    sheet::page(&back_numbers.title, &back_numbers.title, &body)
}

fn headline(headline: &[Inline], key_figures: &[KeyFigure]) -> Markup {
    html! {
        section.headline aria-label="Headline" {
            p.lead { (section::line(headline)) }
            @if !key_figures.is_empty() {
                dl.key-figures {
                    @for figure in key_figures {
                        div {
                            dt { (figure.label) }
                            dd.value { (figure.value) }
                            @if !figure.change.is_empty() { dd.change { (figure.change) } }
                        }
                    }
                }
            }
        }
    }
}

fn foot(imprint: &Imprint, provenance: &[(String, String)]) -> Markup {
    html! {
        footer {
            @for (title, text) in [("Contact", &imprint.contact), ("Terms of use", &imprint.terms)] {
                @if let Some(text) = text {
                    section {
                        h2 { (title) }
                        (markdown::draw(text, 3))
                    }
                }
            }
            @if !provenance.is_empty() {
                section {
                    h2 { "How this report was made" }
                    dl.provenance {
                        @for (name, value) in provenance { dt { (name) } dd { (value) } }
                    }
                }
            }
        }
    }
}

/// The reports of each year, in the order given.
fn years(reports: &[BackNumber]) -> impl Iterator<Item = &[BackNumber]> {
    reports.chunk_by(|a, b| year_of(a) == year_of(b))
}

fn year_of(report: &BackNumber) -> &str {
    report.month.split('-').next().unwrap_or(&report.month)
}

fn back_number(report: &BackNumber) -> Markup {
    html! {
        li {
            a href=(report.href) { (report.month_name) }
            p.title { (report.title) }
            p { (report.headline) }
        }
    }
}

#[cfg(test)]
mod tests;
