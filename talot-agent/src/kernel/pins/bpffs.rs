//! The BPF file system.

use std::{
    ffi::CString,
    fs::DirBuilder,
    io,
    os::unix::{ffi::OsStrExt as _, fs::DirBuilderExt as _},
    path::Path,
};

use anyhow::{Context as _, Result, bail, ensure};
use log::info;

const MOUNT_POINT: &str = "/sys/fs/bpf";
/// `BPF_FS_MAGIC` of linux/magic.h.
const MAGIC: i64 = 0xcafe_4a11;

/// Where pins are to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a BPF file system.
    There,
    /// In one that is not mounted yet, at its usual place.
    ToBeMounted,
}

/// Whether a path lies in a BPF file system.
///
/// # Errors
///
/// If it lies elsewhere.
pub fn place(path: &Path) -> Result<Place> {
    if holds(path)? {
        let parent = path.parent().unwrap_or(path);
        ensure!(
            holds(parent)?,
            "[kernel] pin_dir = {path:?} is the BPF file system itself, which others use too: name a folder \
             in it"
        );
        return Ok(Place::There);
    }
    if path != Path::new(MOUNT_POINT)
        && path.starts_with(MOUNT_POINT)
        && Path::new(MOUNT_POINT).is_dir()
    {
        return Ok(Place::ToBeMounted);
    }
    bail!(
        "[kernel] pin_dir = {path:?} does not lie in a BPF file system: leave it out (then it is below \
         {MOUNT_POINT}), or mount one there (`mount -t bpf bpf …`)"
    )
}

/// Sees to it that a path lies in a BPF file system: mounts it at its usual place if it is missing.
///
/// # Errors
///
/// If the path lies elsewhere, or it cannot be mounted.
pub(super) fn provide(path: &Path) -> Result<()> {
    if place(path)? == Place::ToBeMounted {
        mount().with_context(|| {
            format!(
                "mounting the BPF file system, which [kernel] pin_dir = {path:?} lies in (`mount -t bpf \
                 bpf {MOUNT_POINT}`; a container needs it from its host)"
            )
        })?;
        info!("mounted the BPF file system at {MOUNT_POINT}");
    }
    Ok(())
}

/// Whether the path, or what there is of it, lies in a BPF file system.
fn holds(path: &Path) -> Result<bool> {
    let existing = path.ancestors().find(|ancestor| ancestor.exists());
    let existing = existing.with_context(|| format!("no part of {} exists", path.display()))?;
    let name = CString::new(existing.as_os_str().as_bytes())?;
    // SAFETY: zeroes are a valid statfs.
    let mut stat: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: a name that ends in 0, and a statfs to write to.
    if unsafe { libc::statfs(name.as_ptr(), &raw mut stat) } != 0 {
        return Err(io::Error::last_os_error())
            .with_context(|| format!("statfs of {}", existing.display()));
    }
    #[expect(
        clippy::useless_conversion,
        reason = "the type differs between architectures"
    )]
    Ok(i64::from(stat.f_type) == MAGIC)
}

fn mount() -> io::Result<()> {
    let flags = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
    // SAFETY: names that end in 0; this file system needs no data.
    let result = unsafe {
        libc::mount(
            c"bpf".as_ptr(),
            c"/sys/fs/bpf".as_ptr(),
            c"bpf".as_ptr(),
            flags,
            c"mode=700".as_ptr().cast(),
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Creates a folder, and those above it, for root alone.
pub(super) fn create_folder(path: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("creating {}", path.display()))
}
