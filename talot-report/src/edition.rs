//! `edition.toml`: what the publisher says, and wants to look at.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use jiff::civil::Date;
use serde::Deserialize;

use crate::{mistake::Mistake, report::sections::SECTIONS};

/// An edition of a report. Everything may be left out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edition {
    /// The title of the page.
    pub title: Option<String>,
    /// Who publishes.
    pub publisher: Option<String>,
    /// Where to ask, in Markdown.
    pub contact: Option<String>,
    /// Terms of use, in Markdown.
    pub terms: Option<String>,
    /// The day of publication.
    #[serde(default, deserialize_with = "day")]
    pub published: Option<Date>,
    /// The ports in focus.
    #[serde(default)]
    pub focus: Vec<String>,
    /// Port types that are shown as one, by the name of the whole.
    #[serde(default)]
    pub port_groups: BTreeMap<String, Vec<String>>,
    /// The analyst's own words, in Markdown, by section.
    #[serde(default)]
    pub sections: BTreeMap<String, String>,
    /// The analyst's own interpretations of ports.
    #[serde(default)]
    pub ports: BTreeMap<String, String>,
}

impl Edition {
    /// Reads one.
    ///
    /// # Errors
    /// A [`Mistake`] when it cannot be read or is not an edition.
    pub fn load(path: &Path) -> Result<Self> {
        let read = || -> Result<Self> {
            let text = fs::read_to_string(path)?;
            let edition: Self = toml::from_str(&text)?;
            edition.check()?;
            Ok(edition)
        };
        read()
            .with_context(|| format!("the edition {}", path.display()))
            .map_err(|error| Mistake::from(error).into())
    }

    fn check(&self) -> Result<()> {
        for name in self.sections.keys() {
            let known: Vec<_> = SECTIONS.iter().map(|section| section.id).collect();
            ensure!(
                known.contains(&name.as_str()),
                "there is no section `{name}`; the sections are {}",
                known.join(", ")
            );
        }
        let mut seen = BTreeMap::new();
        for (name, ports) in &self.port_groups {
            ensure!(
                !name.is_empty() && !ports.is_empty(),
                "the port group `{name}` is empty"
            );
            for port in ports {
                if let Some(other) = seen.insert(port, name) {
                    anyhow::bail!("{port} is in the port groups `{other}` and `{name}`");
                }
            }
        }
        for (place, port) in self.focus.iter().enumerate() {
            ensure!(
                !self.focus[..place].contains(port),
                "{port} is in focus twice"
            );
            if let Some(group) = seen.get(port) {
                anyhow::bail!("{port} is part of the port group `{group}`: put that in focus");
            }
        }
        Ok(())
    }

    /// Port types and the names under which they are shown.
    pub fn port_groups(&self) -> Vec<(String, String)> {
        let groups = self.port_groups.iter();
        let pairs =
            groups.flat_map(|(name, ports)| ports.iter().map(|port| (port.clone(), name.clone())));
        pairs.collect()
    }
}

/// A day, as TOML has it or as text.
fn day<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Day {
        Toml(toml::value::Datetime),
        Text(String),
    }
    let text = match Day::deserialize(deserializer)? {
        Day::Toml(day) => day.to_string(),
        Day::Text(text) => text,
    };
    let wrong = || serde::de::Error::custom(format!("`{text}` is not a day; write 2011-08-05"));
    text.parse().map(Some).map_err(|_| wrong())
}
