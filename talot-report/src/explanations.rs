//! What ports are used for: a list that is kept by hand, with its sources.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

const LIST: &str = include_str!("../data/ports.toml");

/// The list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// Who says so, by key.
    pub sources: BTreeMap<String, String>,
    /// The port types.
    pub ports: BTreeMap<String, Explanation>,
}

/// What a port type is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// What it is used for, and why it is knocked on.
    pub text: String,
    /// Keys of [`List::sources`].
    pub of: Vec<String>,
}

static EXPLANATIONS: LazyLock<List> =
    LazyLock::new(|| toml::from_str(LIST).expect("a list that the tests have read"));

/// The whole list.
pub fn list() -> &'static List {
    &EXPLANATIONS
}

/// What a port type is used for.
pub fn of(port: &str) -> Option<&'static str> {
    let explanation = EXPLANATIONS.ports.get(port)?;
    Some(&explanation.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_long_and_names_its_sources() {
        let List { sources, ports } = list();
        assert!(ports.len() >= 200, "{}", ports.len());
        for (port, explanation) in ports {
            assert!(explanation.text.ends_with('.'), "{port}");
            assert!(!explanation.of.is_empty(), "{port}");
            for source in &explanation.of {
                assert!(sources.contains_key(source), "{port}: {source}");
            }
            let cites = explanation.of.iter().any(|source| source == "nvd");
            assert_eq!(explanation.text.contains("CVE-"), cites, "{port}");
        }
    }

    /// Tables 4 of October 2007 and July 2011.
    #[test]
    fn the_ports_of_both_reports_are_in_the_list() {
        for port in [
            "135/tcp",
            "445/tcp",
            "1026/udp",
            "1027/udp",
            "Ping (ICMP)",
            "1433/tcp",
            "139/tcp",
            "2967/tcp",
            "1434/udp",
            "22/tcp",
            "9415/tcp",
            "80/tcp",
            "11083/tcp",
            "3306/tcp",
            "3389/tcp",
        ] {
            let explanation = list()
                .ports
                .get(port)
                .unwrap_or_else(|| panic!("{port} is missing"));
            assert!(
                explanation
                    .of
                    .iter()
                    .any(|source| source.starts_with("ipa-")),
                "{port}"
            );
        }
    }

    /// A name that no record has would never be found.
    #[test]
    fn names_are_those_of_the_records() {
        for port in list().ports.keys() {
            let is_port = port.split_once('/').is_some_and(|(number, protocol)| {
                number.parse::<u16>().is_ok() && ["tcp", "udp"].contains(&protocol)
            });
            let other = ["Ping (", "ICMP type ", "ICMPv6 type ", "fragment/"];
            let is_other = other.iter().any(|start| port.starts_with(start)) || port.ends_with(')');
            assert!(is_port || is_other, "{port}");
        }
    }
}
