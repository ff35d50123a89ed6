//! A process of the test, which ends with it.

use std::{
    io,
    os::unix::process::CommandExt as _,
    process::{Child, Command, ExitStatus},
    thread,
    time::{Duration, Instant},
};

/// A process that is killed, by its id, when the test is done with it.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts it.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(command: &mut Command) -> Self {
        // SAFETY: prctl is safe to call between fork and exec; no memory is touched.
        unsafe {
            command.pre_exec(|| {
                // It does not outlive a test that is itself killed.
                match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) {
                    0 => Ok(()),
                    _ => Err(io::Error::last_os_error()),
                }
            });
        }
        let child = command.spawn();
        Self(child.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}")))
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Its end of a pipe from its stderr, once.
    pub fn take_stderr(&mut self) -> Option<std::process::ChildStderr> {
        self.0.stderr.take()
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// When it is gone.
    pub fn signal(&self, signal: i32) {
        // SAFETY: kill takes no pointers; the child is not reaped, so the id is still its own.
        let result = unsafe { libc::kill(self.0.id() as i32, signal) };
        assert!(result == 0, "kill: {}", io::Error::last_os_error());
    }

    /// Its exit status, if it has ended.
    ///
    /// # Panics
    /// When the kernel cannot say.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().expect("a child of this process")
    }

    /// Waits for its end; none when it does not end in time.
    pub fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        let until = Instant::now() + limit;
        loop {
            match self.ended() {
                None if Instant::now() < until => thread::sleep(Duration::from_millis(10)),
                status => return status,
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Keeps this thread on one CPU.
///
/// # Panics
/// When the kernel refuses it.
pub fn pin_to_cpu(cpu: usize) {
    // SAFETY: cpu_set_t is plain data, for which zeroes are valid.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the set is large enough for this CPU's number.
    unsafe { libc::CPU_SET(cpu, &mut set) };
    // SAFETY: the set lives until the call is over; 0 is this thread.
    let result = unsafe { libc::sched_setaffinity(0, size_of_val(&set), &raw const set) };
    assert!(
        result == 0,
        "sched_setaffinity: {}",
        io::Error::last_os_error()
    );
}
