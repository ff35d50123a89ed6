//! Packets of every protocol that are counted.

use super::{Cases, dark_v4, dark_v6};
use crate::packet::{
    Ends, Tcp, dccp, dns, echo, flag, icmp, ip, protocol, sctp, tcp, udp, udp_lite,
};

impl Cases {
    /// All 64 combinations of the TCP flags, with and without the two of ECN.
    pub(super) fn tcp_flags(&mut self, ends: Ends) {
        for flags in 0..64 {
            let has = |bits: u8| flags & bits == bits;
            let (class, port) = if has(flag::RST) || has(flag::SYN | flag::ACK) {
                ("backscatter", 40_000)
            } else if has(flag::ACK) {
                ("stray", 1000 + u16::from(flags))
            } else {
                ("access", 1000 + u16::from(flags))
            };
            let ecn = (flags & 3) << 6;
            let packet = tcp(ends, 40_000, 1000 + u16::from(flags), flags | ecn);
            let name = format!("TCP flags {flags:06b}");
            self.counted(&name, &packet, class, protocol::TCP, Some(port));
        }
        let mut segment = Tcp::new(40_000, 23, flag::SYN);
        segment.options = vec![2, 4, 0x05, 0xb4, 1, 1, 1, 0];
        segment.payload = b"data in a SYN".to_vec();
        let packet = segment.packet(ends);
        self.counted(
            "SYN with options and data",
            &packet,
            "access",
            protocol::TCP,
            Some(23),
        );
        let packet = tcp(ends, 0, 0, flag::SYN);
        self.counted(
            "SYN from port 0 to port 0",
            &packet,
            "access",
            protocol::TCP,
            Some(0),
        );
        let packet = tcp(ends, 65_535, 65_535, flag::SYN);
        self.counted(
            "SYN to port 65535",
            &packet,
            "access",
            protocol::TCP,
            Some(65_535),
        );
    }

    pub(super) fn transports(&mut self, ends: Ends) {
        let packet = udp(ends, 40_000, 161, b"x");
        self.counted("UDP", &packet, "access", protocol::UDP, Some(161));
        let packet = udp(ends, 40_000, 9, b"");
        self.counted(
            "UDP without data",
            &packet,
            "access",
            protocol::UDP,
            Some(9),
        );
        let packet = udp(ends, 53, 5555, &dns(7, true));
        self.counted(
            "DNS answer",
            &packet,
            "backscatter",
            protocol::UDP,
            Some(53),
        );
        let packet = udp(ends, 53, 5556, &dns(7, false));
        self.counted(
            "DNS question from port 53",
            &packet,
            "access",
            protocol::UDP,
            Some(5556),
        );
        let packet = udp(ends, 53, 5557, &[0, 7]);
        self.counted(
            "two bytes from port 53",
            &packet,
            "access",
            protocol::UDP,
            Some(5557),
        );
        let packet = udp(ends, 123, 5558, &dns(7, true));
        self.counted(
            "DNS answer from port 123",
            &packet,
            "access",
            protocol::UDP,
            Some(5558),
        );
        let packet = sctp(ends, 40_000, 5060);
        self.counted("SCTP INIT", &packet, "access", protocol::SCTP, Some(5060));
        let packet = udp_lite(ends, 40_000, 7);
        self.counted("UDP-Lite", &packet, "access", protocol::UDP_LITE, Some(7));
        let packet = dccp(ends, 40_000, 5001);
        self.counted(
            "DCCP request",
            &packet,
            "access",
            protocol::DCCP,
            Some(5001),
        );
        let gre = ip(ends, protocol::GRE, &[0, 0, 0x08, 0, 0x45]);
        self.counted("GRE", &gre, "access", protocol::GRE, None);
        let esp = ip(ends, protocol::ESP, &[0; 16]);
        self.counted("ESP", &esp, "access", protocol::ESP, None);
        let inner = tcp(dark_v4(), 40_000, 23, flag::SYN);
        self.counted("IPv4 in IP", &ip(ends, 4, &inner), "access", 4, None);
        self.counted(
            "experiment without data",
            &ip(ends, 253, &[]),
            "access",
            253,
            None,
        );
    }

    pub(super) fn icmp(&mut self) {
        let ends = dark_v4();
        for kind in [0, 3, 4, 5, 11, 12, 14, 16, 18, 43] {
            let quoted = udp(ends.reversed(), 5000, 53, b"quoted");
            let packet = icmp(ends, kind, 0, [0; 4], &quoted);
            let port = Some(kind.into());
            self.counted("ICMP answer", &packet, "backscatter", protocol::ICMP, port);
        }
        for kind in [8, 9, 10, 13, 15, 17, 42, 255] {
            let packet = echo(ends, kind, 7, 1);
            let port = Some(kind.into());
            self.counted("ICMP request", &packet, "access", protocol::ICMP, port);
        }
        let ends = dark_v6();
        for kind in [1, 2, 3, 4, 129, 161] {
            let quoted = udp(ends.reversed(), 5000, 53, b"quoted");
            let packet = icmp(ends, kind, 0, [0; 4], &quoted);
            let port = Some(kind.into());
            self.counted(
                "ICMPv6 answer",
                &packet,
                "backscatter",
                protocol::ICMPV6,
                port,
            );
        }
        for kind in [128, 139, 144, 160, 255] {
            let packet = echo(ends, kind, 7, 1);
            let port = Some(kind.into());
            self.counted("ICMPv6 request", &packet, "access", protocol::ICMPV6, port);
        }
        // An error may quote what it likes: only outer headers can make a packet malformed.
        let packet = icmp(dark_v4(), 3, 3, [0; 4], &[0x4f, 0, 0]);
        self.counted(
            "quoted nonsense",
            &packet,
            "backscatter",
            protocol::ICMP,
            Some(3),
        );
        let packet = icmp(dark_v6(), 1, 4, [0; 4], &[0x4f, 0, 0]);
        self.counted(
            "quoted nonsense",
            &packet,
            "backscatter",
            protocol::ICMPV6,
            Some(1),
        );
    }
}
