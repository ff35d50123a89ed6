//! The pages of the two months that TALOT2 reported on.

use std::fs;
use std::path::Path;

use crate::support::{Report, copy_of_month, python, records};
use crate::{can_look, folder, look_at};

/// Makes the report of a month with an edition of its own, looks at its page and follows its links.
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
    links_lead_somewhere(&report);
    look_at(&report.folder);
}

/// Whoever follows a link of the page finds a file or a place in the page.
fn links_lead_somewhere(report: &Report) {
    let page = fs::read_to_string(report.folder.join("index.html")).expect("the page");
    let links = page.split("href=\"").skip(1);
    let targets: Vec<_> = links.filter_map(|rest| rest.split('"').next()).collect();
    assert!(targets.len() > 80, "{targets:?}");
    for target in targets {
        if let Some(anchor) = target.strip_prefix('#') {
            assert!(page.contains(&format!(" id=\"{anchor}\"")), "{target}");
        } else if !target.contains(':') {
            assert!(report.folder.join(target).is_file(), "{target}");
        }
    }
}

#[test]
fn july_2011_is_readable() {
    look_at_month("july_2011_is_readable", "2011-07");
}

#[test]
fn october_2007_is_readable() {
    look_at_month("october_2007_is_readable", "2007-10");
}

/// Days that nobody observed, a day whose records are all refused, one that is left out.
#[test]
fn a_month_with_gaps_is_readable() {
    let test = "a_month_with_gaps_is_readable";
    if !can_look(test) {
        return;
    }
    let Some(python) = python(test) else { return };
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let gaps = temporary.path().join("records");
    copy_of_month(&records(&python, "2011"), "2011-07", &gaps);
    for day in (10..17).chain(24..32).chain([20]) {
        for table in ["sources", "ports", "coverage"] {
            let folder = gaps.join(format!("{table}/day=2011-07-{day:02}"));
            fs::remove_dir_all(folder).expect("a day");
        }
    }
    for point in 1..=10 {
        let file = gaps.join(format!("ports/day=2011-07-08/point-{point:02}.parquet"));
        fs::write(file, "nothing").expect("a file");
    }
    let exclude = ["--exclude", "2011-07-05=power cut"];
    let report = Report::make("2011-07", &gaps, &folder("2011-07-with-gaps"), &exclude);
    look_at(&report.folder);
}
