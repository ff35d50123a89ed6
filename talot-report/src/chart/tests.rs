use super::*;
use crate::report::model::{Axis, BoxPlot, Cell, Data, Hue, Part, Plot, Series, Shaded, Table};

fn figure(chart: Chart) -> Figure {
    Figure {
        id: "2-1".to_owned(),
        label: "Figure 2-1".to_owned(),
        title: "Accesses".to_owned(),
        unit: "accesses".to_owned(),
        notes: Vec::new(),
        alternative: "Most accesses are to 445/tcp.".to_owned(),
        chart: Some(chart),
        table: Table {
            caption: String::new(),
            columns: Vec::new(),
            rows: Vec::new(),
        },
        data: Data::default(),
        csv: "data/2-1.csv".to_owned(),
        sql: "sql/2-1.sql".to_owned(),
    }
}

fn drawn(chart: Chart) -> String {
    svg(&figure(chart)).into_string()
}

fn plot(categories: &[&str], values: &[&[Option<f64>]]) -> Plot {
    let axis = |title: &str| Axis {
        title: title.to_owned(),
    };
    let series = values.iter().enumerate().map(|(rank, values)| Series {
        name: format!("series {rank}"),
        hue: Hue::Ranked(rank),
        values: values.to_vec(),
    });
    Plot {
        x: axis("Day"),
        y: axis("Accesses"),
        categories: categories.iter().map(|name| (*name).to_owned()).collect(),
        series: series.collect(),
        shaded: vec![Shaded {
            place: 0,
            label: "left out".to_owned(),
            reason: "maintenance".to_owned(),
        }],
    }
}

fn every_kind(plot: &Plot, parts: &[f64]) -> Vec<Chart> {
    let cell = |value: &f64| Cell {
        text: value.to_string(),
        value: Some(*value),
    };
    let part = |value: &f64| Part {
        name: "445/tcp".to_owned(),
        hue: Hue::Unknown,
        cell: cell(value),
    };
    vec![
        Chart::Lines(plot.clone()),
        Chart::GroupedBars(plot.clone()),
        Chart::StackedBars(plot.clone()),
        Chart::Shares(plot.clone()),
        Chart::Breakdown {
            unit: "%".to_owned(),
            parts: parts.iter().map(part).collect(),
        },
        Chart::Matrix {
            unit: "accesses".to_owned(),
            columns: parts.iter().map(f64::to_string).collect(),
            rows: vec![("445/tcp".to_owned(), parts.iter().map(cell).collect())],
        },
        Chart::Boxes {
            y: plot.y.clone(),
            boxes: vec![
                BoxPlot {
                    name: "none".to_owned(),
                    five: None,
                },
                BoxPlot {
                    name: "all alike".to_owned(),
                    five: parts.first().map(|value| [*value; 5]),
                },
            ],
        },
    ]
}

#[test]
fn whatever_the_values_coordinates_are_numbers() {
    let days: Vec<_> = (1..=31).map(|day| day.to_string()).collect();
    let days: Vec<_> = days.iter().map(String::as_str).collect();
    let months = ["Dec 2010", "Jan 2011"];
    let plots = [
        plot(&[], &[]),
        plot(&["1"], &[&[Some(0.0)]]),
        plot(&["1"], &[&[None]]),
        plot(&months, &[&[Some(1e15), None], &[Some(0.1), Some(1e-9)]]),
        plot(&days, &[&[Some(3.0); 31][..]; 12]),
        plot(&["445/tcp", ""], &[&[Some(100.0), Some(0.0)], &[]]),
    ];
    for plot in &plots {
        for parts in [&[][..], &[0.0], &[1e15, 0.3], &[7.0; 300]] {
            for chart in every_kind(plot, parts) {
                let kind = format!("{chart:?}");
                let svg = drawn(chart);
                for wrong in ["NaN", "inf", "=\"-"] {
                    assert!(!svg.contains(wrong), "{wrong} in {kind}:\n{svg}");
                }
            }
        }
    }
}

