//! What the HTTP server shows, so that no scrape ever waits for the counting, or the counting for
//! a scrape.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;

/// It is not made anew more often than this.
const SHORTEST: Duration = Duration::from_millis(200);
/// The agent looks after itself every second; when it has not for this long, it hangs.
const LONGEST: Duration = Duration::from_secs(120);

/// The page of the metrics, and how it is with the agent; nothing while it starts.
#[derive(Default)]
pub struct Published(Mutex<Option<Snapshot>>);

#[derive(Clone)]
struct Snapshot {
    page: Bytes,
    /// What keeps the agent from doing its work.
    troubles: Vec<String>,
    made: Instant,
}

impl Published {
    /// Whether it is time to publish, for the first time or anew.
    pub fn is_due(&self) -> bool {
        let now = self.lock();
        now.as_ref()
            .is_none_or(|now| now.made.elapsed() >= SHORTEST)
    }

    /// Replaces what is published.
    pub fn replace(&self, page: String, troubles: Vec<String>) {
        *self.lock() = Some(Snapshot {
            page: page.into(),
            troubles,
            made: Instant::now(),
        });
    }

    /// The page of the metrics; none while the agent starts.
    pub fn page(&self) -> Option<Bytes> {
        self.lock().as_ref().map(|now| now.page.clone())
    }

    /// What keeps the agent from doing its work; empty if nothing does.
    pub fn troubles(&self) -> Vec<String> {
        let now = self.lock().clone();
        let Some(now) = now else {
            return vec!["the agent is starting".to_owned()];
        };
        now.hangs().into_iter().chain(now.troubles).collect()
    }

    /// Why it had better be started anew; none if it lives, or starts.
    pub fn hangs(&self) -> Option<String> {
        self.lock().as_ref().and_then(Snapshot::hangs)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Snapshot>> {
        // It is replaced whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Snapshot {
    fn hangs(&self) -> Option<String> {
        let age = self.made.elapsed();
        (age > LONGEST).then(|| {
            format!(
                "the agent has not looked after itself for {} s",
                age.as_secs()
            )
        })
    }
}
