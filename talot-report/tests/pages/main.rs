//! The pages as readers see them: opened in Chromium, measured, and checked by axe-core.
//!
//! Pictures are kept in `target/pages/` for whoever wants to look.

mod browser;
mod golden;
mod sample;
#[expect(dead_code, reason = "the tests of the figures use the rest")]
#[path = "../golden/support.rs"]
mod support;

use std::fs;
use std::path::{Path, PathBuf};

use browser::{Browser, View};
use serde_json::Value;
use talot_report::page;
use talot_report::report::model::{BackNumber, BackNumbers};
use talot_tests::require;

/// A small telephone, a telephone, a tablet, two screens: widths in CSS pixels.
const SCREENS: [View; 7] = [
    screen(320, false),
    screen(380, false),
    screen(720, false),
    screen(1024, false),
    screen(1400, false),
    screen(380, true),
    screen(1400, true),
];
/// Where axe-core judges: both layouts, both schemes.
const JUDGED: [View; 2] = [screen(380, false), screen(1400, true)];
/// A sheet of A4 between its margins.
const PAPER: u32 = 657;

fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn axe() -> PathBuf {
    workspace().join("target/tools/node/node_modules/axe-core/axe.min.js")
}

const fn screen(width: u32, dark: bool) -> View {
    View {
        width,
        dark,
        print: false,
    }
}

/// The folder of a page and its pictures, empty.
fn folder(name: &str) -> PathBuf {
    let folder = workspace().join("target/pages").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder.canonicalize().expect("a folder")
}

/// Opens the page in a folder in every way that readers do. All that is wrong is said at once.
fn look_at(folder: &Path) {
    let file = folder.join("index.html");
    let keep = |what: &str, bytes: Vec<u8>| {
        fs::write(folder.join(what), bytes).expect("the picture can be written");
    };

    let mut browser = Browser::start();
    let mut faults = Vec::new();
    for view in SCREENS {
        browser.look(view);
        faults.extend(browser.open(&file));
        faults.extend(misfits(&mut browser, view));
        let scheme = if view.dark { "dark" } else { "light" };
        keep(
            &format!("{scheme}-{}.png", view.width),
            browser.screenshot(),
        );
        if JUDGED.contains(&view) {
            browser.evaluate("for (const d of document.querySelectorAll('details')) d.open = true");
            faults.extend(misfits(&mut browser, view));
            faults.extend(violations(&mut browser, view));
        }
    }
    let paper = View {
        width: PAPER,
        dark: true,
        print: true,
    };
    browser.look(paper);
    faults.extend(browser.open(&file));
    faults.extend(misfits(&mut browser, paper));
    keep("print.pdf", browser.print());
    assert!(
        faults.is_empty(),
        "{}:\n{}",
        file.display(),
        faults.join("\n")
    );
}

/// What is wider than the page; in charts, text that leaves its sheet, covers another or is too
/// small.
fn misfits(browser: &mut Browser, view: View) -> Vec<String> {
    let faults = browser.evaluate(include_str!("misfits.js"));
    said(&faults, view)
}

/// What axe-core finds.
fn violations(browser: &mut Browser, view: View) -> Vec<String> {
    let script = fs::read_to_string(axe()).expect("axe-core");
    browser.evaluate(&script);
    let violations = browser.evaluate(
        "axe.run().then(result => result.violations.flatMap(found => found.nodes.map(node => \
         `${found.id}: ${node.html}: ${node.failureSummary}`)))",
    );
    said(&violations, view)
}

fn said(faults: &Value, view: View) -> Vec<String> {
    let faults = faults.as_array().expect("a list");
    faults
        .iter()
        .map(|fault| format!("{view:?}: {fault}"))
        .collect()
}

fn can_look(test: &str) -> bool {
    let axe = require::met(
        test,
        "axe-core is not installed (cargo xtask test installs it)",
        axe().exists(),
    );
    require::programs(test, &["chromium"]) && axe
}

#[test]
fn a_page_with_everything_is_readable() {
    if can_look("a_page_with_everything_is_readable") {
        let folder = folder("sample");
        let page = page::report(&sample::document());
        fs::write(folder.join("index.html"), page).expect("the page can be written");
        look_at(&folder);
    }
}

#[test]
fn the_page_of_back_numbers_is_readable() {
    if !can_look("the_page_of_back_numbers_is_readable") {
        return;
    }
    let report = |month: &str, month_name: &str| BackNumber {
        month: month.into(),
        month_name: month_name.into(),
        title: format!("Observation of unsolicited accesses, {month_name}"),
        href: format!("{month}/index.html"),
        headline: "On average 343 accesses from 154 sources per point and day.".into(),
    };
    let page = page::back_numbers(&BackNumbers {
        title: "Observation of unsolicited accesses: back numbers".into(),
        publisher: Some("Example Agency".into()),
        reports: vec![
            report("2011-07", "July 2011"),
            report("2011-06", "June 2011"),
            report("2007-10", "October 2007"),
        ],
    });
    let folder = folder("back-numbers");
    fs::write(folder.join("index.html"), page).expect("the page can be written");
    look_at(&folder);
}
