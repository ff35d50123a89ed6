//! What becomes of a packet, in the contract's words.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// The net that the point watches.
pub(crate) const WATCHED_V4: &str = "203.0.113.0/24";
/// Likewise.
pub(crate) const WATCHED_V6: &str = "2001:db8:1::/64";

/// Whether the dark point watches this address.
pub(crate) fn is_watched(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            u32::from(address) >> 8 == u32::from(Ipv4Addr::new(203, 0, 113, 0)) >> 8
        }
        IpAddr::V6(address) => {
            let network = Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 0);
            u128::from(address) >> 64 == u128::from(network) >> 64
        }
    }
}

/// The disposition of a packet at a dark point, and what an unsolicited one is counted as.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) disposition: &'static str,
    pub(crate) counted: Option<Counted>,
}

/// What an unsolicited packet is counted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) protocol: u8,
    /// Port, or ICMP type.
    pub(crate) port: Option<u16>,
    /// Whether it is a fragment that does not show its port.
    pub(crate) fragment: bool,
    pub(crate) source: IpAddr,
}

impl Verdict {
    /// A packet that is not counted by source.
    pub(crate) const fn passing(disposition: &'static str) -> Self {
        Self {
            disposition,
            counted: None,
        }
    }
}

impl fmt::Debug for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.disposition)?;
        self.counted
            .map_or(Ok(()), |counted| write!(f, " {counted:?}"))
    }
}

/// An IP packet with a sound header, as rows 3 to 9 of the decision table look at it.
#[derive(Clone, Copy)]
pub(crate) struct Arrived {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) hop_limit: u8,
}

/// What the transport header says.
#[derive(Clone, Copy)]
pub(crate) enum Message {
    Tcp {
        ports: [u16; 2],
        syn: bool,
        ack: bool,
        rst: bool,
    },
    Udp {
        ports: [u16; 2],
        /// The payload's third byte, which in DNS begins with the QR bit.
        third: Option<u8>,
    },
    /// Other protocols that have ports.
    Ported {
        protocol: u8,
        destination: u16,
    },
    /// ICMP in IPv4, ICMPv6 in IPv6.
    Icmp {
        kind: u8,
    },
    Portless {
        protocol: u8,
    },
    /// A fragment without its transport header.
    Fragment {
        protocol: u8,
    },
}

impl Arrived {
    /// Rows 3 to 9 of the decision table, at a dark point without exclude rules.
    pub(crate) fn verdict(self, message: Message) -> Verdict {
        if self.is_link_control(message) {
            return Verdict::passing("link_control");
        }
        if !is_watched(self.destination) {
            return Verdict::passing("elsewhere");
        }
        let (disposition, protocol, port) = match message {
            Message::Tcp {
                ports: [from, to],
                syn,
                ack,
                rst,
            } => {
                if rst || syn && ack {
                    ("backscatter", 6, Some(from))
                } else if ack {
                    ("stray", 6, Some(to))
                } else {
                    ("access", 6, Some(to))
                }
            }
            Message::Udp {
                ports: [from, to],
                third,
            } => {
                if from == 53 && third.is_some_and(|byte| byte >= 0x80) {
                    ("backscatter", 17, Some(from))
                } else {
                    ("access", 17, Some(to))
                }
            }
            Message::Ported {
                protocol,
                destination,
            } => ("access", protocol, Some(destination)),
            Message::Icmp { kind } => {
                let (protocol, answers): (_, &[u8]) = if self.source.is_ipv4() {
                    (1, &[0, 3, 4, 5, 11, 12, 14, 16, 18, 43])
                } else {
                    (58, &[1, 2, 3, 4, 129, 161])
                };
                let answer = answers.contains(&kind);
                let disposition = if answer { "backscatter" } else { "access" };
                (disposition, protocol, Some(kind.into()))
            }
            Message::Portless { protocol } | Message::Fragment { protocol } => {
                ("access", protocol, None)
            }
        };
        Verdict {
            disposition,
            counted: Some(Counted {
                protocol,
                port,
                fragment: matches!(message, Message::Fragment { .. }),
                source: self.source,
            }),
        }
    }

    /// Row 3.
    fn is_link_control(self, message: Message) -> bool {
        let v4 = self.source.is_ipv4();
        match message {
            Message::Portless { protocol: 2 } => v4,
            Message::Udp { ports, .. } => ports == if v4 { [67, 68] } else { [547, 546] },
            Message::Icmp { kind: 133..=137 } => !v4 && self.hop_limit == 255,
            Message::Icmp {
                kind: 130..=132 | 143,
            } => !v4,
            _ => false,
        }
    }
}
