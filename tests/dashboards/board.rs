//! A dashboard's JSON, as far as it is looked at.

use std::{fs, path::PathBuf};

use serde::Deserialize;
use serde_json::Value;
use talot_tests::agent::workspace;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Board {
    pub(crate) uid: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) editable: bool,
    pub(crate) refresh: String,
    pub(crate) templating: Templating,
    pub(crate) panels: Vec<Panel>,
}

#[derive(Deserialize)]
pub(crate) struct Templating {
    pub(crate) list: Vec<Variable>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) label: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) query: Value,
    pub(crate) datasource: Option<Source>,
    pub(crate) multi: bool,
    pub(crate) include_all: bool,
    pub(crate) all_value: Option<String>,
    pub(crate) refresh: u32,
}

#[derive(Deserialize)]
pub(crate) struct Source {
    pub(crate) uid: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Panel {
    pub(crate) id: u32,
    pub(crate) title: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) description: String,
    pub(crate) datasource: Option<Source>,
    pub(crate) grid_pos: Place,
    #[serde(default)]
    pub(crate) targets: Vec<Target>,
    #[serde(default)]
    pub(crate) field_config: Value,
}

/// Where a panel stands, in 24ths of the width.
#[derive(Deserialize)]
pub(crate) struct Place {
    pub(crate) h: u32,
    pub(crate) w: u32,
    pub(crate) x: u32,
    pub(crate) y: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Target {
    pub(crate) expr: String,
    pub(crate) datasource: Source,
    #[serde(default)]
    pub(crate) legend_format: String,
    pub(crate) instant: bool,
    pub(crate) range: bool,
}

impl Panel {
    /// Whether it shows data.
    pub(crate) fn has_data(&self) -> bool {
        self.kind != "row"
    }
}

impl Variable {
    /// What is asked of Prometheus for its values.
    pub(crate) fn asked(&self) -> &str {
        self.query["query"].as_str().expect("a query")
    }
}

pub(crate) fn files() -> Vec<PathBuf> {
    let folder = workspace().join("dashboards");
    let files = fs::read_dir(folder).expect("the folder of the dashboards");
    let mut files: Vec<PathBuf> = files.flatten().map(|file| file.path()).collect();
    files.retain(|file| file.extension().is_some_and(|kind| kind == "json"));
    files.sort();
    assert_eq!(files.len(), 3, "Fleet, Ports and Sensor");
    files
}

pub(crate) fn all() -> Vec<Board> {
    let read = |file: PathBuf| {
        let text = fs::read_to_string(&file).expect("a dashboard");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    };
    files().into_iter().map(read).collect()
}
