//! `talot-report index`: the page of back numbers.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};

use crate::{
    month::Month,
    output, page,
    report::model::{BackNumber, BackNumbers},
};

/// Writes the page over the reports in the folders of a folder.
///
/// # Errors
/// When there are none, or the folder is itself a report's.
pub fn write(folder: &Path) -> Result<()> {
    ensure!(
        !folder.join(REPORT).exists(),
        "{} holds a report; --out names the folder above, which holds the reports’ folders",
        folder.display()
    );
    let mut reports = Vec::new();
    let listing = || format!("listing {}", folder.display());
    for entry in fs::read_dir(folder).with_context(listing)? {
        let entry = entry.with_context(listing)?;
        let path = entry.path().join(REPORT);
        if !path.is_file() {
            continue;
        }
        let name = entry.file_name().to_string_lossy().into_owned();
        let shown = path.display().to_string();
        let text = fs::read_to_string(&path).with_context(|| format!("reading {shown}"))?;
        let headline =
            output::headline_of(&text).with_context(|| format!("{shown} is not a report"))?;
        let month: Month = headline
            .month
            .parse()
            .with_context(|| format!("the month in {shown}"))?;
        reports.push((month, name, headline));
    }
    ensure!(
        !reports.is_empty(),
        "there is no report in the folders of {}",
        folder.display()
    );
    reports.sort_by(|(one, name, _), (other, other_name, _)| {
        other.cmp(one).then_with(|| name.cmp(other_name))
    });
    let publisher = reports
        .first()
        .and_then(|(.., newest)| newest.publisher.clone());
    let reports = reports
        .into_iter()
        .map(|(month, folder, headline)| BackNumber {
            month: month.to_string(),
            month_name: month.name(),
            title: headline.title,
            href: format!("{folder}/index.html"),
            headline: headline.headline,
        });
    let page = page::back_numbers(&BackNumbers {
        title: "Observation of unsolicited accesses: back numbers".to_owned(),
        publisher,
        reports: reports.collect(),
    });
    output::write(folder, "index.html", &page)
}

const REPORT: &str = "report.json";
