//! The axis of categories that follow one another: days and months.

use maud::{Markup, html};

use super::canvas::{Area, Layout, label, n};
use super::scale::f64_of;
use super::{axis, text};
use crate::report::model::Plot;

/// A mark under the axis.
struct Tick {
    place: usize,
    text: String,
    /// The year, where it is to be said.
    below: Option<String>,
}

/// Size of what is written in a band.
const SMALL: f64 = 10.0;

/// Whether the categories are days of a month or months.
pub(crate) fn is_time(categories: &[String]) -> bool {
    categories
        .iter()
        .all(|name| day(name).is_some() || month(name).is_some())
}

fn day(name: &str) -> Option<u32> {
    name.parse().ok()
}

/// `Feb 2011` as month and year.
fn month(name: &str) -> Option<(&str, &str)> {
    let (month, year) = name.split_once(' ')?;
    let is_year = year.len() == 4 && year.chars().all(|c| c.is_ascii_digit());
    is_year.then_some((month, year))
}

/// The middle of the place of a category.
pub(crate) fn centre(area: &Area, count: usize, place: usize) -> f64 {
    area.left + area.width() * (f64_of(place) + 0.5) / f64_of(count.max(1))
}

/// Room under the area for ticks, years and the title.
pub(crate) fn room(plot: &Plot, layout: &Layout) -> f64 {
    let years = plot.categories.iter().any(|name| month(name).is_some());
    let lines = 1.0 + f64::from(u8::from(years)) + f64::from(u8::from(!plot.x.title.is_empty()));
    8.0 + lines * (layout.size + 4.0)
}

/// Ticks, their labels and the title of the axis, under the area.
pub(crate) fn draw(plot: &Plot, area: &Area, layout: &Layout) -> Markup {
    let line = layout.size + 4.0;
    let base = area.bottom + 4.0 + layout.size;
    let count = plot.categories.len();
    let ticks = ticks(&plot.categories, area, layout);
    html! {
        (axis::floor(area))
        @for tick in &ticks {
            @let x = centre(area, count, tick.place);
            path class="tick" d={ "M" (n(x)) " " (n(area.bottom)) "v4" } {}
            (label("tick-label middle", x, base + 2.0, &tick.text))
            @if let Some(below) = &tick.below {
                (label("tick-label middle", x, base + 2.0 + line, below))
            }
        }
        @if !plot.x.title.is_empty() {
            @let y = area.bottom + room(plot, layout) - 4.0;
            (label("axis-title middle", (area.left + area.right) / 2.0, y, &plot.x.title))
        }
    }
}

/// Bands over the categories that have no figures. Neighbours that are the same say so once, where there is room; why is in
/// their tooltips.
pub(crate) fn shaded(plot: &Plot, area: &Area) -> Markup {
    let count = plot.categories.len();
    let step = area.width() / f64_of(count.max(1));
    let left = |place| centre(area, count, place) - step / 2.0;
    let runs = plot
        .shaded
        .chunk_by(|one, next| one.label == next.label && one.place + 1 == next.place);
    html! {
        @for day in &plot.shaded {
            rect class="left-out" x=(n(left(day.place))) y=(n(area.top)) width=(n(step))
                height=(n(area.height())) {
                title { (day.reason) }
            }
        }
        @for run in runs {
            @let width = step * f64_of(run.len());
            @let (x, y) = (left(run[0].place) + width / 2.0, (area.top + area.bottom) / 2.0);
            @let lies = text::width(&run[0].label, SMALL) + 8.0 <= width;
            @if lies {
                g font-size=(n(SMALL)) {
                    (label("tick-label middle", x, y, &run[0].label))
                }
            } @else if width >= SMALL - 1.0 {
                g transform={ "translate(" (n(x + SMALL * 0.36)) " " (n(y)) ") rotate(-90)" } font-size=(n(SMALL)) {
                    (label("tick-label middle", 0.0, 0.0, &run[0].label))
                }
            }
        }
    }
}

