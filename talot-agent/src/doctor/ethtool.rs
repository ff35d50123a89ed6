//! What an interface's driver says of itself: two questions of `SIOCETHTOOL` (linux/ethtool.h).

use std::{io, net::UdpSocket, os::fd::AsRawFd as _};

use anyhow::{Context as _, Result, ensure};

const SIOCETHTOOL: libc::Ioctl = 0x8946;
const GET_DRIVER: u32 = 0x3;
const GET_FLAGS: u32 = 0x25;
/// `enum ethtool_flags`.
const RECEIVED_VLAN: u32 = 1 << 8;
const LRO: u32 = 1 << 15;

/// `struct ethtool_drvinfo`, of which only the name is looked at.
#[repr(C)]
struct Driver {
    command: u32,
    name: [u8; 32],
    rest: [u8; 160],
}

/// `struct ethtool_value`.
#[repr(C)]
struct Value {
    command: u32,
    data: u32,
}

/// What an interface does to packets before the kernel has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offloads {
    /// It merges packets of a TCP stream (large receive offload).
    pub(super) lro: bool,
    /// It takes VLAN tags off.
    pub(super) vlan: bool,
}

/// The name of an interface's driver.
pub(super) fn driver(interface: &str) -> Result<String> {
    let mut driver = Driver {
        command: GET_DRIVER,
        name: [0; 32],
        rest: [0; 160],
    };
    // SAFETY: a `struct ethtool_drvinfo`, which is what this command writes.
    unsafe { ask(interface, (&raw mut driver).cast()) }?;
    let name = driver.name.split(|byte| *byte == 0).next();
    Ok(String::from_utf8_lossy(name.unwrap_or_default()).into_owned())
}

/// Its offloads.
pub(super) fn offloads(interface: &str) -> Result<Offloads> {
    let mut flags = Value {
        command: GET_FLAGS,
        data: 0,
    };
    // SAFETY: a `struct ethtool_value`, which is what this command writes.
    unsafe { ask(interface, (&raw mut flags).cast()) }?;
    Ok(Offloads {
        lro: flags.data & LRO != 0,
        vlan: flags.data & RECEIVED_VLAN != 0,
    })
}

/// # Safety
///
/// `question` points to the structure that belongs to the command with which it begins.
unsafe fn ask(interface: &str, question: *mut libc::c_char) -> Result<()> {
    let socket = UdpSocket::bind("0.0.0.0:0").context("a socket for an ioctl")?;
    // SAFETY: ifreq is plain data, for which zeroes are valid.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    ensure!(
        interface.len() < request.ifr_name.len(),
        "{interface} is too long for an interface's name"
    );
    for (to, from) in request.ifr_name.iter_mut().zip(interface.bytes()) {
        *to = from as libc::c_char;
    }
    request.ifr_ifru.ifru_data = question;
    // SAFETY: the request outlives the call, and so does what it points to, which fits the command.
    if unsafe { libc::ioctl(socket.as_raw_fd(), SIOCETHTOOL, &raw mut request) } != 0 {
        return Err(io::Error::last_os_error())
            .with_context(|| format!("SIOCETHTOOL of {interface}"));
    }
    Ok(())
}

const _: () = assert!(size_of::<Driver>() == 196);
