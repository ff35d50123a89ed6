//! The live line on a terminal.

use std::io::{IsTerminal as _, Write as _, stdout};

use crate::status::Status;
use talot_common::words::Disposition;

/// Writes one line over and over.
pub struct LiveLine {
    last_seen: u64,
    width: usize,
}

impl LiveLine {
    /// None if standard output is not a terminal.
    pub fn on_terminal() -> Option<Self> {
        stdout().is_terminal().then_some(Self {
            last_seen: 0,
            width: 0,
        })
    }

    /// Shows the figures as they are; called once a second.
    pub fn show(&mut self, status: &Status) {
        let sum = |of: fn(&crate::status::PointStatus) -> u64| -> u64 {
            status.points.iter().map(of).sum()
        };
        let seen = sum(|point| point.state.today.seen + point.in_kernel);
        let per_second = seen.saturating_sub(self.last_seen);
        // A new day begins at 0.
        let rate = if self.last_seen == 0 { 0 } else { per_second };
        self.last_seen = seen;
        let accesses = sum(|point| point.state.today.of(Disposition::Access));
        let top = status.points.iter().flat_map(|point| &point.top).take(3);
        let top: Vec<String> = top
            .map(|(port, packets)| format!("{port} {packets}"))
            .collect();
        let line = format!(
            "today: {seen} packets seen ({rate}/s), {accesses} accesses drained; top: {}",
            if top.is_empty() {
                "none yet".to_owned()
            } else {
                top.join(", ")
            }
        );
        let width = std::mem::replace(&mut self.width, line.len());
        // A terminal that has gone away is no reason to stop counting.
        let _ = write!(stdout(), "\r{line:width$}").and_then(|()| stdout().flush());
    }

    /// Leaves the line, so that what follows begins on a new one.
    pub fn end(&mut self) {
        if self.width > 0 {
            self.width = 0;
            let _ = writeln!(stdout());
        }
    }
}
