//! Whether the machine has the memory that the maps take: the kernel gives it at once, and it is
//! not to be missed elsewhere.

use std::{fs, path::Path};

use anyhow::{Result, bail};
use log::warn;

const MIB: u64 = 1 << 20;

/// What is left to the agent for itself.
const RESERVE: u64 = 64 * MIB;

/// Compares what the maps take, and what the agent takes while it drains full ones, with what is
/// free here.
///
/// # Errors
///
/// If the maps take more than that.
pub(super) fn check(needed: u64, to_drain: u64) -> Result<()> {
    let Some((available, whose)) = available() else {
        return Ok(());
    };
    let needed = needed + RESERVE;
    if needed + to_drain > available {
        warn!(
            "the kernel's tables take {} MiB and the drain of full ones {} MiB for a moment, and \
             {whose} has {} MiB left: better set fewer [kernel] keys or keys6",
            needed / MIB,
            to_drain / MIB,
            available / MIB
        );
    }
    if needed > available {
        bail!(
            "the kernel's tables would take {} MiB, and {whose} has {} MiB left: set fewer [kernel] \
             keys or keys6 (64 and 128 bytes each, for each table: a CPU's own, or one of eight)",
            needed.div_ceil(MIB),
            available / MIB
        );
    }
    Ok(())
}

/// Bytes that may still be taken, and of what; none if the kernel does not say.
fn available() -> Option<(u64, &'static str)> {
    let machine = mem_available(&fs::read_to_string("/proc/meminfo").ok()?)?;
    let group = fs::read_to_string("/proc/self/cgroup").ok();
    let group = group.as_deref().and_then(left_in_group);
    Some(match group {
        Some(left) if left < machine => (left, "this control group"),
        _ => (machine, "this machine"),
    })
}

/// `MemAvailable` of proc(5), in bytes.
fn mem_available(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// What the control group (version 2) and those above it leave, if any has a limit.
fn left_in_group(cgroup: &str) -> Option<u64> {
    let path = cgroup.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let group = Path::new("/sys/fs/cgroup").join(path);
    let left = |group: &Path| -> Option<u64> {
        let number = |file| -> Option<u64> {
            let text = fs::read_to_string(group.join(file)).ok()?;
            text.trim().parse().ok()
        };
        // Pages of files that the kernel takes back when they are needed.
        let stat = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
        let files = stat
            .lines()
            .find_map(|line| line.strip_prefix("inactive_file "))
            .and_then(|bytes| bytes.trim().parse::<u64>().ok())
            .unwrap_or(0);
        let used = number("memory.current")?.saturating_sub(files);
        Some(number("memory.max")?.saturating_sub(used))
    };
    group.ancestors().filter_map(left).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_tells_what_is_available() {
        let meminfo = "MemTotal:       24000000 kB\nMemAvailable:   22000000 kB\nBuffers: 1 kB\n";
        assert_eq!(mem_available(meminfo), Some(22_000_000 * 1024));
        assert_eq!(mem_available("MemTotal: 1 kB\n"), None);
    }

    #[test]
    fn tables_larger_than_the_machine_are_refused_with_what_to_do() {
        let error = check(1 << 60, 0).unwrap_err().to_string();
        assert!(error.contains("set fewer [kernel] keys"), "{error}");
        check(1, 0).unwrap();
    }
}
