//! CPUs, threads, and being alone.

use std::{
    fs::{self, File, TryLockError},
    io, thread,
};

use anyhow::{Context as _, Result, bail, ensure};

const LOCK: &str = "/run/talot-bench.lock";

/// Makes sure that no other bench runs, as long as the value lives.
pub(crate) fn alone() -> Result<File> {
    let file = File::create(LOCK).with_context(|| format!("creating {LOCK}"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!("another bench is running on this machine"),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("locking {LOCK}")),
    }
}

/// Everything but receiving happens on this CPU.
pub(crate) const SENDING: usize = 0;

/// The CPU that receives, or runs the program under test.
pub(crate) fn receiving() -> Result<usize> {
    // SAFETY: the call takes a number.
    let online = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
    ensure!(
        online > 1,
        "one CPU sends and another receives: this machine has {online}"
    );
    Ok(1)
}

/// Does something on a thread of its own, with which what it is bound to ends.
pub(crate) fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(work).join())
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Binds a thread, 0 is this one, to a CPU.
pub(crate) fn pin(thread: u32, cpu: usize) -> Result<()> {
    // SAFETY: cpu_set_t is plain data, for which zeroes are valid.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the set is valid, and has room for far more CPUs than the two that are used.
    unsafe { libc::CPU_SET(cpu, &mut set) };
    // SAFETY: the set outlives the call.
    let result =
        unsafe { libc::sched_setaffinity(thread as i32, size_of_val(&set), &raw const set) };
    if result != 0 {
        return Err(io::Error::last_os_error())
            .with_context(|| format!("sched_setaffinity of thread {thread} to CPU {cpu}"));
    }
    Ok(())
}

/// The kernel's threads whose names begin like this.
pub(crate) fn kernel_threads(prefix: &str) -> Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").context("reading /proc")?.flatten() {
        let Some(id) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        // It may have ended meanwhile.
        let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
        if name.starts_with(prefix) {
            found.push(id);
        }
    }
    Ok(found)
}
