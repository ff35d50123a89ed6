//! The frame of a page: head, style sheet, body.

use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Layout, type, and the colours of the charts in light, dark and print.
const STYLE: [&str; 4] = [
    include_str!("colours.css"),
    include_str!("page.css"),
    include_str!("chart.css"),
    include_str!("print.css"),
];

/// The browser is told to fetch nothing and to run nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// A whole file.
pub(crate) fn page(title: &str, description: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="description" content=(description);
                title { (title) }
                style { (PreEscaped(STYLE.concat())) }
            }
            body { (body) }
        }
    };
    let mut text = page.into_string();
    text.push('\n');
    text
}
