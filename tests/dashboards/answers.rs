//! What panels answer to samples that are made up, by promtool, against what was worked out by hand.

use std::{fs, process::Command};

use serde_json::{Value, json};
use talot_tests::{prometheus, require, shell::run};

use crate::{board, promql};

/// With `all` points chosen, and half an hour shown.
fn chosen(expr: &str) -> String {
    let mut expr = expr.to_owned();
    for (name, value) in [
        ("$job", ".+"),
        ("$instance", ".+"),
        ("$point", ".+"),
        ("$port", "23/tcp"),
        ("$__rate_interval", "5m"),
        ("$__range", "30m"),
    ] {
        expr = expr.replace(name, value);
    }
    expr
}

/// A query of a panel.
fn expr(board: &str, panel: &str, number: usize) -> String {
    let boards = board::all();
    let mut boards = boards.iter();
    let board = boards
        .find(|b| b.title == format!("Talot / {board}"))
        .expect(board);
    let panel = board.panels.iter().find(|p| p.title == panel).expect(panel);
    chosen(&panel.targets[number].expr)
}

/// Asks: at a time, an expression, whose answer is to be these label sets and values.
fn asks(time: &str, expr: &str, expected: &[(&str, f64)]) -> Value {
    let sample = |(labels, value): &(&str, f64)| json!({ "labels": labels, "value": value });
    let samples: Vec<Value> = expected.iter().map(sample).collect();
    json!({ "expr": expr, "eval_time": time, "exp_samples": samples })
}

/// Has promtool compare the answers, over samples a minute apart.
fn answers(test: &str, series: &[(String, String)], asks: &[Value]) {
    let promtool = prometheus::program("promtool");
    let requirement = "promtool is not installed (cargo xtask test)";
    if !require::met(test, requirement, promtool.is_some()) {
        return;
    }
    let series = series.iter();
    let series = series.map(|(series, values)| json!({ "series": series, "values": values }));
    let tests = json!({
        "evaluation_interval": "1m",
        "tests": [{
            "interval": "1m",
            "input_series": series.collect::<Vec<_>>(),
            "promql_expr_test": asks,
        }],
    });
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("test.yml");
    // JSON is YAML.
    fs::write(&file, tests.to_string()).expect("a file");
    let promtool = promtool.expect("just asked for");
    run(Command::new(promtool).args(["test", "rules"]).arg(&file));
}

fn accesses(metric: &str, instance: &str, port: &str) -> String {
    format!("{metric}{{job=\"talot\",instance=\"{instance}\",point=\"p\",port=\"{port}\"}}")
}

#[test]
fn a_port_that_is_new_today_is_among_the_risers() {
    let of = |port| accesses("talot_accesses_total", "a", port);
    let series = [
        (of("23/tcp"), "0+1x1560".to_owned()),
        (of("other"), "0+1x1560".to_owned()),
        (of("8080/tcp"), "_x1440 0+2x120".to_owned()),
    ];
    // Now 120 in the hour, and none yesterday: 121 to 1.
    let expected = [("{port=\"8080/tcp\"}", 121.0), ("{port=\"23/tcp\"}", 1.0)];
    let asks = [asks("26h", &expr("Ports", "Risers", 0), &expected)];
    answers("a_port_that_is_new_today", &series, &asks);
}

#[test]
fn equal_names_of_two_sensors_are_told_apart() {
    let of = |metric: &str, instance, more: &str| {
        format!("{metric}{{job=\"talot\",instance=\"{instance}\",point=\"p\"{more}}}")
    };
    let access = ",disposition=\"access\"";
    let rule = ",rule=\"1 ours\"";
    let mut series = Vec::new();
    for (instance, slope) in [("a", 60), ("b", 120)] {
        for (metric, more) in [
            ("talot_packets_total", access),
            ("talot_excluded_packets_total", rule),
        ] {
            series.push((of(metric, instance, more), format!("0+{slope}x60")));
        }
    }
    let both = [
        ("{instance=\"a\",point=\"p\"}", 1.0),
        ("{instance=\"b\",point=\"p\"}", 2.0),
    ];
    // A rule's number and reason say nothing without its point.
    let rules = [
        ("{instance=\"a\",point=\"p\",rule=\"1 ours\"}", 1.0),
        ("{instance=\"b\",point=\"p\",rule=\"1 ours\"}", 2.0),
    ];
    let asks = [
        asks("1h", &expr("Fleet", "Accesses", 0), &both),
        asks("1h", &expr("Fleet", "Accesses", 1), &[("{}", 1.5)]),
        asks("1h", &expr("Fleet", "Accesses", 2), &[("{}", 3.0)]),
        asks("1h", &expr("Sensor", "Excluded", 0), &rules),
    ];
    answers("equal_names_of_two_sensors", &series, &asks);
    let boards = board::all();
    let targets = boards
        .iter()
        .flat_map(|b| &b.panels)
        .flat_map(|p| &p.targets);
    for target in targets {
        assert!(!target.expr.contains("by (point"), "{}", target.expr);
        let legend = &target.legend_format;
        assert!(
            !legend.contains("{{point}}") || legend.contains("{{instance}}"),
            "{legend}"
        );
    }
}

