//! Network namespaces.

use std::{
    fs::{self, File},
    io,
    os::fd::AsRawFd as _,
    path::PathBuf,
    process::Command,
    thread,
};

use crate::shell::{ip, run};

/// A network namespace of this test; it ends with this value.
#[derive(Debug)]
pub struct Namespace {
    pub(super) name: String,
}

impl Namespace {
    pub(super) fn create(name: String) -> Self {
        ip(&format!("netns add {name}"));
        let namespace = Self { name };
        namespace.ip("link set lo up");
        // Forwarding stays off: what is for a dark prefix ends here without an answer.
        namespace.sysctl("net/ipv6/conf/default/accept_ra", "0");
        namespace.sysctl("net/ipv6/conf/default/accept_dad", "0");
        namespace.sysctl("net/ipv6/conf/default/router_solicitations", "0");
        // Multicast groups are reported at once, and not again within a test.
        namespace.sysctl(
            "net/ipv6/conf/default/mldv2_unsolicited_report_interval",
            "3600000",
        );
        namespace.sysctl("net/ipv4/icmp_ratelimit", "0");
        namespace.sysctl("net/ipv6/icmp/ratelimit", "0");
        namespace.sysctl("net/ipv4/ping_group_range", "0 2147483647");
        namespace
    }

    pub(super) fn path(&self) -> PathBuf {
        PathBuf::from("/run/netns").join(&self.name)
    }

    /// A command that will run inside. `nsenter` rather than `ip netns exec`, which would hide
    /// /sys/fs/bpf.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net={}", self.path().display()));
        command.arg("--").arg(program);
        command
    }

    /// Runs `ip` with these words inside.
    ///
    /// # Panics
    /// When it fails.
    pub fn ip(&self, words: &str) {
        ip(&format!("-n {} {words}", self.name));
    }

    /// Runs a closure on a thread inside: what it opens there (sockets) stays there.
    ///
    /// # Panics
    /// When the closure does, or the namespace cannot be entered.
    pub fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let path = self.path();
        let namespace = File::open(&path)
            .unwrap_or_else(|error| panic!("cannot open {}: {error}", path.display()));
        let entered = move || {
            // SAFETY: setns takes a valid file descriptor and changes this new thread alone.
            let result = unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) };
            assert!(result == 0, "setns: {}", io::Error::last_os_error());
            work()
        };
        thread::scope(|scope| scope.spawn(entered).join())
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Writes a network sysctl, named by its path below /proc/sys.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn sysctl(&self, name: &str, value: &str) {
        self.inside(|| fs::write(format!("/proc/sys/{name}"), value))
            .unwrap_or_else(|error| panic!("cannot set {name} to {value}: {error}"));
    }

    /// Has a kernel thread of its own poll an interface.
    ///
    /// # Panics
    /// When the kernel refuses it.
    pub fn poll_by_thread(&self, interface: &str) {
        // `ip netns exec`, because it mounts the namespace's own /sys.
        let path = format!("/sys/class/net/{interface}/threaded");
        let script = format!("echo 1 > {path}");
        run(Command::new("ip").args(["netns", "exec", &self.name, "sh", "-c", &script]));
    }

    /// A counter of an interface, by its name below `statistics` in `ip -s -s -json link`:
    /// direction (`rx`, `tx`) and what.
    ///
    /// # Panics
    /// When there is none of that name.
    pub fn statistic(&self, interface: &str, direction: &str, what: &str) -> u64 {
        let mut command = Command::new("ip");
        command.args([
            "-n", &self.name, "-s", "-s", "-json", "link", "show", interface,
        ]);
        let answer: serde_json::Value =
            serde_json::from_slice(&run(&mut command).stdout).expect("ip writes JSON");
        answer[0]["stats64"][direction][what]
            .as_u64()
            .unwrap_or_else(|| panic!("no statistic {direction} {what}: {answer}"))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let words = ["netns", "del", &self.name];
        if let Err(error) = Command::new("ip").args(words).status() {
            eprintln!("cannot remove namespace {}: {error}", self.name);
        }
    }
}
