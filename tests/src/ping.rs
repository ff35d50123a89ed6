//! Pings by the kernel's own ping sockets.

use std::{
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
    os::fd::FromRawFd as _,
    time::Duration,
};

use crate::lab::Namespace;

/// One host's pings of another; all carry one identifier.
#[derive(Debug)]
pub struct Ping {
    socket: UdpSocket,
    request: u8,
    sequence: u8,
}

impl Ping {
    /// Prepares to ping an address from inside a namespace.
    ///
    /// # Panics
    /// When the kernel gives no ping socket.
    pub fn open(namespace: &Namespace, to: &str) -> Self {
        let to: IpAddr = to.parse().expect("an address");
        let (family, protocol, request) = match to {
            IpAddr::V4(_) => (libc::AF_INET, libc::IPPROTO_ICMP, 8),
            IpAddr::V6(_) => (libc::AF_INET6, libc::IPPROTO_ICMPV6, 128),
        };
        let socket = namespace.inside(|| {
            let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC;
            // SAFETY: socket takes no pointers.
            let socket = unsafe { libc::socket(family, kind, protocol) };
            assert!(socket >= 0, "ping socket: {}", io::Error::last_os_error());
            // SAFETY: the descriptor is new and nobody else's; a ping socket takes the same calls
            // as a UDP socket.
            unsafe { UdpSocket::from_raw_fd(socket) }
        });
        socket.connect(SocketAddr::new(to, 0)).expect("a route");
        let wait = Some(Duration::from_secs(2));
        socket.set_read_timeout(wait).expect("a time limit");
        Self {
            socket,
            request,
            sequence: 0,
        }
    }

    /// Sends a request and waits for its answer.
    ///
    /// # Panics
    /// When none comes.
    pub fn ping(&mut self) {
        self.ping_with(0);
    }

    /// The same with so many bytes of data.
    ///
    /// # Panics
    /// When no answer comes.
    pub fn ping_with(&mut self, bytes: usize) {
        self.sequence += 1;
        let mut message = vec![self.request, 0, 0, 0, 0, 0, 0, self.sequence];
        message.resize(8 + bytes, 0x55);
        self.socket.send(&message).expect("the request is sent");
        let mut answer = vec![0; 16 + bytes];
        let length = self
            .socket
            .recv(&mut answer)
            .expect("an answer to the ping");
        assert_eq!((length, answer[7]), (message.len(), self.sequence));
    }

    /// The identifier of its requests.
    ///
    /// # Panics
    /// When the socket cannot be asked.
    pub fn identifier(&self) -> u16 {
        let local = self.socket.local_addr().expect("a bound socket");
        local.port()
    }
}
