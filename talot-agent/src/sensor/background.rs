//! Work beside the counting.

use log::error;
use tokio::task::{JoinHandle, spawn_blocking};

/// One piece of work at a time on a thread of its own.
pub(super) struct Background<T>(Option<JoinHandle<T>>);

impl<T> Default for Background<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Send + 'static> Background<T> {
    pub(super) const fn is_under_way(&self) -> bool {
        self.0.is_some()
    }

    /// Begins a piece of work; nothing else is under way.
    pub(super) fn begin(&mut self, work: impl FnOnce() -> T + Send + 'static) {
        self.0 = Some(spawn_blocking(work));
    }

    /// Waits until what is under way has ended, for ever if nothing is; none if it has panicked.
    pub(super) async fn ended(&mut self) -> Option<T> {
        let Some(work) = &mut self.0 else {
            return std::future::pending().await;
        };
        let result = work.await;
        self.0 = None;
        result
            .inspect_err(|error| error!("work beside the counting: {error}"))
            .ok()
    }
}
