//! `edition.toml`: what the publisher says, and wants to look at.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result, bail, ensure};
use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;

use crate::{
    mistake::Mistake,
    port_types,
    report::{OTHER, sections::SECTIONS},
};

/// An edition of a report. Everything may be left out.
#[derive(Clone, Debug, Default)]
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
    pub published: Option<Date>,
    /// The ports in focus.
    pub focus: Vec<String>,
    /// Port types that are shown as one, by the name of the whole.
    pub port_groups: BTreeMap<String, Vec<String>>,
    /// The analyst's own words, in Markdown, by section.
    pub sections: BTreeMap<String, String>,
    /// The analyst's own interpretations of ports.
    pub ports: BTreeMap<String, String>,
}

impl Edition {
    /// Reads one.
    ///
    /// # Errors
    /// A [`Mistake`] when it cannot be read or is not an edition.
    pub fn load(path: &Path) -> Result<Self> {
        let read = || -> Result<Self> { Self::read(&fs::read_to_string(path)?) };
        read()
            .with_context(|| format!("the edition {}", path.display()))
            .map_err(|error| Mistake::from(error).into())
    }

    fn read(text: &str) -> Result<Self> {
        let written: Written = toml::from_str(text)?;
        written.check(text)?;
        let plain = |words: BTreeMap<Spanned<String>, String>| {
            let pairs = words.into_iter();
            pairs
                .map(|(name, words)| (name.into_inner(), words))
                .collect()
        };
        let names =
            |names: Vec<Spanned<String>>| names.into_iter().map(Spanned::into_inner).collect();
        let groups = written.port_groups.into_iter();
        Ok(Self {
            title: written.title,
            publisher: written.publisher,
            contact: written.contact,
            terms: written.terms,
            published: written.published,
            focus: names(written.focus),
            port_groups: groups
                .map(|(name, ports)| (name.into_inner(), names(ports)))
                .collect(),
            sections: plain(written.sections),
            ports: plain(written.ports),
        })
    }

    /// Port types and the names under which they are shown.
    pub fn port_groups(&self) -> Vec<(String, String)> {
        let groups = self.port_groups.iter();
        let pairs =
            groups.flat_map(|(name, ports)| ports.iter().map(|port| (port.clone(), name.clone())));
        pairs.collect()
    }
}

/// Names that the report gives to ports together, in small letters.
const RESERVED: [&str; 4] = [OTHER, "other ports", "all", "all ports"];

/// An edition as it is written, every name with its place.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    title: Option<String>,
    publisher: Option<String>,
    contact: Option<String>,
    terms: Option<String>,
    #[serde(default, deserialize_with = "day")]
    published: Option<Date>,
    #[serde(default)]
    focus: Vec<Spanned<String>>,
    #[serde(default)]
    port_groups: BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
    #[serde(default)]
    sections: BTreeMap<Spanned<String>, String>,
    #[serde(default)]
    ports: BTreeMap<Spanned<String>, String>,
}