#[test]
fn today_and_a_week_ago_are_of_the_same_points() {
    let of = |instance, port| accesses("talot_accesses_today", instance, port);
    let week = 7 * 24 * 60;
    let series = [
        (of("a", "23/tcp"), format!("10x60 _x{} 30x60", week - 61)),
        // Another sensor tells it today alone; and this port was not among the first a week ago.
        (of("b", "23/tcp"), format!("_x{} 500x60", week - 1)),
        (of("a", "445/tcp"), format!("_x{} 70x60", week - 1)),
        // Among the first while there were few.
        (of("a", "7/udp"), format!("0x60 _x{} 0x60", week - 61)),
    ];
    let ask = |number, value| {
        let expr = expr("Ports", "Today and a week ago", number);
        asks("168h30m", &expr, &[("{port=\"23/tcp\"}", value)])
    };
    answers(
        "today_and_a_week_ago",
        &series,
        &[ask(0, 30.0), ask(1, 10.0), ask(2, 3.0)],
    );
}

#[test]
fn a_large_fleet_is_drawn_in_a_few_lines() {
    const SENSORS: usize = 60;
    let boards = board::all();
    let panels = boards.iter().flat_map(|board| &board.panels);
    let drawn = panels.filter(|panel| panel.has_data() && panel.kind != "table");
    let targets: Vec<_> = drawn.flat_map(|panel| &panel.targets).collect();
    let mut metrics: Vec<&str> = targets
        .iter()
        .flat_map(|target| promql::scan(&target.expr).selectors)
        .map(|selector| selector.metric)
        .collect();
    metrics.sort_unstable();
    metrics.dedup();
    let many = |name: &str, values: &[&str]| -> Vec<String> {
        let label = |value: &&str| format!(",{name}=\"{value}\"");
        values.iter().map(label).collect()
    };
    let numbers: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    let mut numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    numbers.extend(["other", "23/tcp"]);
    let mut series = Vec::new();
    for metric in metrics {
        let more = match metric {
            "talot_accesses_total"
            | "talot_accesses_today"
            | "talot_sources"
            | "talot_backscatter_packets_total" => many("port", &numbers),
            "talot_country_accesses_total" => many("country", &numbers),
            "talot_excluded_packets_total" => many("rule", &numbers),
            "talot_packets_total" => many("disposition", &["access", "stray"]),
            "talot_marked_accesses_total" => many("mark", &["mirai", "zmap"]),
            "talot_map_entries" | "talot_map_capacity" => many("map", &["sources4", "sources6"]),
            "talot_drain_duration_seconds_bucket" => many("le", &["1", "+Inf"]),
            "talot_attached" => many("xdp_mode", &["native"]),
            _ => vec![String::new()],
        };
        for sensor in 0..SENSORS {
            for more in &more {
                let labels = format!("job=\"talot\",instance=\"s{sensor}\",point=\"p\"{more}");
                series.push((
                    format!("{metric}{{{labels}}}"),
                    format!("1+{}x60", sensor + 1),
                ));
            }
        }
    }
    // The samples reach an hour back, and not a day or a week.
    let asks: Vec<Value> = targets
        .iter()
        .map(|target| chosen(&target.expr))
        .filter(|expr| !expr.contains("offset 1w"))
        .map(|expr| asks("1h", &format!("count({expr}) <= bool 15"), &[("{}", 1.0)]))
        .collect();
    assert!(asks.len() > 40, "{} queries", asks.len());
    answers("a_large_fleet", &series, &asks);
}
