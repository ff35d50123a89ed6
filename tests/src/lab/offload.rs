//! What makes one packet of several is switched off, so that a packet on the cable is one for every
//! reader.

use std::{io, net::UdpSocket, os::fd::AsRawFd as _};

const SIOCETHTOOL: libc::Ioctl = 0x8946;
const SET_TSO: u32 = 0x1f;
const SET_GSO: u32 = 0x24;
const SET_GRO: u32 = 0x2c;

/// struct ethtool_value of linux/ethtool.h.
#[repr(C)]
struct Value {
    command: u32,
    data: u32,
}

pub(super) fn switch_off(interface: &str) {
    for command in [SET_TSO, SET_GSO, SET_GRO] {
        set(interface, command, 0);
    }
}

/// Generic receive offload on again. A veth that has it polls, even without an XDP program.
pub(super) fn merge_received(interface: &str) {
    set(interface, SET_GRO, 1);
}

fn set(interface: &str, command: u32, data: u32) {
    let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket for an ioctl");
    let mut value = Value { command, data };
    // SAFETY: ifreq is plain data, for which zeroes are valid.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    assert!(interface.len() < request.ifr_name.len());
    for (to, from) in request.ifr_name.iter_mut().zip(interface.bytes()) {
        *to = from as libc::c_char;
    }
    request.ifr_ifru.ifru_data = (&raw mut value).cast();
    // SAFETY: the request and the value it points to outlive the call.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), SIOCETHTOOL, &raw mut request) };
    let error = io::Error::last_os_error();
    // An XDP program that is attached already may have switched it off for good.
    let is_off = data == 0 && error.raw_os_error() == Some(libc::EOPNOTSUPP);
    assert!(
        result == 0 || is_off,
        "ethtool command {command:#x} on {interface}: {error}"
    );
}
