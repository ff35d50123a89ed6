//! What a report says, before anyone decides how it looks.
//!
//! Everything is decided here: words, numbers, their rounding and order. The page does no
//! arithmetic but that of geometry. Text is plain, never HTML.

/// A month's report.
#[derive(Clone, Debug)]
pub struct Document {
    /// `2011-07`.
    pub month: String,
    /// `July 2011`.
    pub month_name: String,
    /// The title of the page: `Observation of unsolicited accesses, July 2011`.
    pub title: String,
    /// Who publishes it, when, under what terms; what the edition leaves out is not there.
    pub imprint: Imprint,
    /// One sentence: accesses, sources, points, per point and day.
    pub headline: Vec<Inline>,
    /// The few numbers to be set large under the headline.
    pub key_figures: Vec<KeyFigure>,
    /// The body, in order, the first number is 1.
    pub sections: Vec<Section>,
    /// What the numbers were made from, for the foot of the page: pairs of name and value.
    pub provenance: Vec<(String, String)>,
}

/// Who publishes, when, under what terms.
#[derive(Clone, Debug, Default)]
pub struct Imprint {
    /// The publisher.
    pub publisher: Option<String>,
    /// The date of publication, written out: `November 26, 2007`.
    pub published: Option<String>,
    /// Where to ask, in Markdown.
    pub contact: Option<String>,
    /// Terms of use, in Markdown.
    pub terms: Option<String>,
}

/// A number to be set large.
#[derive(Clone, Debug)]
pub struct KeyFigure {
    /// `343`.
    pub value: String,
    /// `accesses per point and day`.
    pub label: String,
    /// `−12.3 % against June 2011`; empty if there is nothing to compare with.
    pub change: String,
}

/// A section, with its subsections.
#[derive(Clone, Debug)]
pub struct Section {
    /// The anchor, unique in the document: `s2-1`.
    pub id: String,
    /// `2` or `2.1`.
    pub number: String,
    /// Without the number.
    pub title: String,
    /// The content before the subsections.
    pub blocks: Vec<Block>,
    /// One level below.
    pub sections: Vec<Section>,
}

/// A piece of a section.
#[derive(Clone, Debug)]
pub enum Block {
    /// A paragraph.
    Paragraph(Vec<Inline>),
    /// A remark, set smaller: on rounding, on excluded days.
    Note(Vec<Inline>),
    /// A list.
    List(Vec<Vec<Inline>>),
    /// The analyst's own words, in Markdown (headings are below the section's own; raw HTML is
    /// shown as text).
    Analyst(String),
    /// A figure.
    Figure(Box<Figure>),
    /// A table that has no query behind it: interpretations of ports, files that were refused.
    Table(Table),
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inline {
    /// Words.
    Text(String),
    /// Words that matter.
    Strong(String),
    /// A name as a machine writes it.
    Code(String),
    /// A link out of the page.
    Link {
        /// What is read.
        text: String,
        /// Where it goes.
        href: String,
    },
    /// A mention of a figure, a link to it: `Figure 1-1`.
    Figure {
        /// Its [`Figure::id`].
        id: String,
        /// What is read.
        text: String,
    },
}

/// A figure: what a query found, the table and the chart made of it.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The same in `report.json`, `data/<id>.csv`, `sql/<id>.sql`, and the SVG (`figure-<id>`).
    pub id: String,
    /// `Figure 1-1`.
    pub label: String,
    /// The title, which names the period.
    pub title: String,
    /// What the numbers of the chart are: `accesses per point and day`.
    pub unit: String,
    /// Said under the figure.
    pub notes: Vec<Vec<Inline>>,
    /// The text alternative of the chart: what it shows, and its most telling values.
    pub alternative: String,
    /// The chart; none if the month has nothing to draw (the notes say why).
    pub chart: Option<Chart>,
    /// The table behind the chart, as it is read.
    pub table: Table,
    /// What the query answered, unrounded; written to `data/<id>.csv`.
    pub data: Data,
    /// Where the data stand, relative to the page: `data/1-1.csv`.
    pub csv: String,
    /// Where the query stands, relative to the page: `sql/1-1.sql`.
    pub sql: String,
}

