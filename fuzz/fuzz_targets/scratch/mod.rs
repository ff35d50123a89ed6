//! A data directory in memory, gone with the value.

use std::path::Path;

pub(crate) struct Scratch(tempfile::TempDir);

impl Scratch {
    pub(crate) fn new() -> Self {
        let made = tempfile::Builder::new()
            .prefix("talot-fuzz-")
            .tempdir_in("/dev/shm");
        Self(made.expect("a folder in /dev/shm"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}
