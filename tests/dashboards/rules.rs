//! The rules for Prometheus, by their own unit tests.

use std::process::Command;

use talot_tests::{agent::workspace, prometheus, require, shell::run};

#[test]
fn every_alert_fires_when_it_should_and_only_then() {
    let promtool = prometheus::program("promtool");
    let requirement = "promtool is not installed (cargo xtask test)";
    if !require::met("every_alert", requirement, promtool.is_some()) {
        return;
    }
    let promtool = promtool.expect("just asked for");
    let folder = workspace().join("dashboards/rules");
    for words in [
        ["check", "rules", "talot.rules.yml"],
        ["test", "rules", "talot.test.yml"],
        ["test", "rules", "disk.test.yml"],
    ] {
        run(Command::new(&promtool).args(words).current_dir(&folder));
    }
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("rules");
    let rules = read("talot.rules.yml");
    let tests = read("talot.test.yml") + &read("disk.test.yml");
    let alerts = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "));
    for alert in alerts {
        let tested = format!("alertname: {alert}\n        exp_alerts:\n");
        assert!(
            tests.contains(&tested),
            "{alert} has no test in which it fires"
        );
        let quiet = format!("alertname: {alert}\n        exp_alerts: []\n");
        assert!(
            tests.contains(&quiet),
            "{alert} has no test in which it does not"
        );
    }
}
