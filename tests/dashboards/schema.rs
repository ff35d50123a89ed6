//! The dashboards against the types of Grafana's own npm package, by the TypeScript compiler.

use std::{fs, path::Path, process::Command};

use talot_tests::{agent::workspace, require, shell::attempt, shell::text};

use crate::board;

/// What the compiler says of these dashboards; nothing if they are right.
fn said_of(boards: &[String]) -> String {
    let packages = workspace().join("target/tools/node/node_modules");
    let source = workspace().join("tests/dashboards/schema");
    // Beside the packages, for there the compiler looks for them.
    let folder = tempfile::tempdir_in(workspace().join("target/tools/node")).expect("a folder");
    for file in ["boards.ts", "tsconfig.json"] {
        fs::copy(source.join(file), folder.path().join(file)).expect("a copy");
    }
    for (number, board) in boards.iter().enumerate() {
        let file = folder.path().join(format!("board{number}.ts"));
        let head = "import type { Board } from './boards';\nexport const board: Board = ";
        fs::write(file, format!("{head}{board}")).expect("a file");
    }
    let mut compiler = Command::new("node");
    let compile = compiler.arg(packages.join("typescript/lib/tsc.js"));
    let output = attempt(compile.arg("--project").arg(folder.path()));
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.success(), said.is_empty(), "{said}");
    said
}

fn has_packages() -> bool {
    let folder = workspace().join("target/tools/node/node_modules");
    let has = |package: &str| Path::is_dir(&folder.join(package));
    let requirement = "@grafana/schema and typescript are not installed (cargo xtask test)";
    let there = has("@grafana/schema") && has("typescript");
    require::met("dashboards", requirement, there)
}

#[test]
fn dashboards_are_what_grafana_takes() {
    if !has_packages() {
        return;
    }
    let read = |file| fs::read_to_string(file).expect("a dashboard");
    let boards: Vec<String> = board::files().into_iter().map(read).collect();
    assert_eq!(said_of(&boards), "");
    // It would say so.
    for (right, wrong) in [
        ("\"drawStyle\": \"line\"", "\"drawStyle\": \"lime\""),
        ("\"colorMode\": \"value\"", "\"colourMode\": \"value\""),
        ("\"type\": \"timeseries\"", "\"type\": \"timeserious\""),
        ("\"schemaVersion\": 39", "\"schemaVersion\": \"39\""),
    ] {
        assert!(boards[0].contains(right), "{right}");
        assert_ne!(said_of(&[boards[0].replace(right, wrong)]), "", "{wrong}");
    }
}
