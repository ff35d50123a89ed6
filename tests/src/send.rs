//! Sending frames as they are, and counting what the kernel took.

use std::{
    io,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
    thread,
    time::Duration,
};

use crate::lab::{ATTACKER_INTERFACE, INTERFACE, Lab};

/// Frames handed over by one call.
const BATCH: usize = 64;

/// A packet socket at one end of the cable. It sends every frame exactly once: what the kernel does
/// not take for want of room is offered again.
#[derive(Debug)]
pub struct Sender<'lab> {
    socket: OwnedFd,
    lab: &'lab Lab,
}

impl<'lab> Sender<'lab> {
    /// Opens one at the attacker's end.
    ///
    /// # Panics
    /// When the kernel refuses it.
    pub fn open(lab: &'lab Lab) -> Self {
        let socket = lab.attacker.inside(|| packet_socket(ATTACKER_INTERFACE));
        Self { socket, lab }
    }

    /// Opens one at the other end: what it sends, the watched host sends.
    ///
    /// # Panics
    /// When the kernel refuses it.
    pub fn at_the_sensor(lab: &'lab Lab) -> Self {
        let socket = lab.sensor.inside(|| packet_socket(INTERFACE));
        Self { socket, lab }
    }

    /// Sends each frame as often as it says, round by round so that the kinds mix, and waits until
    /// the sensor's end has had time to take them in.
    ///
    /// # Panics
    /// When a frame is refused, or lost on the cable: the test proves nothing then.
    pub fn send_counted(&self, frames: &[(Vec<u8>, u32)]) {
        let rounds = frames.iter().map(|(_, count)| *count).max().unwrap_or(0);
        for round in 0..rounds {
            let due = frames.iter().filter(|(_, count)| *count > round);
            let due: Vec<&[u8]> = due.map(|(frame, _)| frame.as_slice()).collect();
            self.send(&due);
        }
        settle();
        self.assert_nothing_lost();
    }

    /// Checks that all has reached the sensor's hook.
    ///
    /// # Panics
    /// When the cable has lost something: the test proves nothing then.
    pub fn assert_nothing_lost(&self) {
        assert_eq!(
            self.lab.lost(),
            0,
            "the cable has lost packets, the test is void"
        );
    }

    /// Sends these frames once.
    ///
    /// # Panics
    /// When a frame is refused.
    pub fn send(&self, frames: &[&[u8]]) {
        for batch in frames.chunks(BATCH) {
            self.send_batch(batch);
        }
    }

    /// Sends one frame.
    ///
    /// # Panics
    /// When it is refused.
    pub fn send_one(&self, frame: &[u8]) {
        self.send_batch(&[frame]);
    }

    fn send_batch(&self, batch: &[&[u8]]) {
        let mut parts: Vec<libc::iovec> = batch
            .iter()
            .map(|frame| libc::iovec {
                iov_base: frame.as_ptr().cast_mut().cast(),
                iov_len: frame.len(),
            })
            .collect();
        let mut messages: Vec<libc::mmsghdr> = parts
            .iter_mut()
            .map(|part| {
                // SAFETY: mmsghdr is plain data, for which zeroes are valid.
                let mut message: libc::mmsghdr = unsafe { std::mem::zeroed() };
                message.msg_hdr.msg_iov = part;
                message.msg_hdr.msg_iovlen = 1;
                message
            })
            .collect();
        let mut waiting = messages.as_mut_slice();
        while !waiting.is_empty() {
            let count = waiting.len() as u32;
            let socket = self.socket.as_raw_fd();
            // SAFETY: the messages and all that they point to live until the call is over.
            let sent = unsafe { libc::sendmmsg(socket, waiting.as_mut_ptr(), count, 0) };
            if let Ok(sent) = usize::try_from(sent) {
                waiting = &mut waiting[sent..];
                continue;
            }
            // The queue is full: the frame was not taken.
            let error = io::Error::last_os_error();
            assert_eq!(
                error.raw_os_error(),
                Some(libc::ENOBUFS),
                "sendmmsg: {error}"
            );
            thread::sleep(Duration::from_micros(50));
        }
    }
}

/// Gives packets on the cable time to reach the sensor's hook.
pub fn settle() {
    thread::sleep(Duration::from_millis(200));
}

fn packet_socket(interface: &str) -> OwnedFd {
    let flags = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
    // SAFETY: socket takes no pointers. Protocol 0: it receives nothing.
    let socket = unsafe { libc::socket(libc::AF_PACKET, flags, 0) };
    assert!(socket >= 0, "packet socket: {}", io::Error::last_os_error());
    // SAFETY: the descriptor is new and nobody else's.
    let socket = unsafe { OwnedFd::from_raw_fd(socket) };
    let name = std::ffi::CString::new(interface).expect("an interface name");
    // SAFETY: sockaddr_ll is plain data, for which zeroes are valid.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    // SAFETY: the name ends with a zero byte.
    address.sll_ifindex = unsafe { libc::if_nametoindex(name.as_ptr()) } as i32;
    assert!(address.sll_ifindex > 0, "there is no interface {interface}");
    let length = size_of_val(&address) as u32;
    // SAFETY: address and length describe a valid sockaddr_ll.
    let bound = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) };
    assert!(
        bound == 0,
        "bind to {interface}: {}",
        io::Error::last_os_error()
    );
    socket
}
