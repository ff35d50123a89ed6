//! Distributions: a line from minimum to maximum, a box between the quartiles, the median in it.

use maud::{Markup, html};

use super::canvas::{Area, Drawing, Layout, decimals, label, n, number};
use super::scale::{Scale, f64_of};
use super::{axis, text};
use crate::report::model::BoxPlot;

const PITCH: f64 = 26.0;

/// Draws the boxes, one below the other.
pub(crate) fn draw(title: &str, boxes: &[BoxPlot], layout: &Layout) -> Drawing {
    let values = || boxes.iter().filter_map(|plot| plot.five).flatten();
    let names = layout
        .widest(boxes.iter().map(|plot| plot.name.as_str()))
        .min(layout.width * 0.4);
    let top = layout.size + 12.0;
    let area = Area {
        left: names + 10.0,
        top,
        right: layout.width - layout.text(&number(values().fold(0.0, f64::max), 0)) / 2.0 - 8.0,
        bottom: top + PITCH * f64_of(boxes.len()),
    };
    let maximum = values().fold(0.0, f64::max);
    let scale = Scale::up_to(maximum, axis::steps(area.width()), decimals(values()) == 0);
    let body = html! {
        (key(layout))
        (axis::horizontal(title, &scale, &area, layout))
        @for (place, plot) in boxes.iter().enumerate() {
            @let y = area.top + PITCH * (f64_of(place) + 0.5);
            @let name = text::ends(&plot.name, layout.size, names);
            (label("name end", area.left - 8.0, y + layout.size * 0.36, &name))
            @if let Some(five) = plot.five {
                (shape(five.map(|value| axis::distance_of(value, &scale, &area)), y))
                @if !layout.is_narrow() { (hover(&plot.name, five, y, &area)) }
            }
        }
        (axis::wall(&area))
    };
    Drawing {
        height: area.bottom + axis::foot(layout),
        body,
    }
}

fn shape([minimum, lower, median, upper, maximum]: [f64; 5], y: f64) -> Markup {
    html! {
        g class="box" {
            path class="whisker" d={
                "M" (n(minimum)) " " (n(y - 4.0)) "v8m0-4H" (n(maximum)) "m0-4v8"
            } {}
            rect class="quartiles" x=(n(lower)) y=(n(y - 7.0)) width=(n(upper - lower)) height="14" {}
            path class="median" d={ "M" (n(median)) " " (n(y - 9.0)) "v18" } {}
        }
    }
}

/// What the shape means, above the boxes.
fn key(layout: &Layout) -> Markup {
    let y = layout.size / 2.0 + 2.0;
    html! {
        (shape([2.0, 12.0, 22.0, 34.0, 50.0], y))
        (label("name", 58.0, y + layout.size * 0.36, if layout.is_narrow() {
            "minimum, quartiles, median, maximum"
        } else {
            "minimum, lower quartile, median, upper quartile, maximum"
        }))
    }
}

fn hover(name: &str, five: [f64; 5], y: f64, area: &Area) -> Markup {
    let decimals = decimals(five);
    let [minimum, lower, median, upper, maximum] = five.map(|value| number(value, decimals));
    html! {
        rect class="hover" x=(n(area.left)) y=(n(y - PITCH / 2.0)) width=(n(area.width()))
            height=(n(PITCH)) {
            title {
                (name) ": median " (median) ", quartiles " (lower) " and " (upper) ", from "
                (minimum) " to " (maximum)
            }
        }
    }
}
