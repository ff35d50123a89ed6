//! The same work on many things, on all processors.

use std::{
    hint,
    num::NonZero,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
};

/// How many threads are worth it.
pub(crate) fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Lets memory that is freed stay at hand: glibc gives what is above a threshold back to the kernel, for every file anew, unless a
/// larger piece was freed before (mallopt(3), M_MMAP_THRESHOLD).
pub(crate) fn keep_memory() {
    drop(hint::black_box(Vec::<u8>::with_capacity(16 << 20)));
}

/// Does `work` on each thing; the answers are in the order of the things. Each processor has a state of its own, which
/// `work` may change, and they are returned. `progress` is told how many of how many are done.
///
/// # Panics
/// When `work` does.
pub(crate) fn map<T: Sync, S: Default + Send, R: Send>(
    things: &[T],
    progress: &(dyn Fn(usize, usize) + Sync),
    work: impl Fn(&mut S, &T) -> R + Sync,
) -> (Vec<R>, Vec<S>) {
    let next = AtomicUsize::new(0);
    let labour = || {
        let mut answers = Vec::new();
        let mut state = S::default();
        loop {
            let index = next.fetch_add(1, Relaxed);
            let Some(thing) = things.get(index) else {
                return (answers, state);
            };
            progress(index, things.len());
            answers.push((index, work(&mut state, thing)));
        }
    };
    let (answers, states): (Vec<_>, Vec<_>) = thread::scope(|scope| {
        let workers: Vec<_> = (0..processors()).map(|_| scope.spawn(labour)).collect();
        let ended = workers.into_iter().map(thread::ScopedJoinHandle::join);
        ended.map(|ended| ended.expect("a worker ends")).unzip()
    });
    let mut answers: Vec<_> = answers.into_iter().flatten().collect();
    answers.sort_by_key(|(index, _)| *index);
    (
        answers.into_iter().map(|(_, answer)| answer).collect(),
        states,
    )
}
