//! Taking a program off its interface, as `bpftool link detach` does.

use std::{ffi::CString, io, os::unix::ffi::OsStrExt as _, path::Path};

// Of enum bpf_cmd in linux/bpf.h.
const BPF_OBJ_GET: i32 = 7;
const BPF_LINK_DETACH: i32 = 34;

/// Detaches the link that is pinned there; the pin stays.
///
/// # Panics
/// When there is none.
pub fn detach(pin: &Path) {
    let name = CString::new(pin.as_os_str().as_bytes()).expect("a path");
    let link = bpf(BPF_OBJ_GET, [name.as_ptr() as u64, 0]);
    bpf(BPF_LINK_DETACH, [link as u64, 0]);
    // SAFETY: the descriptor was just opened and is nobody else's.
    unsafe { libc::close(link) };
}

fn bpf(command: i32, arguments: [u64; 2]) -> i32 {
    // SAFETY: both commands read these 16 bytes alone, and a name that outlives the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            arguments.as_ptr(),
            size_of_val(&arguments),
        )
    };
    assert!(
        result >= 0,
        "bpf({command}): {}",
        io::Error::last_os_error()
    );
    result as i32
}
