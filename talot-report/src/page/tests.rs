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

/// Linear red, green and blue, as sRGB defines them.
fn linear(colour: &str) -> [f64; 3] {
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
    [part(0), part(2), part(4)]
}

/// Relative luminance, as WCAG 2.2 defines it.
fn luminance(colour: &str) -> f64 {
    let [red, green, blue] = linear(colour);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
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

/// What those see who lack a kind of cone: Machado, Oliveira and Fernandes 2009, severity 1.
const EYES: [(&str, [[f64; 3]; 3]); 4] = [
    (
        "all cones",
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    ),
    (
        "protanopia",
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
    ),
    (
        "deuteranopia",
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
    ),
    (
        "tritanopia",
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ),
];

/// CIE L*a*b* of a colour, as those eyes see it.
fn seen(colour: &str, eyes: &[[f64; 3]; 3]) -> [f64; 3] {
    let linear = linear(colour);
    let dot = |row: &[f64; 3], of: &[f64; 3]| row.iter().zip(of).map(|(a, b)| a * b).sum::<f64>();
    let cones = [0, 1, 2].map(|n| dot(&eyes[n], &linear).clamp(0.0, 1.0));
    let cube = |t: f64| {
        if t > 0.008_856 {
            t.cbrt()
        } else {
            7.787 * t + 16.0 / 116.0
        }
    };
    let x = cube(dot(&[0.4124, 0.3576, 0.1805], &cones) / 0.95047);
    let y = cube(dot(&[0.2126, 0.7152, 0.0722], &cones));
    let z = cube(dot(&[0.0193, 0.1192, 0.9505], &cones) / 1.08883);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

#[test]
fn the_first_hues_are_told_apart_by_the_colour_blind() {
    for scheme in schemes() {
        for (name, eyes) in &EYES {
            let hues: Vec<_> = (0..5)
                .map(|rank| seen(scheme[&*format!("--h{rank}")], eyes))
                .collect();
            for (rank, a) in hues.iter().enumerate() {
                for (other, b) in hues.iter().enumerate().skip(rank + 1) {
                    let square: f64 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
                    let difference = square.sqrt();
                    assert!(
                        difference > 12.0,
                        "{name}: {rank} and {other}: {difference:.1}"
                    );
                }
            }
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
