//! An interface whose far end is this process, without a link header.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::fd::AsRawFd as _,
    time::{Duration, Instant},
};

use crate::lab::Namespace;

/// `struct tun_pi` of linux/if_tun.h: flags, and the EtherType for the stack above. With it the
/// kernel takes any bytes for a packet.
const INFORMATION: usize = 4;

/// The far end of a tun interface, which is gone with this value.
#[derive(Debug)]
pub struct Tun(File);

impl Tun {
    /// Makes an interface of this name inside a namespace; it is down and has no address.
    ///
    /// # Panics
    /// When the kernel refuses.
    pub fn create(namespace: &Namespace, name: &str) -> Self {
        let tun = namespace.inside(|| {
            let mut options = OpenOptions::new();
            let file = options.read(true).write(true).open("/dev/net/tun");
            let file = file.expect("/dev/net/tun can be opened");
            // SAFETY: ifreq is plain data, for which zeroes are valid.
            let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
            assert!(name.len() < request.ifr_name.len());
            for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
                *to = from as libc::c_char;
            }
            request.ifr_ifru.ifru_flags = libc::IFF_TUN as libc::c_short;
            // SAFETY: the request outlives the call.
            let result =
                unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, &raw mut request) };
            assert!(result == 0, "TUNSETIFF: {}", io::Error::last_os_error());
            file
        });
        Self(tun)
    }

    /// Lets a packet arrive at the interface. When this returns, it has passed the hook.
    ///
    /// # Panics
    /// When the kernel does not take it.
    pub fn arrive(&self, packet: &[u8]) {
        let ethertype: u16 = match packet.first().map_or(0, |byte| byte >> 4) {
            6 => 0x86dd,
            _ => 0x0800,
        };
        let [high, low] = ethertype.to_be_bytes();
        let whole = [&[0, 0, high, low], packet].concat();
        let written = (&self.0).write(&whole).expect("the interface is up");
        assert_eq!(written, whole.len());
    }

    /// The next packet that leaves by the interface and is the one.
    ///
    /// # Panics
    /// When none does within two seconds.
    pub fn departed(&self, is_the_one: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let until = Instant::now() + Duration::from_secs(2);
        let mut buffer = [0; 2048];
        loop {
            let rest = until.saturating_duration_since(Instant::now());
            let mut waits = libc::pollfd {
                fd: self.0.as_raw_fd(),
                events: libc::POLLIN,
                revents: 0,
            };
            // SAFETY: one pollfd, which outlives the call.
            let ready = unsafe { libc::poll(&raw mut waits, 1, rest.as_millis() as i32) };
            assert!(ready == 1, "the packet has not left the interface");
            let length = (&self.0).read(&mut buffer).expect("a packet");
            let packet = &buffer[INFORMATION..length];
            if is_the_one(packet) {
                return packet.to_vec();
            }
        }
    }
}
