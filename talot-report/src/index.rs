//! `talot-report index`: the page of back numbers.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};

use crate::{
    month::Month,
    output::{self, Headline, REPORT},
    page,
    report::model::{BackNumber, BackNumbers},
    words::{form, many},
};

/// Writes the page over the reports in the folders of a folder. A report that cannot be read is left out and named.
///
/// # Errors
/// When there are none, when the folder is itself a report's, and, once the page of the others is written, when a report
/// was left out.
pub fn write(folder: &Path) -> Result<()> {
    ensure!(
        !folder.join(REPORT).exists(),
        "{} holds a report; --out names the folder above, which holds the reports’ folders",
        folder.display()
    );
    let mut reports = Vec::new();
    let mut left_out = 0;
    let listing = || format!("listing {}", folder.display());
    for entry in fs::read_dir(folder).with_context(listing)? {
        let entry = entry.with_context(listing)?;
        let path = entry.path().join(REPORT);
        if !path.is_file() {
            continue;
        }
        match read(&path) {
            Ok((month, headline)) => {
                let name = entry.file_name().to_string_lossy().into_owned();
                reports.push((month, name, headline));
            }
            Err(error) => {
                left_out += 1;
                eprintln!("talot-report: left out: {error:#}");
            }
        }
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
            href: format!("{}/index.html", escaped(&folder)),
            headline: headline.headline,
        });
    let page = page::back_numbers(&BackNumbers {
        title: "Observation of unsolicited accesses: back numbers".to_owned(),
        publisher,
        reports: reports.collect(),
    });
    output::write(folder, "index.html", &page)?;
    ensure!(
        left_out == 0,
        "{}: {} left out, see above; make {} again, or move {} away",
        folder.join("index.html").display(),
        many(left_out, "report is", "reports are"),
        form(left_out, "it", "them"),
        form(left_out, "it", "them")
    );
    Ok(())
}

/// What a report says of itself.
fn read(path: &Path) -> Result<(Month, Headline)> {
    let shown = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("reading {shown}"))?;
    let headline =
        output::headline_of(&text).with_context(|| format!("{shown} is not a report"))?;
    let month = headline.month.parse();
    let month = month.with_context(|| format!("the month in {shown}"))?;
    Ok((month, headline))
}

/// A folder's name as a part of an address.
fn escaped(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let escape = |byte: u8| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    name.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_folders_of_any_name() {
        assert_eq!(escaped("2011-07"), "2011-07");
        assert_eq!(escaped("July #7?"), "July%20%237%3F");
    }
}
