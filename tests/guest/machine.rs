//! The virtual machine: what an init system does, as far as it is needed.

use std::{
    env,
    ffi::CString,
    fs::{self, File},
    io,
    os::fd::AsRawFd as _,
    path::Path,
    ptr,
};

/// Set on the kernel's command line: which scenarios are to be run.
const FILTER: &str = "TALOT_GUEST";

/// Which scenarios are to be run; none if this is not the virtual machine.
pub(crate) fn filter() -> Option<String> {
    env::var(FILTER).ok().filter(|_| std::process::id() == 1)
}

/// Mounts and loads what the laboratory needs.
///
/// # Panics
/// When something cannot be.
pub(crate) fn set_up() {
    for (kind, at) in [
        ("proc", "/proc"),
        ("sysfs", "/sys"),
        ("devtmpfs", "/dev"),
        ("bpf", "/sys/fs/bpf"),
        ("tmpfs", "/run"),
        ("tmpfs", "/tmp"),
    ] {
        mount(kind, at);
    }
    fs::create_dir_all("/var").expect("a folder");
    std::os::unix::fs::symlink("/run", "/var/run").expect("a link");
    // The kernel's own messages belong into its log.
    fs::write("/proc/sys/kernel/printk", "3").expect("a writable setting");
    let modules = fs::read_to_string("/modules/order").expect("the list of modules");
    modules.lines().for_each(load);
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("the kernel's release");
    println!("GUEST kernel {}", release.trim());
}

fn mount(kind: &str, at: &str) {
    fs::create_dir_all(at).expect("a folder");
    let [kind, at] = [kind, at].map(|text| CString::new(text).expect("no zero in it"));
    // SAFETY: the strings end with zeros and live until the call is over; there are no options.
    let result = unsafe { libc::mount(kind.as_ptr(), at.as_ptr(), kind.as_ptr(), 0, ptr::null()) };
    assert!(result == 0, "mount {at:?}: {}", io::Error::last_os_error());
}

fn load(module: &str) {
    let file = File::open(Path::new("/modules").join(module)).expect("a module");
    let options = c"";
    // SAFETY: finit_module reads the file and the string, both of which live until it is over.
    let result = unsafe {
        libc::syscall(
            libc::SYS_finit_module,
            file.as_raw_fd(),
            options.as_ptr(),
            0,
        )
    };
    assert!(
        result == 0,
        "loading {module}: {}",
        io::Error::last_os_error()
    );
}

/// Ends the virtual machine.
pub(crate) fn power_off() -> ! {
    // SAFETY: it takes no pointers, and this machine holds nothing that is to be kept.
    unsafe { libc::reboot(libc::RB_POWER_OFF) };
    panic!("the machine goes on: {}", io::Error::last_os_error());
}
