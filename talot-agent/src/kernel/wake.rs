//! The programs call: the table has, or soon will have, no room, so it is time to drain.

use anyhow::{Context as _, Result};
use aya::{
    Ebpf,
    maps::{MapData, RingBuf},
};
use tokio::io::unix::AsyncFd;

/// The ring that the programs call by.
pub struct Wake(AsyncFd<RingBuf<MapData>>);

impl Wake {
    pub(super) fn new(ebpf: &mut Ebpf) -> Result<Self> {
        let map = ebpf
            .take_map("WAKE")
            .context("the BPF object has no map WAKE")?;
        let ring = RingBuf::try_from(map).context("BPF map WAKE")?;
        // SAFETY: the ring owns its descriptor, and is owned in turn.
        let ring = unsafe { AsyncFd::register(ring) };
        Ok(Self(ring.context("polling BPF map WAKE")?))
    }

    /// Waits for a call; several that have come meanwhile are one.
    pub async fn called(&mut self) {
        loop {
            let Ok(mut guard) = self.0.readable_mut().await else {
                // Nobody calls any more; drains go on by the clock.
                return std::future::pending().await;
            };
            let mut called = false;
            while guard.get_inner_mut().next().is_some() {
                called = true;
            }
            guard.clear_ready();
            if called {
                return;
            }
        }
    }
}
