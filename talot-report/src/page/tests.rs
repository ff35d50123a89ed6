use std::collections::HashMap;

use super::*;
use crate::report::model::{Block, Section};

const COLOURS: &str = include_str!("colours.css");

/// The properties of the light and of the dark scheme.
fn schemes() -> [HashMap<&'static str, &'static str>; 2] {
    let (light, dark) = COLOURS.split_once("@media").expect("two schemes");
    let read = |text: &'static str| {
        let pairs = text
            .split(['{', ';', '}'])
            .filter_map(|pair| pair.split_once(": "));
        let pairs = pairs.map(|(name, value)| (name.trim(), value.trim()));
        pairs
            .filter(|(name, _)| name.starts_with("--"))
            .collect::<HashMap<_, _>>()
    };
    [read(light), read(dark)]
}

/// Relative luminance, as WCAG 2.2 defines it.
fn luminance(colour: &str) -> f64 {
    let digits = colour.strip_prefix('#').expect("a colour in hex");
    let wide: String = match digits.len() {
        3 => digits.chars().flat_map(|digit| [digit, digit]).collect(),
        _ => digits.to_owned(),
    };
    let part = |from: usize| {
        let value = u8::from_str_radix(&wide[from..from + 2], 16).expect("two hex digits");
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
}

fn contrast(a: &str, b: &str) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn colours_contrast_as_wcag_demands() {
    for scheme in schemes() {
        let paper = scheme["--paper"];
        for text in ["--ink", "--soft", "--accent"] {
            for ground in ["--paper", "--raised"] {
                let found = contrast(scheme[text], scheme[ground]);
                assert!(found >= 4.5, "{text} on {ground}: {found:.2}");
            }
        }
        for rank in 0..10 {
            let (hue, text) = (
                scheme[&*format!("--h{rank}")],
                scheme[&*format!("--t{rank}")],
            );
            assert!(
                contrast(hue, paper) >= 3.0,
                "hue {rank}: {:.2}",
                contrast(hue, paper)
            );
            assert!(
                contrast(hue, text) >= 4.5,
                "text {rank}: {:.2}",
                contrast(hue, text)
            );
        }
        for grey in ["--other", "--unknown", "--before"] {
            let found = contrast(scheme[grey], paper);
            assert!(found >= 3.0, "{grey}: {found:.2}");
        }
    }
}

fn document(blocks: Vec<Block>) -> Document {
    let section = Section {
        id: "s1".to_owned(),
        number: "1".to_owned(),
        title: "To \"everyone\" & all".to_owned(),
        blocks,
        sections: Vec::new(),
    };
    Document {
        month: "2011-07".to_owned(),
        month_name: "July 2011".to_owned(),
        title: "</title><script>".to_owned(),
        imprint: Imprint::default(),
        headline: vec![
            Inline::Text("343 ".to_owned()),
            Inline::Strong("accesses".to_owned()),
        ],
        key_figures: Vec::new(),
        sections: vec![section],
        provenance: vec![("<dt>".to_owned(), "<dd>".to_owned())],
    }
}

#[test]
fn text_is_escaped_everywhere() {
    let text = || Inline::Text("<script>".to_owned());
    let page = report(&document(vec![
        Block::Paragraph(vec![text()]),
        Block::Note(vec![Inline::Code("<script>".to_owned())]),
        Block::List(vec![vec![text()]]),
        Block::Analyst("<script>".to_owned()),
    ]));
    assert!(!page.contains("<script"), "{page}");
    assert_eq!(page.matches("&lt;script&gt;").count(), 6, "{page}");
    assert!(page.contains("content=\"343 accesses\""), "{page}");
}

#[test]
fn links_of_the_model_are_harmless_too() {
    let link = |href: &str| Inline::Link {
        text: "word".to_owned(),
        href: href.to_owned(),
    };
    let page = report(&document(vec![Block::Paragraph(vec![
        link("javascript:alert(1)"),
        link("https://example.net/?a=1&b=\"2\""),
    ])]));
    assert!(!page.contains("javascript:"), "{page}");
    assert!(
        page.contains("href=\"https://example.net/?a=1&amp;b=&quot;2&quot;\""),
        "{page}"
    );
}

#[test]
fn a_page_asks_for_nothing_else() {
    let page = report(&document(Vec::new()));
    for reference in ["src=", "@import", "url(http", "<link", "<script"] {
        assert!(!page.contains(reference), "{reference}");
    }
    assert!(
        page.starts_with("<!DOCTYPE html><html lang=\"en\">"),
        "{page}"
    );
}

#[test]
fn back_numbers_stand_by_year() {
    let report = |month: &str| BackNumber {
        month: month.to_owned(),
        month_name: month.to_owned(),
        title: "Observation".to_owned(),
        href: format!("{month}/index.html"),
        headline: "343 accesses.".to_owned(),
    };
    let mut numbers = BackNumbers {
        title: "Back numbers".to_owned(),
        publisher: None,
        reports: ["2012-01", "2011-12", "2011-07"].map(report).to_vec(),
    };
    let page = back_numbers(&numbers);
    let years: Vec<_> = page.split("<h2>").skip(1).map(|part| &part[..4]).collect();
    assert_eq!(years, ["2012", "2011"]);
    assert!(
        page.contains("<a href=\"2011-07/index.html\">2011-07</a>"),
        "{page}"
    );
    numbers.reports.clear();
    assert!(back_numbers(&numbers).contains("No report has been published yet."));
}
