//! The bar that says how far the work is, on a terminal.

use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar of so many files.
pub(crate) fn bar(what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:10} {wide_bar} {pos}/{len} files, {eta}");
    let bar = ProgressBar::new(0).with_message(what);
    bar.set_style(style.expect("a template"));
    bar
}

/// What is called when a file has been read.
pub(crate) type Tick = Arc<dyn Fn() + Send + Sync>;

/// A tick that moves the bar on.
pub(crate) fn tick(bar: &ProgressBar) -> Tick {
    let bar = bar.clone();
    Arc::new(move || bar.inc(1))
}
