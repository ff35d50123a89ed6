//! Values written at the points of lines, where no line runs through them.

use maud::{Markup, html};

use super::canvas::{Area, Layout, decimals, label, number, values};
use super::scale::{Scale, f64_of};
use super::{axis, timeline};
use crate::report::model::Plot;

/// Averages below this have one decimal place, others none.
const SMALL: f64 = 20.0;

/// A rectangle that is taken.
#[derive(Clone, Copy)]
struct Taken {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

/// A piece of a line, from left to right.
type Piece = ((f64, f64), (f64, f64));

/// Writes the values: above the points of the upper line and below those of the lower, on the other side where a line runs
/// or another value stands.
pub(crate) fn draw(plot: &Plot, scale: &Scale, area: &Area, layout: &Layout) -> Markup {
    let count = plot.categories.len();
    let step = area.width() / f64_of(count.max(1));
    let most = decimals(values(plot));
    let point = |series: usize, place: usize| {
        let value = plot
            .series
            .get(series)?
            .values
            .get(place)
            .copied()
            .flatten()?;
        let x = timeline::centre(area, count, place);
        Some((value, x, axis::height_of(value, scale, area)))
    };
    let mut pieces: Vec<Piece> = Vec::new();
    for series in 0..plot.series.len() {
        for place in 1..count {
            if let (Some((_, x, y)), Some((_, x2, y2))) =
                (point(series, place - 1), point(series, place))
            {
                pieces.push(((x, y), (x2, y2)));
            }
        }
    }
    let mut taken: Vec<Taken> = Vec::new();
    let mut written = Vec::new();
    for series in 0..plot.series.len() {
        for place in 0..count {
            let Some((value, x, y)) = point(series, place) else {
                continue;
            };
            let text = number(
                value,
                if value < SMALL {
                    most
                } else {
                    decimals([value])
                },
            );
            let half = layout.bold(&text) / 2.0;
            if half * 2.0 + 4.0 > step {
                continue;
            }
            let is_upper = (0..plot.series.len()).all(|other| {
                point(other, place).is_none_or(|(of_other, ..)| {
                    other == series || value > of_other || (value == of_other && series < other)
                })
            });
            let (above, below) = (y - 8.0, y + layout.size + 5.0);
            let sides = if is_upper {
                [above, below]
            } else {
                [below, above]
            };
            let room = |baseline: f64| Taken {
                left: x - half,
                right: x + half,
                top: baseline - layout.size * 0.75,
                bottom: baseline + 1.0,
            };
            let clear = |baseline: &&f64| {
                let room = room(**baseline);
                **baseline < area.bottom - 1.0
                    && !pieces.iter().any(|piece| crosses(piece, &room))
                    && !taken.iter().any(|other| meets(other, &room))
            };
            let free = sides.iter().find(clear).copied();
            let baseline = free.unwrap_or(sides[0]);
            if baseline < area.bottom - 1.0
                && !taken.iter().any(|other| meets(other, &room(baseline)))
            {
                taken.push(room(baseline));
                written.push((x, baseline, text));
            }
        }
    }
    html! {
        @for (x, y, text) in &written { (label("value middle", *x, *y, text)) }
    }
}

fn meets(one: &Taken, other: &Taken) -> bool {
    one.left < other.right
        && other.left < one.right
        && one.top < other.bottom
        && other.top < one.bottom
}

/// Whether a piece of a line runs through a rectangle.
fn crosses(((x1, y1), (x2, y2)): &Piece, room: &Taken) -> bool {
    let (from, to) = (x1.max(room.left), x2.min(room.right));
    if from >= to {
        return false;
    }
    let height = |x: f64| y1 + (y2 - y1) * (x - x1) / (x2 - x1);
    let (one, other) = (height(from), height(to));
    one.min(other) < room.bottom && one.max(other) > room.top
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_through_values_are_seen() {
        let room = Taken {
            left: 40.0,
            right: 60.0,
            top: 20.0,
            bottom: 30.0,
        };
        assert!(crosses(&((0.0, 0.0), (60.0, 40.0)), &room));
        assert!(crosses(&((0.0, 25.0), (100.0, 25.0)), &room));
        assert!(!crosses(&((0.0, 40.0), (100.0, 40.0)), &room));
        assert!(!crosses(&((0.0, 25.0), (40.0, 25.0)), &room));
        assert!(!crosses(&((0.0, 0.0), (100.0, 10.0)), &room));
    }
}
