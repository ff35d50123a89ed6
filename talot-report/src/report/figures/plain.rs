//! Of what part of a month the sources are written as they are.

use super::super::{draft::rounded, model::Inline, study::Study};
use crate::{
    rounding::{self, Rounded, share},
    words::{self, Words},
};

impl Study<'_> {
    /// Whether any addresses are written.
    pub(in super::super) fn has_addresses(&self) -> bool {
        let row = self.answers.rows("concentration").next();
        row.is_some_and(|row| row.count("addresses") > 0)
    }

    /// Why no address can be told of, if none can.
    pub(in super::super) fn why_no_addresses(&self) -> &'static str {
        let forms = self.answers.rows("forms");
        let plain = forms.filter(|row| row.count("ago") == 0 && row.count("plain") > 0);
        let plain = plain.count() > 0;
        let row = self.answers.rows("concentration").next();
        let without = row.map_or(0, |row| row.count("without_source"));
        if self.now().accesses == 0 {
            "no accesses were counted"
        } else if without > 0 {
            "the accesses found no room for their sources (overflow)"
        } else if plain {
            "no accesses were counted on the days of points whose sources are written as they are"
        } else {
            "no accesses of this month have sources that are written as they are"
        }
    }

    /// What the figures from `sources` are made from, if not from the whole month.
    pub(in super::super) fn plain_part(&self) -> Option<PlainPart> {
        let rows = || {
            self.answers
                .rows("forms")
                .filter(|row| row.count("ago") == 0)
        };
        let all: i64 = rows().map(|row| row.count("point_days")).sum();
        let plain: i64 = rows().map(|row| row.count("plain")).sum();
        let concentration = self.answers.rows("concentration").next();
        let accesses = concentration.map_or(0, |row| row.count("accesses"));
        (plain < all).then(|| PlainPart {
            days: format!(
                "{} of {} days of points",
                rounding::count(plain),
                rounding::count(all)
            ),
            accesses: shown(share(accesses, self.now().accesses)),
        })
    }

    /// In what other forms sources are written, this month (`ago` 0) or the one before.
    pub(in super::super) fn other_forms(&self, ago: i64) -> String {
        let rows = self.answers.rows("forms");
        let others = rows
            .filter(|row| row.count("ago") == ago && row.count("plain") < row.count("point_days"))
            .map(|row| match row.text("form") {
                "plain" => "plain but missing or refused".to_owned(),
                "none" => "not written at all".to_owned(),
                form => form.to_owned(),
            });
        words::enumeration(&others.collect::<Vec<_>>())
    }

    /// Of what part of the month the sources are written as they are; nothing if of all.
    pub(in super::super) fn of_plain_sources(&self) -> Vec<Vec<Inline>> {
        let said = self.plain_part().map(|PlainPart { days, accesses }| {
            format!(
                "Made from {days}, those whose sources are written as they are, with {accesses} % of the month’s accesses; the others are: {}.",
                self.other_forms(0)
            )
        });
        said.map(|said| Words::new(said).done())
            .into_iter()
            .collect()
    }

    /// What the figures from `sources` must say of their accesses.
    pub(super) fn notes_of_sources(&self) -> Vec<Vec<Inline>> {
        let mut notes = self.of_plain_sources();
        let row = self.answers.rows("concentration").next();
        let without = row.map_or(0, |row| row.count("without_source"));
        if without > 0 {
            let words = format!(
                "{} found no room for {} (overflow): {} counted in the whole, and {} no address.",
                words::counted(without, "access", "accesses"),
                words::form(without, "its source", "their sources"),
                words::form(without, "it is", "they are"),
                words::form(without, "has", "have"),
            );
            notes.push(Words::new(words).done());
        }
        notes
    }
}

/// The part of a month whose sources are written as they are.
pub(in super::super) struct PlainPart {
    /// `281 of 282 days of points`.
    pub(in super::super) days: String,
    /// Its accesses, in per cent of all.
    pub(in super::super) accesses: String,
}

/// What the rest is called.
pub(super) const WITHOUT_SOURCE: &str = "Without a source (overflow)";

/// A rounded number as text, or a dash.
pub(in super::super) fn shown(number: Option<Rounded>) -> String {
    rounded(number).text
}
