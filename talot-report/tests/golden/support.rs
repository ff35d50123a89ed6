//! Golden records, and the program run on them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use serde_json::Value;
use talot_tests::{records::duckdb_python, require};

/// DuckDB's Python, if the tests' tools are there, see [`require::met`].
pub(crate) fn python(test: &str) -> Option<PathBuf> {
    let python = duckdb_python();
    let requirement = "DuckDB is missing (cargo xtask test installs it)";
    require::met(test, requirement, python.is_some()).then_some(python?)
}

/// A script beside the tests.
pub(crate) fn script(python: &Path, name: &str, arguments: &[&str]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    let output = Command::new(python).arg(path).args(arguments).output();
    let output = output.expect("Python starts");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {arguments:?}: {error}");
    String::from_utf8(output.stdout).expect("text")
}

/// The golden records of a year; made once, and made again when the script that makes them changes.
pub(crate) fn records(python: &Path, year: &'static str) -> PathBuf {
    static MADE: [OnceLock<PathBuf>; 2] = [OnceLock::new(), OnceLock::new()];
    let made = &MADE[usize::from(year == "2011")];
    let make = || {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("golden-{year}"));
        let stamp = folder.with_extension("made-by");
        let script_text = include_str!("records.py");
        if fs::read_to_string(&stamp).ok().as_deref() != Some(script_text) {
            let _ = fs::remove_dir_all(&folder);
            let shown = folder.to_str().expect("a path in UTF-8");
            script(python, "records.py", &[year, shown]);
            fs::write(&stamp, script_text).expect("the stamp is written");
        }
        folder
    };
    made.get_or_init(make).clone()
}

/// The days of a month of golden records, to be damaged.
pub(crate) fn copy_of_month(records: &Path, month: &str, to: &Path) {
    for table in ["sources", "ports", "coverage"] {
        for entry in fs::read_dir(records.join(table)).expect("the records") {
            let entry = entry.expect("a day");
            let name = entry.file_name().into_string().expect("a name");
            if !name.starts_with(&format!("day={month}")) {
                continue;
            }
            let folder = to.join(table).join(&name);
            fs::create_dir_all(&folder).expect("a folder");
            for file in fs::read_dir(entry.path()).expect("a day") {
                let file = file.expect("a file");
                fs::copy(file.path(), folder.join(file.file_name())).expect("a copy");
            }
        }
    }
}

/// Runs the program.
pub(crate) fn run(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_talot-report");
    Command::new(program)
        .args(arguments)
        .output()
        .expect("talot-report starts")
}

/// Runs it; it must succeed.
pub(crate) fn succeed(arguments: &[&str]) -> String {
    let output = run(arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    String::from_utf8(output.stdout).expect("text")
}

/// Runs it; it must fail with this status, and say this.
pub(crate) fn fail(arguments: &[&str], status: i32, said: &str) {
    let output = run(arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {error}");
    assert!(error.contains(said), "{arguments:?}: {error}");
}

/// A report that was made.
pub(crate) struct Report {
    pub(crate) folder: PathBuf,
    pub(crate) json: Value,
}

impl Report {
    /// Makes a month's report.
    pub(crate) fn make(month: &str, records: &Path, out: &Path, more: &[&str]) -> Self {
        let (from, to) = (
            records.to_str().expect("UTF-8"),
            out.to_str().expect("UTF-8"),
        );
        let mut arguments = vec!["month", month, "--records", from, "--out", to];
        arguments.extend(more);
        succeed(&arguments);
        let json = fs::read_to_string(out.join("report.json")).expect("report.json");
        Self {
            folder: out.to_owned(),
            json: serde_json::from_str(&json).expect("JSON"),
        }
    }

    /// All words of the sections.
    pub(crate) fn words(&self) -> String {
        let sections = self.json["sections"].as_array().expect("sections").iter();
        let lines = sections.flat_map(|section| section["text"].as_array().expect("text"));
        lines
            .map(|line| line.as_str().expect("a line"))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// A figure.
    pub(crate) fn figure(&self, id: &str) -> &Value {
        let figures = self.json["figures"].as_array().expect("figures");
        let found = figures.iter().find(|figure| figure["id"] == id);
        found.unwrap_or_else(|| panic!("figure {id} is missing"))
    }

    /// The files, by name.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut files = Vec::new();
        for folder in ["", "data", "sql"] {
            for entry in fs::read_dir(self.folder.join(folder)).expect("the report") {
                let path = entry.expect("a file").path();
                if path.is_file() {
                    let name = path
                        .strip_prefix(&self.folder)
                        .expect("within")
                        .display()
                        .to_string();
                    files.push((name, fs::read(&path).expect("a file")));
                }
            }
        }
        files.sort();
        files
    }
}
