//! How far the reading is, on a terminal.

use std::{fs::File, io::Read, path::Path};

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on standard error; nothing where that is no terminal.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Of files with so many bytes in all.
    pub(super) fn new(bytes: u64) -> Self {
        const TEMPLATE: &str =
            "{msg} {wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
        let bar = ProgressBar::new(bytes);
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// The file, whose reading moves the bar.
    pub(super) fn follow(&self, path: &Path, file: File) -> impl Read + 'static {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        self.0.set_message(name.into_owned());
        self.0.wrap_read(file)
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}
