//! The sections of the report, and their words.

mod averages;
mod causes;
mod changes;
mod coverage;
mod focus;
mod general;
mod method;
mod observed;
mod ports;
mod single;
mod sources;
mod statistics;

pub(super) use causes::Causes;

use super::{
    model::{Block, Document, Imprint, Section},
    study::{Study, Totals},
};
use crate::{
    rounding::{Counted, DAY, average},
    words,
};

/// A section, as the document and the edition know it.
#[derive(Clone, Copy, Debug)]
pub struct Heading {
    /// The name, in the edition and as the anchor.
    pub id: &'static str,
    /// The number.
    pub number: &'static str,
}

macro_rules! headings {
    ($($id:literal $number:literal,)*) => {
        /// All sections, in their order.
        pub const SECTIONS: &[Heading] = &[$(Heading { id: $id, number: $number },)*];
    };
}

headings! {
    "general" "1",
    "coverage" "1.1",
    "averages" "1.2",
    "changes" "1.3",
    "focus" "1.4",
    "history" "1.5",
    "observed" "2",
    "days" "2.1",
    "shares" "2.2",
    "countries" "2.3",
    "points" "2.4",
    "sources" "2.5",
    "backscatter" "2.6",
    "statistics" "3",
    "half-year-ports" "3.1",
    "half-year-countries" "3.2",
    "explanations" "4",
    "method" "5",
}

/// The whole report.
pub fn document(study: &Study<'_>) -> Document {
    let edition = study.edition;
    let month_name = study.month.name();
    let default = || format!("Observation of unsolicited accesses, {month_name}");
    Document {
        month: study.month.to_string(),
        title: edition.title.clone().unwrap_or_else(default),
        imprint: Imprint {
            publisher: edition.publisher.clone(),
            published: edition.published.map(words::day),
            contact: edition.contact.clone(),
            terms: edition.terms.clone(),
        },
        headline: general::headline(study),
        key_figures: general::key_figures(study),
        sections: vec![
            general::section(study),
            observed::section(study),
            statistics::section(study),
            ports::section(study),
            method::section(study),
        ],
        provenance: method::provenance(study),
        month_name,
    }
}

impl Study<'_> {
    /// A section; the analyst's own words come first.
    fn section(
        &self,
        id: &str,
        title: impl Into<String>,
        blocks: Vec<Block>,
        sections: Vec<Section>,
    ) -> Section {
        let heading = SECTIONS.iter().find(|section| section.id == id);
        let words = self.edition.sections.get(id).cloned().map(Block::Analyst);
        Section {
            id: id.to_owned(),
            number: heading.map_or("", |heading| heading.number).to_owned(),
            title: title.into(),
            blocks: words.into_iter().chain(blocks).collect(),
            sections,
        }
    }
}

/// A figure per point and day, as it is told.
fn rate(counted: Counted) -> String {
    match average(counted) {
        None => "–".to_owned(),
        Some(_) if counted.figure == 0 => "0".to_owned(),
        Some(_) if i128::from(counted.figure) * i128::from(DAY) == counted.valid_seconds.into() => {
            "1".to_owned()
        }
        Some(rate) if rate.is_zero() => "less than 0.1".to_owned(),
        Some(rate) => rate.to_string(),
    }
}

/// `343 accesses`.
fn accesses(counted: Counted) -> String {
    words::of(&rate(counted), "access", "accesses")
}

/// `154 sources`, or `at least 154 sources` if some found no room to be counted.
fn sources_words(totals: Totals) -> String {
    words::of(&sources_rate(totals), "source", "sources")
}

/// `154`, or `at least 154`.
fn sources_rate(totals: Totals) -> String {
    at_least(totals, rate(totals.sources()))
}

/// A figure of sources, as the lower bound that it may be.
fn at_least(totals: Totals, figure: String) -> String {
    if totals.is_lower_bound() {
        format!("at least {figure}")
    } else {
        figure
    }
}
