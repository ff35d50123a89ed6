//! Every query of every panel, on a Prometheus that has scraped an agent.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    thread,
    time::Duration,
};

use serde_json::Value;
use talot_tests::{
    agent::{Agent, Home, LISTEN, workspace},
    http,
    lab::{DARK_V4, INTERFACE, Lab},
    packet::{Ends, flag, frame, tcp, udp},
    prometheus::{Server, program},
    require,
    send::Sender,
    tzif,
};

use crate::{
    board::{self, Board},
    promql,
};

/// A point, with a rule that excludes something.
fn configuration() -> String {
    format!(
        "[[point]]\nname = \"lab\"\ninterface = \"{INTERFACE}\"\nmode = \"dark\"\n\
         addresses = [\"{DARK_V4}\"]\n[[exclude]]\nport = 22\nreason = \"management\"\n\
         [drain]\ninterval = \"500ms\"\n"
    )
}

fn traffic(sender: &Sender<'_>, round: u8) {
    let ends = |n: u8| Ends::new(&format!("203.0.113.{n}"), "198.51.100.1");
    let mut frames = Vec::new();
    for n in 0..20 {
        frames.push((frame(&tcp(ends(n + round), 1, 23, flag::SYN)), 2));
        frames.push((frame(&tcp(ends(n), 1, 22, flag::SYN)), 1));
        frames.push((frame(&udp(ends(n), 1, 1000 + u16::from(n), b"")), 1));
        frames.push((frame(&tcp(ends(n), 80, 1, flag::SYN | flag::ACK)), 1));
    }
    sender.send_counted(&frames);
}

/// A page of metrics as samples that Prometheus had scraped a day and a week ago.
fn history(page: &str) -> String {
    let mut text = String::new();
    let now = tzif::now();
    let target = format!("job=\"talot\",instance=\"{LISTEN}\"");
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').expect("a sample");
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let labels = format!("{target},{labels}").replace(",}", "}");
        for days in [7, 1] {
            // Ranges of an hour end there, and such of seconds.
            let coarse = (-5400..-60).step_by(30);
            for at in coarse.chain((-60..300).step_by(2)) {
                let moment = now - days * 86_400 + at;
                let _ = writeln!(text, "{name}{{{labels} {value} {moment}");
            }
        }
    }
    // All samples of a series stand together, in the order of time.
    text + "# EOF\n"
}

/// With the values that a reader could have chosen.
fn chosen(text: &str) -> String {
    let all = |name: &str| (format!("${name}"), ".+".to_owned());
    let [job, instance, point] = ["job", "instance", "point"].map(all);
    let others = [
        ("$port", "23/tcp"),
        ("$__rate_interval", "5s"),
        ("$__range", "1h"),
        ("$__interval", "1s"),
    ];
    let others = others.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut text = text.to_owned();
    for (name, value) in [job, instance, point].into_iter().chain(others) {
        text = text.replace(&name, &value);
    }
    text
}

fn labels_of(series: &Value) -> BTreeSet<String> {
    let labels = series.as_object().expect("a series");
    labels.keys().cloned().collect()
}

/// Labels of a metric, over all its series.
fn labels_of_metric(server: &Server<'_>, metric: &str) -> BTreeSet<String> {
    let series = server.ask("series", &[("match[]", metric)]).expect(metric);
    let series = series.as_array().expect("a list");
    assert!(!series.is_empty(), "there is no metric {metric}");
    series.iter().flat_map(labels_of).collect()
}

