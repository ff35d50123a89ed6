//! What this machine must have.

use std::path::Path;

use anyhow::{Result, bail};
use aya::util::KernelVersion;

/// `include/uapi/linux/capability.h`: what loading and attaching the programs takes. The last one
/// stands for the other two.
const NET_ADMIN: u32 = 12;
const PERFMON: u32 = 38;
const BPF: u32 = 39;
const SYS_ADMIN: u32 = 21;

/// Whether the kernel is of this version or a later one.
pub(super) fn runs_at_least(major: u8, minor: u8) -> bool {
    KernelVersion::current().is_ok_and(|version| version >= KernelVersion::new(major, minor, 0))
}

/// Says what is missing before the kernel answers with a number.
///
/// # Errors
///
/// What is missing, and what to do.
pub fn check_requirements() -> Result<()> {
    root()?;
    btf()?;
    version()
}

/// Whether this process is root's.
pub(crate) fn root() -> Result<()> {
    // SAFETY: it reads this process's credentials.
    if unsafe { libc::geteuid() } != 0 {
        bail!("watching an interface needs root: run this with sudo");
    }
    Ok(())
}

/// Whether the kernel describes its types.
pub(crate) fn btf() -> Result<()> {
    if !Path::new("/sys/kernel/btf/vmlinux").exists() {
        bail!(
            "this kernel has no BTF (/sys/kernel/btf/vmlinux is missing): use one that was built with \
             CONFIG_DEBUG_INFO_BTF=y, as those of Debian, Ubuntu and Fedora are"
        );
    }
    Ok(())
}

/// Whether the kernel is new enough.
pub(crate) fn version() -> Result<()> {
    if !runs_at_least(6, 1) {
        bail!("this kernel is too old: Linux 6.1 or later is needed");
    }
    Ok(())
}

/// The capabilities that are needed and that a process lacks, by its `/proc/PID/status`.
pub(crate) fn lacking(status: &str) -> Vec<&'static str> {
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let own = line.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok());
    let has = |capability: u32| own.is_some_and(|own| own >> capability & 1 == 1);
    let mut lacking = Vec::new();
    for (capability, name, stands_in) in [
        (BPF, "CAP_BPF", true),
        (PERFMON, "CAP_PERFMON", true),
        (NET_ADMIN, "CAP_NET_ADMIN", false),
    ] {
        let is_stood_in_for = stands_in && has(SYS_ADMIN);
        if !(has(capability) || is_stood_in_for) {
            lacking.push(name);
        }
    }
    lacking
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_those_of_the_process() {
        let of = |bits: u64| lacking(&format!("Name:\tx\nCapPrm:\t0\nCapEff:\t{bits:016x}\n"));
        assert_eq!(of(0x1ff_ffff_ffff), [""; 0]);
        assert_eq!(of(0), ["CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN"]);
        assert_eq!(of(1 << 21), ["CAP_NET_ADMIN"]);
        assert_eq!(of(1 << 12 | 1 << 39), ["CAP_PERFMON"]);
        assert_eq!(lacking("").len(), 3);
    }
}