fn ticks(categories: &[String], area: &Area, layout: &Layout) -> Vec<Tick> {
    let count = categories.len();
    let step = centre(area, count, 1) - centre(area, count, 0);
    let fits = |distance: u32, width: f64| f64::from(distance) * step >= width;
    let place = |(place, name): (usize, &String)| Tick {
        place,
        text: name.clone(),
        below: None,
    };
    if categories.iter().all(|name| day(name).is_some()) {
        let distance = [1, 5, 10]
            .into_iter()
            .find(|distance| fits(*distance, layout.text("000")));
        let distance = distance.unwrap_or(10);
        let round =
            |name: &String| day(name).is_some_and(|day| day == 1 || day.is_multiple_of(distance));
        categories
            .iter()
            .enumerate()
            .filter(|(_, name)| round(name))
            .map(place)
            .collect()
    } else if categories.iter().all(|name| month(name).is_some()) {
        months(categories, |distance| fits(distance, layout.text("2000 ")))
    } else {
        let widest = layout.widest(categories.iter().map(String::as_str)) + layout.size;
        let every = (1..=1000).find(|every| fits(*every, widest)).unwrap_or(1);
        categories
            .iter()
            .enumerate()
            .step_by(every as usize)
            .map(place)
            .collect()
    }
}

/// Every month if they fit; else January and July, or January only. The year stands under the
/// first label and under every January.
fn months(categories: &[String], fits: impl Fn(u32) -> bool) -> Vec<Tick> {
    let wanted: &[&str] = if fits(1) {
        &[]
    } else if fits(6) {
        &["Jan", "Jul"]
    } else {
        &["Jan"]
    };
    let named = categories.iter().enumerate().filter_map(|(place, name)| {
        let (month, year) = month(name)?;
        (wanted.is_empty() || wanted.contains(&month)).then_some((place, month, year))
    });
    let mut said = "";
    named
        .map(|(place, month, year)| {
            let below = (year != said).then(|| year.to_owned());
            said = year;
            Tick {
                place,
                text: month.to_owned(),
                below,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        const MONTHS: [&str; 12] = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ];
        // From June 2004, as TALOT2 did.
        (5..5 + count)
            .map(|m| format!("{} {}", MONTHS[m % 12], 2004 + m / 12))
            .collect()
    }

    fn read(ticks: &[Tick]) -> Vec<String> {
        let words = |tick: &Tick| match &tick.below {
            Some(year) => format!("{} {year}", tick.text),
            None => tick.text.clone(),
        };
        ticks.iter().map(words).collect()
    }

    fn area(width: f64) -> Area {
        Area {
            left: 0.0,
            top: 0.0,
            right: width,
            bottom: 100.0,
        }
    }

    #[test]
    fn years_stand_where_they_begin() {
        let few = read(&ticks(&names(9), &area(600.0), &Layout::WIDE));
        assert_eq!(
            few,
            [
                "Jun 2004", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan 2005", "Feb"
            ]
        );
        let many = read(&ticks(&names(41), &area(600.0), &Layout::WIDE));
        assert_eq!(many[..4], ["Jul 2004", "Jan 2005", "Jul", "Jan 2006"]);
        let more = read(&ticks(&names(200), &area(600.0), &Layout::WIDE));
        assert_eq!(more[..2], ["Jan 2005", "Jan 2006"]);
    }

    #[test]
    fn days_are_labelled_by_fives() {
        let days: Vec<_> = (1..=31).map(|day| day.to_string()).collect();
        let labelled = read(&ticks(&days, &area(280.0), &Layout::NARROW));
        assert_eq!(labelled, ["1", "5", "10", "15", "20", "25", "30"]);
        assert!(is_time(&days) && is_time(&names(3)));
        assert!(!is_time(&["445/tcp".to_owned()]));
    }
}
