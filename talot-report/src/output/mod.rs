//! The files of a report.

mod json;
mod table;

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

pub use json::{headline_of, report};
pub use table::{csv, json_lines};

/// Writes a file below a folder, and the folders on the way.
///
/// # Errors
/// When it cannot be written.
pub fn write(folder: &Path, name: &str, content: &str) -> Result<()> {
    let path = folder.join(name);
    let parent = path.parent().unwrap_or(folder);
    fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
    fs::write(&path, content).with_context(|| format!("writing {}", path.display()))
}
