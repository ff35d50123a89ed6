//! Links: what holds a program attached to an interface.

use std::{
    ffi::CString,
    fs, io,
    os::{
        fd::{AsRawFd as _, FromRawFd as _, OwnedFd, RawFd},
        unix::ffi::OsStrExt as _,
    },
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use aya::programs::links::{FdLink, PinnedLink};
use log::{debug, warn};

/// Where a program is attached to an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    /// What arrives.
    Xdp,
    /// What leaves.
    Egress,
}

impl Point {
    /// The beginning of the pin's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Xdp => "xdp",
            Self::Egress => "egress",
        }
    }
}

/// A link. A pinned one stays attached when this is dropped.
pub(crate) struct Held {
    _link: FdLink,
    pin: Option<PathBuf>,
}

impl Held {
    /// Holds a new link, and pins it there.
    pub(crate) fn new(link: FdLink, pin: Option<PathBuf>) -> Result<Self> {
        let link = match &pin {
            None => link,
            Some(path) => link
                .pin(path)
                .with_context(|| format!("pinning a link at {}", path.display()))?
                .into(),
        };
        Ok(Self { _link: link, pin })
    }

    /// Holds a link that is pinned there already.
    pub(crate) const fn adopted(link: FdLink, pin: PathBuf) -> Self {
        Self {
            _link: link,
            pin: Some(pin),
        }
    }

    /// Where it is pinned.
    pub(crate) fn pin(&self) -> Option<&Path> {
        self.pin.as_deref()
    }

    /// Whether the interface is still there and nobody has taken the program off.
    pub(crate) fn is_attached(&self) -> bool {
        self.pin.as_deref().is_none_or(is_attached_at)
    }

    /// Detaches.
    pub(crate) fn detach(self) {
        if let Some(pin) = &self.pin {
            remove(pin);
        }
    }
}

/// The link that is pinned there, if there is one.
pub(crate) fn find(pin: &Path) -> Option<FdLink> {
    PinnedLink::from_pin(pin).ok().map(FdLink::from)
}

/// Takes the program off its interface, at once, and removes the pin. Without the former the kernel
/// would do it a moment after the last that holds the link has let go.
pub(crate) fn remove(pin: &Path) {
    if let Err(error) = detach(pin) {
        // There is none, or it is detached already.
        debug!("detaching {}: {error}", pin.display());
    }
    if let Err(error) = fs::remove_file(pin)
        && error.kind() != io::ErrorKind::NotFound
    {
        warn!("removing the pin {}: {error}", pin.display());
    }
}

/// Whether a link is pinned there whose program is attached: to an interface that is there.
pub(super) fn is_attached_at(pin: &Path) -> bool {
    matches!(ifindex_at(pin), Ok(index) if index != 0)
}

/// Index of the interface of a pinned link of XDP or TCX; 0 if it is attached no more.
fn ifindex_at(pin: &Path) -> io::Result<u32> {
    // struct bpf_link_info of linux/bpf.h: type, id, prog_id, four bytes of padding, then for both
    // kinds the interface's index.
    const IFINDEX: usize = 4;
    let link = open(pin)?;
    let mut info = [0_u32; 32];
    let arguments = InfoArguments {
        fd: link.as_raw_fd() as u32,
        length: size_of_val(&info) as u32,
        info: info.as_mut_ptr() as u64,
    };
    // SAFETY: the kernel writes at most `length` bytes to `info`, which outlives the call.
    unsafe { bpf(BPF_OBJ_GET_INFO_BY_FD, &arguments) }?;
    Ok(info[IFINDEX])
}

fn detach(pin: &Path) -> io::Result<()> {
    let link = open(pin)?;
    let arguments = DetachArguments {
        fd: link.as_raw_fd() as u32,
    };
    // SAFETY: the kernel reads a descriptor.
    unsafe { bpf(BPF_LINK_DETACH, &arguments) }.map(drop)
}

fn open(pin: &Path) -> io::Result<OwnedFd> {
    let name = CString::new(pin.as_os_str().as_bytes())?;
    let arguments = OpenArguments {
        pathname: name.as_ptr() as u64,
        fd: 0,
        flags: 0,
    };
    // SAFETY: the kernel reads a name that ends in 0 and outlives the call.
    let fd = unsafe { bpf(BPF_OBJ_GET, &arguments) }?;
    // SAFETY: a new descriptor that belongs to nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

// Of enum bpf_cmd and union bpf_attr in linux/bpf.h.
const BPF_OBJ_GET: libc::c_int = 7;
const BPF_OBJ_GET_INFO_BY_FD: libc::c_int = 15;
const BPF_LINK_DETACH: libc::c_int = 34;

#[repr(C)]
struct OpenArguments {
    pathname: u64,
    fd: u32,
    flags: u32,
}

#[repr(C)]
struct DetachArguments {
    fd: u32,
}

#[repr(C)]
struct InfoArguments {
    fd: u32,
    length: u32,
    info: u64,
}

/// The system call bpf(2), which aya has no function for where it is used here.
///
/// # Safety
///
/// What the arguments point to must be as the command asks for.
unsafe fn bpf<T>(command: libc::c_int, arguments: &T) -> io::Result<libc::c_long> {
    // SAFETY: the kernel reads so many bytes of the arguments; the rest is the caller's promise.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            std::ptr::from_ref(arguments),
            size_of::<T>(),
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}
