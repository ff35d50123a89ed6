//! The live line on a terminal.

use std::{
    io::{IsTerminal as _, Write as _, stdout},
    time::{Duration, Instant},
};

use crate::status::Status;
use talot_common::words::Disposition;

/// Writes one line over and over.
pub struct LiveLine {
    /// What was seen when it was last shown.
    last: Option<(Instant, u64)>,
    width: usize,
}

impl LiveLine {
    /// None if standard output is not a terminal.
    pub fn on_terminal() -> Option<Self> {
        stdout().is_terminal().then_some(Self {
            last: None,
            width: 0,
        })
    }

    /// Shows the figures as they are, unless it has just shown some.
    pub fn show(&mut self, status: &Status) {
        let sum = |of: fn(&crate::status::PointStatus) -> u64| -> u64 {
            status.points.iter().map(of).sum()
        };
        let seen = sum(|point| point.state.today.seen + point.in_kernel);
        const SHORTEST: Duration = Duration::from_millis(500);
        let now = Instant::now();
        if self
            .last
            .is_some_and(|(then, _)| now.duration_since(then) < SHORTEST)
        {
            return;
        }
        let rate = self.last.replace((now, seen)).map_or(0, |(then, before)| {
            // A new day begins at 0.
            let packets = seen.saturating_sub(before) as f64;
            (packets / now.duration_since(then).as_secs_f64().max(1e-3)).round() as u64
        });
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
