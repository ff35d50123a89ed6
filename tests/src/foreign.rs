//! An XDP program of somebody else: two instructions that pass every packet.

use std::{
    ffi::CString,
    io,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
};

use crate::lab::{INTERFACE, Namespace};

const PROG_LOAD: libc::c_int = 5;
const LINK_CREATE: libc::c_int = 28;
const PROG_TYPE_XDP: u32 = 6;
const ATTACH_TYPE_XDP: u32 = 37;

/// How it is attached.
#[derive(Clone, Copy, Debug)]
pub enum Mode {
    /// By the network stack.
    Generic = 2,
    /// By the driver.
    Native = 4,
}

/// The program, attached to the sensor's interface while this lives.
#[derive(Debug)]
pub struct Program {
    _link: OwnedFd,
}

/// The beginning of `union bpf_attr` for BPF_PROG_LOAD.
#[repr(C)]
struct Load {
    kind: u32,
    instructions: u32,
    code: u64,
    license: u64,
}

/// The beginning of `union bpf_attr` for BPF_LINK_CREATE.
#[repr(C)]
struct Link {
    program: u32,
    interface: u32,
    attach_type: u32,
    flags: u32,
}

impl Program {
    /// Loads and attaches it.
    ///
    /// # Panics
    /// When the kernel refuses.
    pub fn attach(namespace: &Namespace, mode: Mode) -> Self {
        namespace.inside(|| {
            // r0 = XDP_PASS; exit
            let code: [u64; 2] = [0x2_0000_00b7, 0x95];
            let license = c"MIT";
            let load = Load {
                kind: PROG_TYPE_XDP,
                instructions: 2,
                code: code.as_ptr() as u64,
                license: license.as_ptr() as u64,
            };
            let program = bpf(PROG_LOAD, &load);
            let name = CString::new(INTERFACE).expect("an interface name");
            let link = Link {
                program: program.as_raw_fd() as u32,
                // SAFETY: the name ends with a zero byte.
                interface: unsafe { libc::if_nametoindex(name.as_ptr()) },
                attach_type: ATTACH_TYPE_XDP,
                flags: mode as u32,
            };
            Self {
                _link: bpf(LINK_CREATE, &link),
            }
        })
    }
}

/// The system call bpf(2), for commands that answer with a file descriptor.
fn bpf<T>(command: libc::c_int, attributes: &T) -> OwnedFd {
    // SAFETY: the attributes, and what they point to, live until the call is over; the kernel takes
    // what lies behind their size as zeroes.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, attributes, size_of::<T>()) };
    assert!(
        result >= 0,
        "bpf({command}): {}",
        io::Error::last_os_error()
    );
    // SAFETY: the descriptor is new and nobody else's.
    unsafe { OwnedFd::from_raw_fd(result as i32) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        lab::Lab,
        shell::{run, text},
    };

    #[test]
    fn it_is_there_while_it_lives() {
        let lab = Lab::quiet();
        let shown = || {
            let mut command = lab.sensor.command("ip");
            text(&run(command.args(["link", "show", INTERFACE])).stdout)
        };
        for (mode, word) in [(Mode::Generic, "xdpgeneric"), (Mode::Native, "xdp ")] {
            let program = Program::attach(&lab.sensor, mode);
            assert!(shown().contains(word), "{}", shown());
            drop(program);
            assert!(!shown().contains("xdp"), "{}", shown());
        }
    }
}
