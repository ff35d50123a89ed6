//! The rules of Grafana's dashboard-linter (<https://github.com/grafana/dashboard-linter>), strictly:
//! template-datasource, template-job, template-instance, template-label-promql,
//! template-on-time-change-reload, panel-datasource, panel-title-description, panel-units,
//! panel-no-targets, target-logql and target-logql-auto (there is no Loki here), target-promql
//! (see `queries.rs`), target-rate-interval, target-job, target-instance, target-counter-agg,
//! uneditable-dashboard. And some of our own.

use std::collections::BTreeSet;

use crate::{
    board::{self, Board, Panel, Variable},
    promql::{self, Selector},
};

/// Units that our panels use, of those that Grafana knows
/// (`packages/grafana-data/src/valueFormats/categories.ts`).
const UNITS: [&str; 9] = [
    "none",
    "short",
    "percentunit",
    "bytes",
    "pps",
    "ops",
    "s",
    "bool",
    "dateTimeFromNow",
];

fn variable<'a>(board: &'a Board, name: &str) -> &'a Variable {
    let mut variables = board.templating.list.iter();
    variables
        .find(|variable| variable.name == name)
        .unwrap_or_else(|| panic!("{} has no variable {name}", board.title))
}

/// Every panel that shows data, with its name.
fn panels(board: &Board) -> impl Iterator<Item = (String, &Panel)> {
    let panels = board.panels.iter().filter(|panel| panel.has_data());
    panels.map(|panel| (format!("{}: {}", board.title, panel.title), panel))
}

/// Every selector of every query, with its panel's name.
fn selectors(board: &Board) -> impl Iterator<Item = (String, Selector<'_>)> {
    panels(board).flat_map(|(name, panel)| {
        let queries = panel.targets.iter();
        let found = queries.flat_map(|target| promql::scan(&target.expr).selectors);
        found.map(move |selector| (name.clone(), selector))
    })
}

#[test]
fn the_data_source_is_a_variable_and_all_use_it() {
    for board in board::all() {
        let mut sources = board.templating.list.iter();
        let sources: Vec<_> = sources
            .by_ref()
            .filter(|v| v.kind == "datasource")
            .collect();
        assert_eq!(sources.len(), 1, "{}", board.title);
        let of_source = [&sources[0].name, &sources[0].label].map(String::as_str);
        assert_eq!(of_source, ["datasource", "Data source"]);
        assert_eq!(sources[0].query, "prometheus");
        for (name, panel) in panels(&board) {
            let uid = panel.datasource.as_ref().map(|source| source.uid.as_str());
            assert_eq!(uid, Some("${datasource}"), "{name}");
            for target in &panel.targets {
                assert_eq!(target.datasource.uid, "${datasource}", "{name}");
            }
        }
    }
}

#[test]
fn job_and_instance_are_variables_and_every_query_asks_for_both() {
    for board in board::all() {
        for (name, label) in [("job", "Job"), ("instance", "Instance")] {
            let variable = variable(&board, name);
            let uid = variable
                .datasource
                .as_ref()
                .map(|source| source.uid.as_str());
            assert_eq!(
                (variable.label.as_str(), uid),
                (label, Some("${datasource}"))
            );
            assert_eq!(variable.kind, "query");
            assert!(variable.multi && variable.include_all, "{name}");
            assert_eq!(variable.all_value.as_deref(), Some(".+"), "{name}");
        }
        for (name, selector) in selectors(&board) {
            for matcher in ["job=~\"$job\"", "instance=~\"$instance\""] {
                assert!(selector.matchers.contains(&matcher), "{name}: {selector:?}");
            }
        }
    }
}

#[test]
fn variables_follow_the_time_that_is_shown_and_ask_for_labels() {
    for board in board::all() {
        for variable in &board.templating.list {
            if variable.kind == "query" {
                assert_eq!(variable.refresh, 2, "{}", variable.name);
                let asked = variable.asked();
                assert!(asked.starts_with("label_values(talot_"), "{asked}");
            }
        }
    }
}

#[test]
fn panels_have_titles_descriptions_units_and_queries() {
    for board in board::all() {
        assert!(!board.editable && !board.description.is_empty());
        for (name, panel) in panels(&board) {
            assert!(
                !panel.title.is_empty() && panel.description.ends_with('.'),
                "{name}"
            );
            let unit = panel.field_config["defaults"]["unit"].as_str();
            assert!(
                unit.is_some_and(|unit| UNITS.contains(&unit)),
                "{name}: {unit:?}"
            );
            assert!(!panel.targets.is_empty(), "{name}");
            for target in &panel.targets {
                assert_ne!(target.instant, target.range, "{name}");
            }
        }
    }
}

#[test]
fn counters_are_never_shown_as_they_are_and_rates_fit_the_resolution() {
    for board in board::all() {
        for (name, selector) in selectors(&board) {
            let function = selector.function.unwrap_or_default();
            if selector.metric.ends_with("_total") {
                let is_right = ["rate", "irate", "increase"].contains(&function);
                assert!(is_right && selector.range.is_some(), "{name}: {selector:?}");
            }
            if function == "rate" || function == "irate" {
                assert_eq!(selector.range, Some("$__rate_interval"), "{name}");
            }
        }
    }
}

/// A page of a large fleet is dear: no more often than sensors are scraped.
#[test]
fn dashboards_ask_once_a_minute() {
    for board in board::all() {
        assert_eq!(board.refresh, "1m", "{}", board.title);
    }
}

#[test]
fn panels_neither_overlap_nor_share_an_id() {
    let mut uids = BTreeSet::new();
    for board in board::all() {
        assert!(uids.insert(board.uid.clone()), "{}", board.uid);
        let (mut ids, mut taken) = (BTreeSet::new(), BTreeSet::new());
        for panel in &board.panels {
            assert!(ids.insert(panel.id), "{}: {}", board.title, panel.title);
            let place = &panel.grid_pos;
            assert!(place.x + place.w <= 24, "{}: {}", board.title, panel.title);
            for y in place.y..place.y + place.h {
                for x in place.x..place.x + place.w {
                    assert!(taken.insert((x, y)), "{}: {}", board.title, panel.title);
                }
            }
        }
    }
}
