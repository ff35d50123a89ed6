//! The sheet that charts are drawn on, and how coordinates are written.

use maud::{Markup, html};

use super::text;
use crate::report::model::Plot;
use crate::rounding;

/// The sheet: how wide it is, and what it is called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// Ends the element's id, and is its class.
    pub(crate) name: &'static str,
    /// Width in units, which are CSS pixels where there is room for it.
    pub(crate) width: f64,
    /// Size of the text.
    pub(crate) size: f64,
}

impl Layout {
    /// A column of text on a screen or a sheet of paper.
    pub(crate) const WIDE: Self = Self {
        name: "wide",
        width: 720.0,
        size: 12.0,
    };
    /// A telephone.
    pub(crate) const NARROW: Self = Self {
        name: "narrow",
        width: 344.0,
        size: 11.5,
    };

    /// Whether it is the telephone's.
    pub(crate) fn is_narrow(&self) -> bool {
        self.width < 500.0
    }

    /// Width of a text.
    pub(crate) fn text(&self, text: &str) -> f64 {
        text::width(text, self.size)
    }

    /// Width of a text in bold.
    pub(crate) fn bold(&self, text: &str) -> f64 {
        self.text(text) * 1.12
    }

    /// Width of the widest of the texts.
    pub(crate) fn widest<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> f64 {
        texts
            .into_iter()
            .map(|text| self.text(text))
            .fold(0.0, f64::max)
    }
}

/// What a chart draws, and how high it is.
#[derive(Debug)]
pub(crate) struct Drawing {
    /// Height in units.
    pub(crate) height: f64,
    /// The elements.
    pub(crate) body: Markup,
}

/// The rectangle between the axes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area {
    /// Left edge.
    pub(crate) left: f64,
    /// Upper edge.
    pub(crate) top: f64,
    /// Right edge.
    pub(crate) right: f64,
    /// Lower edge.
    pub(crate) bottom: f64,
}

impl Area {
    /// From left to right.
    pub(crate) fn width(&self) -> f64 {
        self.right - self.left
    }

    /// From top to bottom.
    pub(crate) fn height(&self) -> f64 {
        self.bottom - self.top
    }
}

/// The SVG element around a drawing.
pub(crate) fn element(
    id: &str,
    layout: &Layout,
    height: f64,
    title: &str,
    alternative: &str,
    body: &Markup,
) -> Markup {
    let view_box = format!("0 0 {} {}", n(layout.width), n(height));
    let (title_id, alternative_id) = (format!("{id}-title"), format!("{id}-desc"));
    html! {
        svg id=(id) class={ "chart " (layout.name) } xmlns="http://www.w3.org/2000/svg"
            viewBox=(view_box) width=(n(layout.width)) height=(n(height)) font-size=(n(layout.size))
            role="img" aria-labelledby={ (title_id) " " (alternative_id) } {
            title id=(title_id) { (title) }
            desc id=(alternative_id) { (alternative) }
            (body)
        }
    }
}

/// A coordinate, to one decimal.
pub(crate) fn n(value: f64) -> String {
    let tenths = (value * 10.0).round() as i64;
    let sign = if tenths < 0 { "-" } else { "" };
    let (whole, rest) = (tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10);
    match rest {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{rest}"),
    }
}

/// A value of an axis or a bar, with thousands separators: `12,345`, `12.3`.
pub(crate) fn number(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    // Whole numbers beyond the range of counts stay as they are.
    let whole = whole
        .parse()
        .map_or_else(|_| whole.to_owned(), rounding::count);
    let sign = if value < 0.0 { "−" } else { "" };
    format!("{sign}{whole}{rest}")
}

/// The decimals that values have been rounded to, at most three.
pub(crate) fn decimals(values: impl IntoIterator<Item = f64>) -> usize {
    let of = |value: f64| match (value * 1_000.0).round() as i64 {
        whole if whole % 1_000 == 0 => 0,
        tenths if tenths % 100 == 0 => 1,
        hundredths if hundredths % 10 == 0 => 2,
        _ => 3,
    };
    values.into_iter().map(of).max().unwrap_or(0)
}

/// All values of a plot.
pub(crate) fn values(plot: &Plot) -> impl Iterator<Item = f64> + '_ {
    plot.series
        .iter()
        .flat_map(|series| series.values.iter().flatten().copied())
}

/// A line of text: `class` says how, `x` and `y` where its baseline begins, is centred or ends.
pub(crate) fn label(class: &str, x: f64, y: f64, text: &str) -> Markup {
    html! { text class=(class) x=(n(x)) y=(n(y)) { (text) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_have_at_most_one_decimal() {
        let written: Vec<_> = [0.0, -0.04, 1.0 / 3.0, 720.0, -2.26]
            .into_iter()
            .map(n)
            .collect();
        assert_eq!(written, ["0", "0", "0.3", "720", "-2.3"]);
    }

    #[test]
    fn numbers_have_thousands_separators() {
        assert_eq!(number(102_888.0, 0), "102,888");
        assert_eq!(number(1_000_000.0, 0), "1,000,000");
        assert_eq!(number(999.96, 1), "1,000.0");
        assert_eq!(number(-343.0, 0), "−343");
        assert_eq!(number(0.0, 0), "0");
    }

    #[test]
    fn rounded_values_keep_their_decimals() {
        assert_eq!(decimals([343.0, 154.0]), 0);
        assert_eq!(decimals([343.0, 0.1 + 0.2]), 1);
        assert_eq!(decimals([12.34]), 2);
        assert_eq!(decimals([]), 0);
    }
}