/// A chart.
#[derive(Clone, Debug)]
pub enum Chart {
    /// Lines over days or months. Several y axes do not occur.
    Lines(Plot),
    /// Bars side by side, one group for each category (horizontal if the names are long).
    GroupedBars(Plot),
    /// Bars of the days, of series upon one another.
    StackedBars(Plot),
    /// Bars of equal length, one for each category (a month), of series upon one another; the values are
    /// per cent.
    Shares(Plot),
    /// A single whole and its parts in per cent, as sorted horizontal bars.
    Breakdown {
        /// The unit of the values: `% of accesses`.
        unit: String,
        /// The parts, largest first, `other` last.
        parts: Vec<Part>,
    },
    /// Rows and columns, darker for more.
    Matrix {
        /// What a cell counts.
        unit: String,
        /// Names of the columns.
        columns: Vec<String>,
        /// Rows, in order: the name, and a cell per column.
        rows: Vec<(String, Vec<Cell>)>,
    },
    /// Boxes: minimum, lower quartile, median, upper quartile, maximum of each category.
    Boxes {
        /// The axis of values.
        y: Axis,
        /// The boxes, in order.
        boxes: Vec<BoxPlot>,
    },
}

/// Categories and series.
#[derive(Clone, Debug)]
pub struct Plot {
    /// The axis of categories.
    pub x: Axis,
    /// The axis of values.
    pub y: Axis,
    /// The categories in order: days (`1` … `31`), months (`Feb 2011`), ports.
    pub categories: Vec<String>,
    /// The series, in the order of the legend; the value at a category may be missing (a day left out), which is a gap
    /// and not 0.
    pub series: Vec<Series>,
    /// Categories to be shaded.
    pub shaded: Vec<Shaded>,
}

/// A category that has no figures: a day that was left out, refused or not observed.
#[derive(Clone, Debug)]
pub struct Shaded {
    /// The place of the category.
    pub place: usize,
    /// What it is: `left out`.
    pub label: String,
    /// Why.
    pub reason: String,
}

/// An axis.
#[derive(Clone, Debug)]
pub struct Axis {
    /// `Day of July 2011`, `Accesses per point and day`.
    pub title: String,
}

/// A series of a plot.
#[derive(Clone, Debug)]
pub struct Series {
    /// Name in the legend.
    pub name: String,
    /// Colour and pattern.
    pub hue: Hue,
    /// One for each category; none is a gap.
    pub values: Vec<Option<f64>>,
}

/// A part of a whole.
#[derive(Clone, Debug)]
pub struct Part {
    /// Name.
    pub name: String,
    /// Colour.
    pub hue: Hue,
    /// Its share.
    pub cell: Cell,
}

/// The summary of a distribution.
#[derive(Clone, Debug)]
pub struct BoxPlot {
    /// The category.
    pub name: String,
    /// Minimum, lower quartile, median, upper quartile, maximum; none if there is nothing.
    pub five: Option<[f64; 5]>,
}

/// Which colour of the palette; the same thing has the same one all over the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hue {
    /// The nth colour, from 0; at most [`HUES`].
    Ranked(usize),
    /// What is left.
    Other,
    /// What is unknown (country `ZZ`).
    Unknown,
    /// Accesses.
    Accesses,
    /// Sources.
    Sources,
    /// This month, against another.
    Now,
    /// The month compared with.
    Before,
}

/// How many ranked colours there are at least.
pub const HUES: usize = 10;

/// A table as it is read.
#[derive(Clone, Debug)]
pub struct Table {
    /// What it holds.
    pub caption: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows; as many cells as columns.
    pub rows: Vec<Vec<Cell>>,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its heading.
    pub title: String,
    /// Numbers stand to the right.
    pub numeric: bool,
}

/// A value and how it is written.
#[derive(Clone, Debug)]
pub struct Cell {
    /// As it is read: `1,234`, `12.3 %`, `–` where there is none.
    pub text: String,
    /// The number behind it, for geometry.
    pub value: Option<f64>,
}

/// What a query answered: integers and names, nothing rounded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Data {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// The rows, in the order of the query.
    pub rows: Vec<Vec<Value>>,
}

/// A value of a query.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// NULL.
    Null,
    /// An integer.
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// A name, or a date as YYYY-MM-DD.
    Text(String),
}

/// The page of back numbers.
#[derive(Clone, Debug)]
pub struct BackNumbers {
    /// The title.
    pub title: String,
    /// The publisher of the newest.
    pub publisher: Option<String>,
    /// The reports, newest first.
    pub reports: Vec<BackNumber>,
}

/// A report in the page of back numbers.
#[derive(Clone, Debug)]
pub struct BackNumber {
    /// `2011-07`.
    pub month: String,
    /// `July 2011`.
    pub month_name: String,
    /// The title of the report.
    pub title: String,
    /// Relative to the page: `2011-07/index.html`.
    pub href: String,
    /// Its headline, as plain text.
    pub headline: String,
}