#[test]
fn the_same_figure_gives_the_same_bytes() {
    let plot = plot(&["Jun 2011", "Jul 2011"], &[&[Some(420.0), Some(343.0)]]);
    for chart in every_kind(&plot, &[38.4, 19.2]) {
        assert_eq!(drawn(chart.clone()), drawn(chart));
    }
}

#[test]
fn both_sheets_have_a_name_and_a_text_alternative() {
    let svg = drawn(Chart::Lines(plot(&["1", "2"], &[&[Some(1.0), Some(2.0)]])));
    for layout in ["wide", "narrow"] {
        let id = format!("figure-2-1-{layout}");
        assert!(
            svg.contains(&format!("<svg id=\"{id}\" class=\"chart {layout}\"")),
            "{svg}"
        );
        assert!(
            svg.contains(&format!("aria-labelledby=\"{id}-title {id}-desc\"")),
            "{svg}"
        );
        assert!(svg.contains(&format!(
            "<title id=\"{id}-title\">Figure 2-1: Accesses</title>"
        )));
        let alternative = format!("<desc id=\"{id}-desc\">Most accesses are to 445/tcp.</desc>");
        assert!(svg.contains(&alternative), "{svg}");
    }
}

#[test]
fn a_missing_value_is_a_gap() {
    let values = [
        Some(1.0),
        Some(2.0),
        None,
        Some(3.0),
        None,
        Some(1.0),
        Some(1.0),
    ];
    let svg = drawn(Chart::Lines(plot(
        &["1", "2", "3", "4", "5", "6", "7"],
        &[&values],
    )));
    let line = svg
        .split("class=\"line\" d=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let line = line.expect("a line");
    assert_eq!(line.matches('M').count(), 3, "{line}");
    assert_eq!(line.matches('L').count(), 2, "{line}");
}

#[test]
fn a_day_left_out_is_shaded_and_says_why() {
    let svg = drawn(Chart::Lines(plot(&["1", "2"], &[&[None, Some(2.0)]])));
    assert_eq!(svg.matches("class=\"left-out\"").count(), 2);
    assert_eq!(svg.matches("<title>maintenance</title>").count(), 2);
}

#[test]
fn neighbours_without_figures_say_so_once() {
    let mut plot = plot(&["1", "2", "3", "4"], &[&[None, None, Some(2.0), None]]);
    plot.shaded = [(0, "not observed"), (1, "not observed"), (3, "refused")]
        .map(|(place, label)| Shaded {
            place,
            label: label.to_owned(),
            reason: "no record".to_owned(),
        })
        .to_vec();
    let svg = drawn(Chart::Lines(plot));
    // Each on two sheets.
    assert_eq!(svg.matches("class=\"left-out\"").count(), 6);
    assert_eq!(svg.matches(">not observed</text>").count(), 2);
    assert_eq!(svg.matches(">refused</text>").count(), 2);
}

#[test]
fn bars_are_as_long_as_their_values() {
    let values = [Some(20_000.0), Some(5_000.0)];
    let svg = drawn(Chart::GroupedBars(plot(&["445/tcp", "22/tcp"], &[&values])));
    let wide = svg.split("<svg").nth(1).expect("the first sheet");
    let width = |part: &str| {
        part.split("width=\"")
            .nth(1)?
            .split('"')
            .next()?
            .parse::<f64>()
            .ok()
    };
    let widths: Vec<_> = wide
        .split("class=\"fill\"")
        .skip(1)
        .filter_map(width)
        .collect();
    assert_eq!(widths.len(), 2, "{wide}");
    assert!((widths[0] - 4.0 * widths[1]).abs() < 0.5, "{widths:?}");
    assert!(
        wide.contains(">20,000</text>") && wide.contains(">5,000</text>"),
        "{wide}"
    );
}

#[test]
fn names_are_escaped() {
    let mut plot = plot(&["<b>"], &[&[Some(1.0)]]);
    plot.series[0].name = "\"><script>".to_owned();
    plot.shaded[0].reason = "<i>".to_owned();
    plot.shaded[0].label = "<i>".to_owned();
    for chart in every_kind(&plot, &[1.0]) {
        let svg = drawn(chart);
        for raw in ["<b>", "<script>", "<i>"] {
            assert!(!svg.contains(raw), "{raw} in {svg}");
        }
    }
}