fn check(server: &Server<'_>, board: &Board, metrics: &mut BTreeMap<String, BTreeSet<String>>) {
    for panel in board.panels.iter().filter(|panel| panel.has_data()) {
        for target in &panel.targets {
            let name = format!("{}: {}: {}", board.title, panel.title, target.expr);
            let found = promql::scan(&target.expr);
            let mut known = BTreeSet::new();
            for selector in &found.selectors {
                let labels = metrics
                    .entry(selector.metric.to_owned())
                    .or_insert_with(|| labels_of_metric(server, selector.metric));
                for matcher in &selector.matchers {
                    let label = matcher.split(['=', '!']).next().unwrap_or_default();
                    assert!(
                        labels.contains(label),
                        "{name}: {label} of {}",
                        selector.metric
                    );
                }
                known.extend(labels.iter().cloned());
            }
            for label in &found.labels {
                assert!(
                    known.contains(*label),
                    "{name}: no metric in it has {label}"
                );
            }
            let answer = server.ask("query", &[("query", &chosen(&target.expr))]);
            let answer = answer.unwrap_or_else(|error| panic!("{name}: {error}"));
            let series = answer["result"].as_array().expect("a result");
            assert!(!series.is_empty(), "{name}: no data");
            for series in series {
                let value = series["value"][1].as_str().expect("a value");
                assert!(
                    value.parse::<f64>().is_ok_and(f64::is_finite),
                    "{name}: {series}"
                );
                let labels = labels_of(&series["metric"]);
                for label in target.legend_format.split("{{").skip(1) {
                    let label = label.split("}}").next().unwrap_or_default();
                    assert!(labels.contains(label), "{name}: the legend's {label}");
                }
            }
        }
    }
    for variable in board.templating.list.iter().filter(|v| v.kind == "query") {
        let asked = variable.asked().strip_prefix("label_values(");
        let asked = asked.and_then(|asked| asked.strip_suffix(')'));
        let (metric, label) = asked
            .and_then(|a| a.rsplit_once(", "))
            .expect("metric and label");
        let path = format!("label/{label}/values");
        let values = server.ask(&path, &[("match[]", &chosen(metric))]);
        let values = values.unwrap_or_else(|error| panic!("{}: {error}", variable.name));
        assert!(
            values.as_array().is_some_and(|v| !v.is_empty()),
            "{}",
            variable.name
        );
    }
}

/// Rules are evaluated, and ask for metrics that are there.
fn check_rules(server: &Server<'_>, text: &str) {
    let groups = server.ask("rules", &[]).expect("the rules");
    let groups = groups["groups"].as_array().expect("groups");
    let rules = groups
        .iter()
        .flat_map(|group| group["rules"].as_array().expect("rules"));
    let mut count = 0;
    for rule in rules {
        // Those of the recordings have not all had their turn yet.
        assert_ne!(rule["health"], "err", "{rule}");
        let query = rule["query"].as_str().expect("a query");
        let words = query.split(|c: char| !(c.is_ascii_alphanumeric() || "_:".contains(c)));
        for metric in words.filter(|word| word.contains("talot_")) {
            if metric.contains(':') {
                assert!(text.contains(&format!("record: {metric}\n")), "{metric}");
            } else {
                labels_of_metric(server, metric);
            }
        }
        count += 1;
    }
    assert_eq!(count, 16, "rules");
}

#[test]
fn every_query_returns_data() {
    let has_all = ["prometheus", "promtool"]
        .map(program)
        .iter()
        .all(Option::is_some);
    let requirement = "Prometheus is not installed (cargo xtask test)";
    if !require::met("every_query_returns_data", requirement, has_all) {
        return;
    }
    let lab = Lab::quiet();
    let home = Home::new(&configuration());
    let mut agent = Agent::start(&lab.sensor, &home);
    let sender = Sender::open(&lab);
    traffic(&sender, 0);
    agent.wait_until("it has counted", |metrics| {
        metrics.sum("talot_accesses_total", &[]) > Some(0)
    });
    let page = http::get(&lab.sensor, LISTEN, "/metrics").expect("a page");
    let rules = workspace().join("dashboards/rules/talot.rules.yml");
    let server = Server::start(&lab.sensor, &history(&page), &rules);
    // Longer than a rate's range.
    for round in 1..10 {
        traffic(&sender, round);
        thread::sleep(Duration::from_millis(800));
    }
    let mut metrics = BTreeMap::new();
    for board in board::all() {
        check(&server, &board, &mut metrics);
    }
    let rules = std::fs::read_to_string(rules).expect("rules");
    check_rules(&server, &rules);
    // Everything that is exported has its place on a dashboard or in a rule.
    let exported = page
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE talot_"));
    for line in exported {
        let name = format!("talot_{}", line.split(' ').next().unwrap_or_default());
        let is_shown = metrics.keys().any(|metric| metric.starts_with(&name));
        assert!(is_shown || rules.contains(&name), "{name} is shown nowhere");
    }
    agent.stop();
}
