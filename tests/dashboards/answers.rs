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
        ("$__interval", "10m"),
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
        ("{job=\"talot\",instance=\"a\",point=\"p\"}", 1.0),
        ("{job=\"talot\",instance=\"b\",point=\"p\"}", 2.0),
    ];
    // A rule's number and reason say nothing without its point.
    let rules = [
        (
            "{job=\"talot\",instance=\"a\",point=\"p\",rule=\"1 ours\"}",
            1.0,
        ),
        (
            "{job=\"talot\",instance=\"b\",point=\"p\",rule=\"1 ours\"}",
            2.0,
        ),
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
        assert!(!target.expr.contains("by (instance"), "{}", target.expr);
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
fn a_sensor_of_two_jobs_is_not_counted_twice() {
    let of = |job| {
        format!(
            "talot_packets_total{{job=\"{job}\",instance=\"a\",point=\"p\",disposition=\"access\"}}"
        )
    };
    let series = ["talot", "test"].map(|job| (of(job), "0+60x60".to_owned()));
    let both = ["talot", "test"].map(|job| format!("{{job=\"{job}\",instance=\"a\",point=\"p\"}}"));
    let both = [(both[0].as_str(), 1.0), (both[1].as_str(), 1.0)];
    let asks = [asks("1h", &expr("Fleet", "Accesses", 0), &both)];
    answers("a_sensor_of_two_jobs", &series, &asks);
}

/// Shown are 30 minutes, until 1 h; one sensor is down since 45 minutes.
#[test]
fn a_sensor_that_is_down_keeps_its_lines() {
    let of = |metric: &str, instance, more: &str| {
        format!("{metric}{{job=\"talot\",instance=\"{instance}\"{more}}}")
    };
    let mut series = Vec::new();
    for (instance, until) in [("up", 60), ("down", 45)] {
        let map = ",map=\"sources4\"";
        for (metric, more, values) in [
            ("talot_build_info", "", "1x"),
            ("process_cpu_seconds_total", "", "0+6x"),
            ("process_resident_memory_bytes", "", "1000x"),
            ("talot_map_entries", map, "10x"),
            ("talot_map_capacity", map, "100x"),
        ] {
            // Prometheus marks what it could not scrape as stale.
            let gone = if until < 60 { " stale" } else { "" };
            let values = format!("{values}{until}{gone}");
            series.push((of(metric, instance, more), values));
        }
    }
    let map = |instance| of("", instance, ",map=\"sources4\"");
    let asks: Vec<Value> = [
        (
            "CPU of the agent",
            of("", "up", ""),
            of("", "down", ""),
            0.1,
        ),
        (
            "Memory of the agent",
            of("", "up", ""),
            of("", "down", ""),
            1000.0,
        ),
        ("Tables", map("up"), map("down"), 0.1),
    ]
    .iter()
    .map(|(panel, up, down, value)| {
        // What a graph that ends at 1 h has drawn at 40 minutes.
        let expr = expr("Sensor", panel, 0).replace("@ end()", "@ 3600");
        asks(
            "40m",
            &expr,
            &[(up.as_str(), *value), (down.as_str(), *value)],
        )
    })
    .collect();
    answers("a_sensor_that_is_down", &series, &asks);
}

#[test]
fn a_sensor_that_is_dead_for_a_week_is_down() {
    let of = |metric| format!("{metric}{{job=\"talot\",instance=\"a\"}}");
    let series = [
        (of("up"), "1x60 0x10200".to_owned()),
        (of("talot_build_info"), "1x60 stale".to_owned()),
    ];
    let ask = asks("169h", &expr("Fleet", "Sensors down", 0), &[("{}", 1.0)]);
    answers("a_sensor_that_is_dead", &series, &[ask]);
}

/// Midnight at 45 minutes: what had most is drawn, whatever the new day has of it.
#[test]
fn sources_of_the_day_before_are_not_ranked_against_those_of_the_new_day() {
    let mut series = Vec::new();
    let mut of = |instance: &str, port: &str, values: &str| {
        series.push((accesses("talot_sources", instance, port), values.to_owned()));
    };
    of("a", "23/tcp", "50000x44 300x15");
    // Ten that had fewer, and nothing in the new day.
    for n in 1..=10 {
        of("a", &format!("{n}/tcp"), "900x44 stale");
    }
    // Ten points with fewer than the first point's 59000, more than it has now.
    for n in 1..=10 {
        of(&format!("b{n}"), "other", "1000x60");
    }
    let now = ("{port=\"23/tcp\"}", 300.0);
    let point = "{job=\"talot\",instance=\"a\",point=\"p\"}";
    let ports = expr("Ports", "Sources today by port type", 0);
    let points = format!(
        "({}) and on (instance) talot_sources{{port=\"23/tcp\"}}",
        expr("Fleet", "Sources today", 0)
    );
    let asks = [
        asks("59m", &ports, &[now]),
        asks("59m", &points, &[(point, 300.0)]),
    ];
    answers("sources_of_the_day_before", &series, &asks);
}

#[test]
fn a_point_that_was_never_drained_waits_since_its_agent_began() {
    let of = |point| {
        format!(
            "talot_last_drain_timestamp_seconds{{job=\"talot\",instance=\"a\",point=\"{point}\"}}"
        )
    };
    let began = "process_start_time_seconds{job=\"talot\",instance=\"a\"}";
    let series = [
        (of("drained"), "3540x60".to_owned()),
        (of("never"), "0x60".to_owned()),
        (began.to_owned(), "3000x60".to_owned()),
    ];
    let expected = [
        ("{job=\"talot\",instance=\"a\",point=\"drained\"}", 60.0),
        ("{job=\"talot\",instance=\"a\",point=\"never\"}", 600.0),
    ];
    let expr = expr("Fleet", "Time since the last drain", 0);
    answers(
        "a_point_that_was_never_drained",
        &series,
        &[asks("1h", &expr, &expected)],
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