impl Written {
    fn check(&self, text: &str) -> Result<()> {
        let line = |of: &Spanned<String>| {
            let before = text.get(..of.span().start).unwrap_or_default();
            1 + before.matches('\n').count()
        };
        for section in self.sections.keys() {
            let known: Vec<_> = SECTIONS.iter().map(|section| section.id).collect();
            let name = section.get_ref();
            ensure!(
                known.contains(&name.as_str()),
                "line {}, sections: there is no section `{name}`; the sections are {}",
                line(section),
                known.join(", ")
            );
        }
        let mut grouped = BTreeMap::new();
        for (group, ports) in &self.port_groups {
            let name = group.get_ref();
            let here = line(group);
            ensure!(
                !name.is_empty() && !ports.is_empty(),
                "line {here}, port_groups: the group `{name}` is empty"
            );
            ensure!(
                !RESERVED.contains(&name.to_lowercase().as_str()) && !port_types::exists(name),
                "line {here}, port_groups: `{name}` is the name of something else in the report; name the group after \
                 all its ports, like \"1026/udp, 1027/udp\""
            );
            for port in ports {
                let (here, port) = (line(port), port.get_ref());
                ensure!(
                    port_types::exists(port),
                    "line {here}, port_groups, `{name}`: `{port}` is not a port type; {}",
                    port_types::advice(port)
                );
                match grouped.insert(port, name) {
                    Some(other) if other == name => {
                        bail!("line {here}, port_groups: {port} is twice in `{name}`")
                    }
                    Some(other) => {
                        bail!("line {here}: {port} is in the port groups `{other}` and `{name}`")
                    }
                    None => {}
                }
            }
        }
        let is_group = |name: &String| self.port_groups.keys().any(|group| group.get_ref() == name);
        for (place, focus) in self.focus.iter().enumerate() {
            let (here, port) = (line(focus), focus.get_ref());
            ensure!(
                is_group(port) || port_types::exists(port),
                "line {here}, focus: `{port}` is neither a port type nor a port group; {}",
                port_types::advice(port)
            );
            ensure!(
                !self.focus[..place]
                    .iter()
                    .any(|other| other.get_ref() == port),
                "line {here}, focus: {port} is there twice"
            );
            if let Some(group) = grouped.get(port) {
                bail!(
                    "line {here}, focus: {port} is part of the port group `{group}`: put that in focus"
                );
            }
        }
        for explained in self.ports.keys() {
            let (here, port) = (line(explained), explained.get_ref());
            ensure!(
                is_group(port) || port_types::exists(port),
                "line {here}, ports: `{port}` is neither a port type nor a port group; {}",
                port_types::advice(port)
            );
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_no_record_has_are_refused_with_their_line() {
        for (text, said) in [
            (
                "title = \"x\"\nfocus = [\"22/tcp\",\n  \"445\"]",
                "line 3, focus: `445` is neither a port type nor a port group; write 445/tcp or 445/udp",
            ),
            (
                "focus = [\"99999/tcp\"]",
                "line 1, focus: `99999/tcp` is neither a port type nor a port group; ports are numbers from 0 to 65535",
            ),
            (
                "[port_groups]\n\"445/tcp\" = [\"139/tcp\"]",
                "line 2, port_groups: `445/tcp` is the name of something else",
            ),
            (
                "[port_groups]\nother = [\"139/tcp\"]",
                "line 2, port_groups: `other` is the name of something else",
            ),
            (
                "[port_groups]\n\nsmb = [\"139\"]",
                "line 3, port_groups, `smb`: `139` is not a port type",
            ),
            (
                "[port_groups]\nsmb = [\"139/tcp\", \"139/tcp\"]",
                "line 2, port_groups: 139/tcp is twice in `smb`",
            ),
            (
                "[port_groups]\na = [\"1/tcp\"]\nb = [\"1/tcp\"]",
                "line 3: 1/tcp is in the port groups `a` and `b`",
            ),
            (
                "[ports]\n\"22/ssh\" = \"Secure shell.\"",
                "line 2, ports: `22/ssh` is neither",
            ),
            (
                "[sections]\nnone = \"x\"",
                "line 2, sections: there is no section `none`",
            ),
            (
                "focus = [\"1/tcp\", \"1/tcp\"]",
                "line 1, focus: 1/tcp is there twice",
            ),
        ] {
            let error = format!("{:#}", Edition::read(text).unwrap_err());
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let text = "published = 2011-08-05\nfocus = [\"smb\", \"Ping (ICMP)\"]\n[port_groups]\nsmb = [\"139/tcp\", \"445/tcp\"]\n\
                    [ports]\nsmb = \"Files.\"\n[sections]\nfocus = \"Words.\"";
        let edition = Edition::read(text).unwrap();
        assert_eq!(edition.focus, ["smb", "Ping (ICMP)"]);
        assert_eq!(edition.port_groups["smb"], ["139/tcp", "445/tcp"]);
        assert_eq!(edition.ports["smb"], "Files.");
        assert_eq!(edition.sections["focus"], "Words.");
        assert_eq!(edition.published, Some(Date::constant(2011, 8, 5)));
    }
}
