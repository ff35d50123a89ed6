//! The pages of the two months that TALOT2 reported on.

use std::fs;
use std::path::Path;

use crate::support::{Report, python, records};
use crate::{can_look, folder, look_at};

/// Makes the report of a month with an edition of its own, and looks at its page.
fn look_at_month(test: &str, month: &str) {
    if !can_look(test) {
        return;
    }
    let Some(python) = python(test) else { return };
    let year = if month.starts_with("2011") {
        "2011"
    } else {
        "2007"
    };
    let editions = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages/editions");
    let edition = editions.join(format!("{month}.toml"));
    let edition = ["--edition", edition.to_str().expect("a path in UTF-8")];
    let report = Report::make(month, &records(&python, year), &folder(month), &edition);
    look_at(&report.folder);
}

#[test]
fn july_2011_is_readable() {
    look_at_month("july_2011_is_readable", "2011-07");
}

#[test]
fn october_2007_is_readable() {
    look_at_month("october_2007_is_readable", "2007-10");
}

/// Whoever follows a link of the page finds a file.
#[test]
fn every_file_that_a_page_names_is_there() {
    let Some(python) = python("every_file_that_a_page_names_is_there") else {
        return;
    };
    let out = tempfile::tempdir().expect("a temporary folder");
    let report = Report::make("2011-07", &records(&python, "2011"), out.path(), &[]);
    let page = fs::read_to_string(report.folder.join("index.html")).expect("the page");
    let targets: Vec<_> = page
        .split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(targets.len() > 80, "{targets:?}");
    for target in targets {
        if let Some(anchor) = target.strip_prefix('#') {
            assert!(page.contains(&format!(" id=\"{anchor}\"")), "{target}");
        } else if !target.contains(':') {
            assert!(report.folder.join(target).is_file(), "{target}");
        }
    }
}
