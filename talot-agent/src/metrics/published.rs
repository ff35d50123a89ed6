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

/// The page of the metrics, and how it is with the agent.
pub struct Published(Mutex<Snapshot>);

#[derive(Clone)]
struct Snapshot {
    page: Bytes,
    /// What keeps the agent from doing its work.
    troubles: Vec<String>,
    made: Instant,
}

impl Published {
    /// Publishes for the first time.
    pub fn new(page: String, troubles: Vec<String>) -> Self {
        Self(Mutex::new(Snapshot::now(page, troubles)))
    }

    /// Whether it is time to publish anew.
    pub fn is_due(&self) -> bool {
        self.lock().made.elapsed() >= SHORTEST
    }

    /// Replaces what is published.
    pub fn replace(&self, page: String, troubles: Vec<String>) {
        *self.lock() = Snapshot::now(page, troubles);
    }

    /// The page of the metrics.
    pub fn page(&self) -> Bytes {
        self.lock().page.clone()
    }

    /// What keeps the agent from doing its work; empty if nothing does.
    pub fn troubles(&self) -> Vec<String> {
        let now = self.lock().clone();
        let hangs = Self::is_hanging(&now).then(|| hanging(&now));
        hangs.into_iter().chain(now.troubles).collect()
    }

    /// Why it had better be started anew; none if it lives.
    pub fn hangs(&self) -> Option<String> {
        let now = self.lock();
        Self::is_hanging(&now).then(|| hanging(&now))
    }

    fn is_hanging(now: &Snapshot) -> bool {
        now.made.elapsed() > LONGEST
    }

    fn lock(&self) -> MutexGuard<'_, Snapshot> {
        // It is replaced whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Snapshot {
    fn now(page: String, troubles: Vec<String>) -> Self {
        Self {
            page: page.into(),
            troubles,
            made: Instant::now(),
        }
    }
}

fn hanging(now: &Snapshot) -> String {
    format!(
        "the agent has not looked after itself for {} s",
        now.made.elapsed().as_secs()
    )
}
