//! What this machine must have.

use std::path::Path;

use anyhow::{Result, bail};
use aya::util::KernelVersion;

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
    // SAFETY: it reads this process's credentials.
    if unsafe { libc::geteuid() } != 0 {
        bail!("watching an interface needs root: run this with sudo");
    }
    if !Path::new("/sys/kernel/btf/vmlinux").exists() {
        bail!(
            "this kernel has no BTF (/sys/kernel/btf/vmlinux is missing): use one that was built with \
             CONFIG_DEBUG_INFO_BTF=y, as those of Debian, Ubuntu and Fedora are"
        );
    }
    if !runs_at_least(6, 1) {
        bail!("this kernel is too old: Linux 6.1 or later is needed");
    }
    Ok(())
}
