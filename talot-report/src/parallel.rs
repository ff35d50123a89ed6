//! The same work on many things, on all processors.

use std::{
    num::NonZero,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
};

/// How many threads are worth it.
pub(crate) fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Does `work` on each thing; the answers are in the order of the things. `progress` is told how many of how
/// many are done.
///
/// # Panics
/// When `work` does.
pub(crate) fn map<T: Sync, R: Send>(
    things: &[T],
    progress: &(dyn Fn(usize, usize) + Sync),
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let labour = || {
        let mut answers = Vec::new();
        loop {
            let index = next.fetch_add(1, Relaxed);
            let Some(thing) = things.get(index) else {
                return answers;
            };
            progress(index, things.len());
            answers.push((index, work(thing)));
        }
    };
    let mut answers = thread::scope(|scope| {
        let workers: Vec<_> = (0..processors()).map(|_| scope.spawn(labour)).collect();
        let answers = workers.into_iter().map(thread::ScopedJoinHandle::join);
        answers
            .flat_map(|answers| answers.expect("a worker ends"))
            .collect::<Vec<_>>()
    });
    answers.sort_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}
