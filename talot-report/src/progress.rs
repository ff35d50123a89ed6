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

/// What the engine calls when it has read a file.
pub(crate) fn tick(bar: &ProgressBar) -> Arc<dyn Fn() + Send + Sync> {
    let bar = bar.clone();
    Arc::new(move || bar.inc(1))
}
