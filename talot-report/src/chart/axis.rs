//! The axis of values, upright or lying.

use maud::{Markup, html};

use super::canvas::{Area, Layout, label, n, number};
use super::scale::Scale;

/// Room above the area for the title of an upright axis and the highest tick's label.
pub(crate) fn head(layout: &Layout) -> f64 {
    layout.size + 14.0
}

/// Room left of the area for the labels of the ticks.
pub(crate) fn room(scale: &Scale, layout: &Layout) -> f64 {
    let labels: Vec<_> = scale
        .ticks()
        .map(|tick| number(tick, scale.decimals()))
        .collect();
    layout.widest(labels.iter().map(String::as_str)) + 8.0
}

/// Where a value stands on the upright axis.
pub(crate) fn height_of(value: f64, scale: &Scale, area: &Area) -> f64 {
    area.bottom - area.height() * value / scale.end()
}

/// Where a value stands on the lying axis.
pub(crate) fn distance_of(value: f64, scale: &Scale, area: &Area) -> f64 {
    area.left + area.width() * value / scale.end()
}

/// An upright axis at the left: its title above, a thin line across the area at every tick.
pub(crate) fn vertical(title: &str, scale: &Scale, area: &Area, layout: &Layout) -> Markup {
    vertical_below(title, 0.0, scale, area, layout)
}

/// The same with more room between the title and the area.
pub(crate) fn vertical_below(
    title: &str,
    room: f64,
    scale: &Scale,
    area: &Area,
    layout: &Layout,
) -> Markup {
    html! {
        (label("axis-title", 0.0, area.top - 14.0 - room, title))
        @for tick in scale.ticks() {
            @let y = height_of(tick, scale, area);
            @if tick > 0.0 {
                path class="grid" d={ "M" (n(area.left)) " " (n(y)) "H" (n(area.right)) } {}
            }
            (label("tick-label end", area.left - 6.0, y + layout.size * 0.36,
                &number(tick, scale.decimals())))
        }
    }
}

/// Room under the area for the labels and the title of a lying axis.
pub(crate) fn foot(layout: &Layout) -> f64 {
    2.0 * (layout.size + 4.0) + 6.0
}

/// A lying axis at the lower edge: its title below, a thin line across the area at every tick.
pub(crate) fn horizontal(title: &str, scale: &Scale, area: &Area, layout: &Layout) -> Markup {
    let base = area.bottom + layout.size + 6.0;
    html! {
        @for tick in scale.ticks() {
            @let x = distance_of(tick, scale, area);
            @if tick > 0.0 {
                path class="grid" d={ "M" (n(x)) " " (n(area.top)) "V" (n(area.bottom)) } {}
            }
            (label("tick-label middle", x, base, &number(tick, scale.decimals())))
        }
        @let x = ((area.left + area.right) / 2.0)
            .min(layout.width - layout.text(title) / 2.0)
            .max(layout.text(title) / 2.0);
        (label("axis-title middle", x, base + layout.size + 4.0, title))
    }
}

/// The line that bars of an upright axis stand on; drawn over them.
pub(crate) fn floor(area: &Area) -> Markup {
    html! { path class="base" d={ "M" (n(area.left)) " " (n(area.bottom)) "H" (n(area.right)) } {} }
}

/// The line that bars of a lying axis begin at; drawn over them.
pub(crate) fn wall(area: &Area) -> Markup {
    html! { path class="base" d={ "M" (n(area.left)) " " (n(area.top)) "V" (n(area.bottom)) } {} }
}

/// Steps that fit on a lying axis.
pub(crate) fn steps(width: f64) -> u32 {
    if width < 180.0 { 3 } else { 5 }
}
