//! What ports are used for: a list that is maintained by hand.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

const LIST: &str = include_str!("../data/ports.toml");

/// A port type, what it is, and who says so.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// The port type.
    pub port: String,
    /// What it is used for, and why it is knocked on.
    pub text: String,
    /// Keys of [`List::sources`].
    pub sources: Vec<String>,
}

/// The list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// Who says so, by key.
    pub sources: BTreeMap<String, String>,
    /// The ports.
    pub port: Vec<Explanation>,
}

static EXPLANATIONS: LazyLock<List> = LazyLock::new(|| toml::from_str(LIST).expect("a list that the tests have read"));

/// The list of all ports.
pub fn list() -> &'static List {
    &EXPLANATIONS
}

/// What a port type is used for.
pub fn of(port: &str) -> Option<&'static str> {
    let found = EXPLANATIONS.port.iter().find(|explanation| explanation.port == port);
    found.map(|explanation| explanation.text.as_str())
}
