//! The folder of a report: each file appears whole, the page last.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, ErrorKind},
    path::Path,
    process,
};

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// What a report says of itself.
pub const REPORT: &str = "report.json";

/// Writes the files of a report, each a name below the folder and a text, in this order, and then takes away what an earlier report in this folder named among
/// its own (`files` in `report.json`) and this one no longer has. What else lies there stays.
///
/// # Errors
/// When a file cannot be written or taken away.
pub fn write_all(folder: &Path, files: &[(String, String)]) -> Result<()> {
    let earlier = earlier(folder);
    for (name, text) in files {
        write(folder, name, text)?;
    }
    let now: BTreeSet<_> = files.iter().map(|(name, _)| name.as_str()).collect();
    for name in earlier.iter().filter(|name| !now.contains(name.as_str())) {
        let path = folder.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("removing {}", path.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Writes a file below a folder, and the folders on the way: under another name first, so that nobody reads half of it.
///
/// # Errors
/// When it cannot be written.
pub fn write(folder: &Path, name: &str, text: &str) -> Result<()> {
    let path = folder.join(name);
    let parent = path.parent().unwrap_or(folder);
    fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
    let last = path.file_name().unwrap_or_default().to_string_lossy();
    let partial = parent.join(format!(".{last}.{}", process::id()));
    let whole = || -> io::Result<()> {
        fs::write(&partial, text)?;
        fs::rename(&partial, &path)
    };
    whole()
        .inspect_err(|_| {
            // The error that is told is the first one.
            let _ = fs::remove_file(&partial);
        })
        .with_context(|| format!("writing {}", path.display()))
}

/// The files of the report that stands in the folder; none if there is no such report.
fn earlier(folder: &Path) -> Vec<String> {
    #[derive(Deserialize)]
    struct Earlier {
        files: Vec<String>,
    }
    let text = fs::read_to_string(folder.join(REPORT)).unwrap_or_default();
    let files = serde_json::from_str(&text).map_or_else(|_| Vec::new(), |Earlier { files }| files);
    files.into_iter().filter(|name| is_ours(name)).collect()
}

/// Whether a report may have a file of this name: `data/<id>.csv` or `sql/<name>.sql`, nothing elsewhere.
fn is_ours(name: &str) -> bool {
    let of = |folder: &str, kind: &str| {
        let id = name
            .strip_prefix(folder)
            .and_then(|name| name.strip_suffix(kind));
        id.is_some_and(|id| !id.is_empty() && !id.starts_with('.') && !id.contains('/'))
    };
    of("data/", ".csv") || of("sql/", ".sql")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_reports_are_taken_away() {
        for ours in ["data/1-1.csv", "sql/preamble.sql", "data/2.1.1.csv"] {
            assert!(is_ours(ours), "{ours}");
        }
        for other in [
            "index.html",
            "../data/1-1.csv",
            "data/../../x.csv",
            "data/.csv",
            "/etc/passwd",
            "data/x.sql",
            "sql/a/b.sql",
        ] {
            assert!(!is_ours(other), "{other}");
        }
    }
}
