//! What series look like, and the legend that says so.

use maud::{Markup, html};

use super::canvas::{Area, Layout, label, n};
use super::{scale, text};
use crate::report::model::Hue;

/// The marker of a line: a path around the origin, 8 units across, and whether it is filled.
type Marker = (&'static str, bool);

const CIRCLE: &str = "M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z";
const SQUARE: &str = "M-3-3h6v6h-6z";
const UP: &str = "M0-4L4 3h-8z";
const DOWN: &str = "M0 4L4-3h-8z";
const DIAMOND: &str = "M0-4.2L4.2 0L0 4.2L-4.2 0z";
const NOTHING: Marker = ("", true);

/// One for each ranked colour.
const MARKERS: [Marker; 10] = [
    (CIRCLE, true),
    (SQUARE, true),
    (UP, true),
    (DIAMOND, true),
    (DOWN, true),
    (CIRCLE, false),
    (SQUARE, false),
    (UP, false),
    (DIAMOND, false),
    (DOWN, false),
];

/// What of a series is to be told apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// The class that gives colour and dash.
    pub(crate) class: &'static str,
    marker: Marker,
    /// Whether areas are hatched.
    pub(crate) hatched: bool,
}

/// The look of a hue. Beyond the palette it begins again.
pub(crate) fn look(hue: Hue) -> Look {
    const RANKED: [&str; 10] = ["h0", "h1", "h2", "h3", "h4", "h5", "h6", "h7", "h8", "h9"];
    let (class, marker, hatched) = match hue {
        Hue::Ranked(rank) => {
            let rank = rank % RANKED.len();
            (RANKED[rank], MARKERS[rank], rank >= 5)
        }
        Hue::Other => ("other", NOTHING, false),
        Hue::Unknown => ("unknown", NOTHING, true),
        Hue::Accesses => ("accesses", MARKERS[0], false),
        Hue::Sources => ("sources", MARKERS[6], false),
        Hue::Now => ("now", MARKERS[0], false),
        Hue::Before => ("before", MARKERS[5], true),
    };
    Look {
        class,
        marker,
        hatched,
    }
}

/// How a legend shows a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Swatch {
    /// A line with its dash and its marker.
    Line,
    /// A filled square.
    Fill,
}

impl Swatch {
    fn width(self) -> f64 {
        match self {
            Self::Line => 28.0,
            Self::Fill => 12.0,
        }
    }
}

/// A series in a legend: its name and its look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Its look.
    pub(crate) look: Look,
}

/// The marker of a look, at a place.
pub(crate) fn marker(look: &Look, x: f64, y: f64) -> Markup {
    let (path, filled) = look.marker;
    let class = if filled { "marker" } else { "marker hollow" };
    html! {
        @if !path.is_empty() {
            path class=(class) d=(path) transform={ "translate(" (n(x)) " " (n(y)) ")" } {}
        }
    }
}

/// The hatching that [`fill`] refers to; once in a chart that needs it.
pub(crate) fn hatching(id: &str) -> Markup {
    html! {
        defs {
            pattern id={ (id) "-hatch" } width="5" height="5" patternUnits="userSpaceOnUse"
                patternTransform="rotate(45)" {
                path class="hatch" d="M0 0v5" {}
            }
        }
    }
}

/// A filled rectangle in the look of a series.
pub(crate) fn fill(id: &str, look: &Look, area: &Area, tooltip: &str) -> Markup {
    let (x, y) = (n(area.left), n(area.top));
    let (width, height) = (n(area.width().max(0.0)), n(area.height().max(0.0)));
    html! {
        g class=(look.class) {
            rect class="fill" x=(x) y=(y) width=(width) height=(height) {
                @if !tooltip.is_empty() { title { (tooltip) } }
            }
            @if look.hatched {
                rect class="over" x=(x) y=(y) width=(width) height=(height)
                    fill={ "url(#" (id) "-hatch)" } {}
            }
        }
    }
}

fn swatch(swatch: Swatch, id: &str, look: &Look, x: f64, y: f64) -> Markup {
    let width = swatch.width();
    match swatch {
        Swatch::Line => html! {
            g class=(look.class) {
                path class="line" d={ "M" (n(x)) " " (n(y)) "h" (n(width)) } {}
                (marker(look, x + width / 2.0, y))
            }
        },
        Swatch::Fill => {
            let square = Area {
                left: x,
                top: y - 6.0,
                right: x + width,
                bottom: y + 6.0,
            };
            fill(id, look, &square, "")
        }
    }
}

/// A legend in lines, as wide as the sheet, below `top`. Returns its height too.
pub(crate) fn lines(
    entries: &[Entry<'_>],
    kind: Swatch,
    id: &str,
    layout: &Layout,
    top: f64,
) -> (Markup, f64) {
    const GAP: f64 = 6.0;
    let line = layout.size + 8.0;
    let room = layout.width - kind.width() - GAP;
    let names: Vec<_> = entries
        .iter()
        .map(|entry| text::fitted(entry.name, layout.size, room))
        .collect();
    let step = |name: &String| kind.width() + GAP + layout.text(name) + 16.0;
    // Names of like length stand in columns, others one after the other.
    let widest = names.iter().map(step).fold(0.0, f64::max);
    let in_columns = names.len() > 3 && widest * 2.0 <= layout.width + 16.0;
    let (mut x, mut y) = (0.0, top + line / 2.0);
    let mut placed = Vec::new();
    for name in &names {
        let width = if in_columns { widest } else { step(name) };
        if x > 0.0 && x + width > layout.width + 16.0 {
            x = 0.0;
            y += line;
        }
        placed.push((x, y));
        x += width;
    }
    let markup = html! {
        @for ((entry, name), (x, y)) in entries.iter().zip(&names).zip(&placed) {
            (swatch(kind, id, &entry.look, *x, *y))
            (label("name", x + kind.width() + GAP, y + layout.size * 0.36, name))
        }
    };
    let height = if names.is_empty() {
        0.0
    } else {
        y + line / 2.0 - top
    };
    (markup, height)
}

/// Room that names beside the area need.
pub(crate) fn gutter(entries: &[Entry<'_>], kind: Swatch, layout: &Layout) -> f64 {
    28.0 + kind.width() + layout.widest(entries.iter().map(|entry| entry.name))
}

/// Names beside the right edge of the area, each as near as can be to its place, which a thin line
/// shows. Names of the same place keep their order.
pub(crate) fn beside(
    entries: &[(Entry<'_>, f64)],
    kind: Swatch,
    id: &str,
    layout: &Layout,
    area: &Area,
) -> Markup {
    let mut sorted: Vec<_> = entries.iter().collect();
    sorted.sort_by(|(_, a), (_, b)| a.total_cmp(b));
    let mut places: Vec<_> = sorted.iter().map(|(_, place)| *place).collect();
    let (first, last) = (area.top + 4.0, area.bottom - 4.0);
    let distance = (layout.size + 4.0).min((last - first) / scale::f64_of(places.len().max(2) - 1));
    scale::spread(&mut places, distance, first, last);
    html! {
        @for ((entry, place), y) in sorted.into_iter().zip(places) {
            path class="leader" d={
                "M" (n(area.right + 3.0)) " " (n(*place)) "L" (n(area.right + 16.0)) " " (n(y))
            } {}
            (swatch(kind, id, &entry.look, area.right + 18.0, y))
            @let x = area.right + 18.0 + kind.width() + 6.0;
            @let name = text::fitted(entry.name, layout.size, layout.width - x);
            (label("name", x, y + layout.size * 0.36, &name))
        }
    }
}
