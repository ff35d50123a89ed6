//! The analyst's words: Markdown, of which nothing reaches the page but text and its structure.
//!
//! Raw HTML is shown as it was typed. Links lead to web pages, mail addresses and places in
//! this report; other addresses stay words. Pictures would need a network, so they become links.

use maud::{Markup, PreEscaped};
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// The text as HTML. The highest of its headings gets `level`.
pub(crate) fn draw(text: &str, level: u8) -> Markup {
    let parser = || Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
    let highest = parser().filter_map(|event| match event {
        Event::Start(Tag::Heading { level, .. }) => Some(level as u8),
        _ => None,
    });
    let highest = highest.min().unwrap_or(1);
    let shifted = |own: HeadingLevel| heading(own as u8 - highest + level);
    let mut linked = Vec::new();
    let events = parser().flat_map(|event| tamed(event, &shifted, &mut linked));
    let mut page = String::new();
    html::push_html(&mut page, events);
    PreEscaped(page)
}

/// Whether an address may be a link: `http`, `https`, `mailto`, or a place in this report.
pub(crate) fn is_safe(address: &str) -> bool {
    let end = address.find(['/', '?', '#']).unwrap_or(address.len());
    match address[..end].split_once(':') {
        Some((scheme, _)) => ["http", "https", "mailto"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known)),
        None => !address.chars().any(char::is_control),
    }
}

/// What becomes of an event. `linked` remembers of every open link or picture whether it is one.
fn tamed<'a>(
    event: Event<'a>,
    shifted: &impl Fn(HeadingLevel) -> HeadingLevel,
    linked: &mut Vec<bool>,
) -> Vec<Event<'a>> {
    let event = match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
        Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
        Event::Start(Tag::Heading {
            level,
            classes,
            attrs,
            ..
        }) => Event::Start(Tag::Heading {
            level: shifted(level),
            // Its name could be that of a section.
            id: None,
            classes,
            attrs,
        }),
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(shifted(level))),
        Event::Start(
            Tag::Link {
                link_type,
                dest_url,
                title,
                id,
            }
            | Tag::Image {
                link_type,
                dest_url,
                title,
                id,
            },
        ) => {
            // A link within a link is none: a picture that is one.
            let link = is_safe(&dest_url) && !linked.contains(&true);
            linked.push(link);
            if !link {
                return Vec::new();
            }
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                title,
                id,
            })
        }
        Event::End(TagEnd::Link | TagEnd::Image) => {
            if linked.pop() != Some(true) {
                return Vec::new();
            }
            Event::End(TagEnd::Link)
        }
        Event::Start(Tag::Table(columns)) => {
            let before = r#"<div class="scroll" role="group" aria-label="Table" tabindex="0">"#;
            return vec![frame(before), Event::Start(Tag::Table(columns))];
        }
        Event::End(TagEnd::Table) => {
            return vec![Event::End(TagEnd::Table), frame("</div>\n")];
        }
        other => other,
    };
    vec![event]
}

fn frame(tag: &'static str) -> Event<'static> {
    Event::Html(CowStr::Borrowed(tag))
}

fn heading(level: u8) -> HeadingLevel {
    HeadingLevel::try_from(usize::from(level)).unwrap_or(HeadingLevel::H6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html_of(text: &str) -> String {
        draw(text, 3).into_string()
    }

    #[test]
    fn raw_html_is_shown_as_text() {
        let page = html_of("<script>alert(1)</script>\n\nA <b onclick=x>word</b>.");
        assert!(!page.contains("<script") && !page.contains("<b"), "{page}");
        assert!(
            page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"),
            "{page}"
        );
        assert!(page.contains("&lt;b onclick=x&gt;word&lt;/b&gt;"), "{page}");
    }

    #[test]
    fn only_harmless_addresses_are_links() {
        for address in [
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "&#106;avascript:alert(1)",
        ] {
            let page = html_of(&format!("[word]({address}) and <{address}>"));
            assert!(!page.contains("<a"), "{address}: {page}");
            assert!(page.contains("word"), "{page}");
        }
        for address in [
            "https://example.net/a:b",
            "mailto:a@example.net",
            "#figure-1-1",
            "data/1-1.csv",
        ] {
            let page = html_of(&format!("[word]({address})"));
            assert!(
                page.contains(&format!("<a href=\"{address}\">word</a>")),
                "{page}"
            );
        }
        assert!(!is_safe("java\nscript:alert(1)"));
        assert!(!is_safe("java\nscript"));
    }

    #[test]
    fn pictures_become_links() {
        let page = html_of("![A graph](https://example.net/graph.png)");
        assert_eq!(
            page.trim(),
            r#"<p><a href="https://example.net/graph.png">A graph</a></p>"#
        );
        let nested = html_of("[![A graph](a.png)](b.html)");
        assert_eq!(nested.trim(), r#"<p><a href="b.html">A graph</a></p>"#);
    }

    #[test]
    fn headings_stand_below_the_sections() {
        let page = html_of("# First\n\n### Third\n\n###### Sixth");
        assert!(page.contains("<h3>First</h3>"), "{page}");
        assert!(
            page.contains("<h5>Third</h5>") && page.contains("<h6>Sixth</h6>"),
            "{page}"
        );
        assert!(html_of("## Only").contains("<h3>Only</h3>"));
    }

    #[test]
    fn wide_tables_scroll() {
        let page = html_of("| a | b |\n|---|--:|\n| 1 | 2 |");
        assert!(page.contains(r#"tabindex="0"><table>"#), "{page}");
        assert!(page.trim_end().ends_with("</table>\n</div>"), "{page}");
    }
}
