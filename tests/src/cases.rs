//! Described packets of every kind, each with what the contract's section 2 says of it.

use crate::{
    lab::{ATTACKER_V4, ATTACKER_V6},
    packet::{
        DOT1AD, DOT1Q, Ends, Extension, Ipv4, Ipv6, Tcp, dccp, dns, echo, ethernet, flag, frame,
        icmp, ip, protocol, sctp, tagged, tcp, udp, udp_lite,
    },
    rows::Key,
};

/// A described packet.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it is.
    pub name: String,
    /// Its frame.
    pub frame: Vec<u8>,
    /// What becomes of it at a dark point that watches the laboratory's dark prefixes.
    pub disposition: &'static str,
    /// What it is counted by, if it is unsolicited.
    pub key: Option<Key>,
}

/// IPv4 ends within the dark prefix.
pub fn dark_v4() -> Ends {
    Ends::new(ATTACKER_V4, "198.51.100.7")
}

/// IPv6 ends within the dark prefix.
pub fn dark_v6() -> Ends {
    Ends::new(ATTACKER_V6, "2001:db8:51::7")
}

/// All of them.
pub fn all() -> Vec<Case> {
    let mut cases = Cases::default();
    for ends in [dark_v4(), dark_v6()] {
        cases.tcp_flags(ends);
        cases.transports(ends);
        cases.cut_short(ends);
    }
    cases.icmp();
    cases.fragments();
    cases.headers();
    cases.link();
    cases.malformed();
    cases.elsewhere();
    cases.0
}

#[derive(Default)]
struct Cases(Vec<Case>);

impl Cases {
    fn add(&mut self, name: &str, frame: Vec<u8>, disposition: &'static str, key: Option<Key>) {
        self.0.push(Case {
            name: name.to_owned(),
            frame,
            disposition,
            key,
        });
    }

    /// A packet that is not unsolicited.
    fn other(&mut self, name: &str, packet: &[u8], disposition: &'static str) {
        self.add(name, frame(packet), disposition, None);
    }

    /// An unsolicited packet; its source stands in it.
    fn counted(
        &mut self,
        name: &str,
        packet: &[u8],
        class: &'static str,
        number: u8,
        port: Option<u16>,
    ) {
        let key = Key::new(class, number, port, false, source(packet));
        self.add(name, frame(packet), class, Some(key));
    }

    /// A fragment that does not show its port.
    fn fragment(&mut self, name: &str, packet: &[u8], number: u8) {
        let key = Key::new("access", number, None, true, source(packet));
        self.add(name, frame(packet), "access", Some(key));
    }

    /// All 64 combinations of the TCP flags, with and without the two of ECN.
    fn tcp_flags(&mut self, ends: Ends) {
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

    fn transports(&mut self, ends: Ends) {
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

    fn icmp(&mut self) {
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

    fn fragments(&mut self) {
        let ends = dark_v4();
        let whole = Tcp::new(40_000, 25, flag::SYN).segment(ends);
        let mut header = Ipv4::new(ends, protocol::TCP);
        header.more_fragments = true;
        let first = header.packet(&whole);
        self.counted("first fragment", &first, "access", protocol::TCP, Some(25));
        self.fragment(
            "tiny first fragment",
            &header.packet(&whole[..8]),
            protocol::TCP,
        );
        header.fragment_offset = 3;
        self.fragment("middle fragment", &header.packet(&[0; 8]), protocol::TCP);
        header.more_fragments = false;
        self.fragment("last fragment", &header.packet(&[0; 8]), protocol::TCP);
        for (name, number) in [
            ("UDP", protocol::UDP),
            ("ICMP", protocol::ICMP),
            ("GRE", 47),
        ] {
            header.protocol = number;
            let name = format!("later fragment of {name}");
            self.fragment(&name, &header.packet(&[0; 4]), number);
        }
        let ends = dark_v6();
        let whole = Tcp::new(40_000, 25, flag::SYN).segment(ends);
        let with = |number, extension| {
            let mut header = Ipv6::new(ends, number);
            header.extensions = vec![extension];
            header
        };
        let first = with(protocol::TCP, Extension::Fragment(0, true, 5));
        let packet = first.packet(&whole);
        self.counted("first fragment", &packet, "access", protocol::TCP, Some(25));
        self.fragment(
            "tiny first fragment",
            &first.packet(&whole[..8]),
            protocol::TCP,
        );
        let atomic = with(protocol::TCP, Extension::Fragment(0, false, 5));
        let packet = atomic.packet(&whole);
        self.counted(
            "atomic fragment",
            &packet,
            "access",
            protocol::TCP,
            Some(25),
        );
        for number in [protocol::TCP, protocol::UDP, protocol::ICMPV6] {
            let later = with(number, Extension::Fragment(4, false, 5));
            self.fragment("later fragment", &later.packet(&[0; 8]), number);
        }
    }

    fn headers(&mut self) {
        let ends = dark_v4();
        let mut header = Ipv4::new(ends, protocol::TCP);
        header.options = [[1; 39].as_slice(), &[0]].concat();
        let segment = Tcp::new(40_000, 26, flag::SYN).segment(ends);
        let packet = header.packet(&segment);
        self.counted(
            "forty bytes of IPv4 options",
            &packet,
            "access",
            protocol::TCP,
            Some(26),
        );
        let mut packet = tcp(ends, 40_000, 27, flag::SYN);
        packet.extend([0; 18]);
        self.counted(
            "padding behind IPv4",
            &packet,
            "access",
            protocol::TCP,
            Some(27),
        );
        let ah = ip(ends, protocol::AH, &[6, 4, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1]);
        self.counted("AH over IPv4", &ah, "access", protocol::AH, None);

        let ends = dark_v6();
        let segment = Tcp::new(40_000, 28, flag::SYN).segment(ends);
        let mut header = Ipv6::new(ends, protocol::TCP);
        header.extensions = vec![
            Extension::HopByHop,
            Extension::DestinationOptions,
            Extension::Routing,
            Extension::Authentication,
        ];
        let packet = header.packet(&segment);
        self.counted(
            "four extension headers",
            &packet,
            "access",
            protocol::TCP,
            Some(28),
        );
        header.extensions = vec![Extension::DestinationOptions; 8];
        let packet = header.packet(&segment);
        self.counted(
            "eight extension headers",
            &packet,
            "access",
            protocol::TCP,
            Some(28),
        );
        header.extensions.push(Extension::DestinationOptions);
        self.other(
            "nine extension headers",
            &header.packet(&segment),
            "malformed",
        );
        let packet = ip(ends, protocol::NO_NEXT, &[]);
        self.counted("no next header", &packet, "access", protocol::NO_NEXT, None);
        let mut packet = tcp(ends, 40_000, 29, flag::SYN);
        packet.extend([0; 18]);
        self.counted(
            "padding behind IPv6",
            &packet,
            "access",
            protocol::TCP,
            Some(29),
        );
    }

    fn link(&mut self) {
        let packet = tcp(dark_v4(), 40_000, 30, flag::SYN);
        let key = Key::new("access", protocol::TCP, Some(30), false, source(&packet));
        for (name, tags) in [
            ("one tag", &[(DOT1Q, 5)][..]),
            ("a service tag", &[(DOT1AD, 5)]),
            ("two tags", &[(DOT1AD, 5), (DOT1Q, 6)]),
            ("two customer tags", &[(DOT1Q, 5), (DOT1Q, 6)]),
        ] {
            self.add(name, tagged(tags, &packet), "access", Some(key.clone()));
        }
        let three = tagged(&[(DOT1AD, 5), (DOT1Q, 6), (DOT1Q, 7)], &packet);
        self.add("three tags", three, "non_ip", None);
        let mut arp = vec![0, 1, 8, 0, 6, 4, 0, 2];
        arp.extend([0; 20]);
        self.add("ARP", ethernet(&[], 0x0806, &arp), "non_ip", None);
        self.add("LLDP", ethernet(&[], 0x88cc, &[0, 0]), "non_ip", None);
        self.add(
            "802.3 length",
            ethernet(&[], 38, &[0x42; 38]),
            "non_ip",
            None,
        );

        let dark = "198.51.100.7";
        let ends = Ends::new(ATTACKER_V4, dark);
        self.other(
            "IGMP to the point",
            &ip(ends, 2, &[0x16, 0, 0, 0, 0, 0, 0, 0]),
            "link_control",
        );
        let all = Ends::new(ATTACKER_V4, "224.0.0.1");
        self.other(
            "IGMP query",
            &ip(all, 2, &[0x11, 0, 0, 0, 0, 0, 0, 0]),
            "link_control",
        );
        self.other(
            "DHCP to the point",
            &udp(ends, 67, 68, &[2; 8]),
            "link_control",
        );
        let everyone = Ends::new("0.0.0.0", "255.255.255.255");
        self.other(
            "DHCP to everyone",
            &udp(everyone, 67, 68, &[2; 8]),
            "link_control",
        );
        self.other(
            "DHCP to a server",
            &udp(everyone, 68, 67, &[1; 8]),
            "elsewhere",
        );
        let ends = dark_v6();
        self.other(
            "DHCPv6 to a client",
            &udp(ends, 547, 546, &[2; 8]),
            "link_control",
        );
        let packet = udp(ends, 546, 547, &[1; 8]);
        self.counted(
            "DHCPv6 to a server",
            &packet,
            "access",
            protocol::UDP,
            Some(547),
        );
        let groups = Ends::new(ATTACKER_V6, "ff02::1");
        for kind in [130, 131, 132, 143] {
            self.other("MLD", &echo(groups, kind, 0, 0), "link_control");
        }
        for kind in 133..=137 {
            let near = with_hop_limit(echo(groups, kind, 0, 0), 255);
            self.other("neighbour discovery", &near, "link_control");
            let packet = echo(ends, kind, 0, 0);
            let port = Some(kind.into());
            let name = "neighbour discovery from far away";
            self.counted(name, &packet, "access", protocol::ICMPV6, port);
        }
    }

    /// Headers that contradict themselves.
    fn malformed(&mut self) {
        let ends = dark_v4();
        let syn = tcp(ends, 40_000, 31, flag::SYN);
        let mut broken = |name: &str, packet: &[u8], at: usize, byte: u8| {
            let mut packet = packet.to_vec();
            packet[at] = byte;
            // The EtherType stays that of the packet as it was.
            let mut whole = frame(&syn);
            whole.truncate(14);
            whole.extend(packet);
            self.add(name, whole, "malformed", None);
        };
        broken("version 6 under IPv4's EtherType", &syn, 0, 0x65);
        broken("IHL 4", &syn, 0, 0x44);
        broken("IPv4 length below its header", &syn, 3, 19);
        broken("IPv4 length above the frame", &syn, 3, 41);
        broken("TCP data offset 4", &syn, 32, 0x40);
        let datagram = udp(ends, 40_000, 53, b"data");
        broken("UDP length 7", &datagram, 25, 7);
        broken("UDP length 0", &datagram, 25, 0);
        broken("UDP length beyond the packet", &datagram, 25, 13);
        let mut options = Ipv4::new(ends, protocol::TCP);
        options.options = vec![1; 4];
        broken(
            "IPv4 length within its options",
            &options.packet(&[]),
            3,
            20,
        );

        let ends = dark_v6();
        let syn = tcp(ends, 40_000, 31, flag::SYN);
        let mut broken = |name: &str, packet: &[u8], at: usize, byte: u8| {
            let mut packet = packet.to_vec();
            packet[at] = byte;
            self.add(name, ethernet(&[], 0x86dd, &packet), "malformed", None);
        };
        broken("version 4 under IPv6's EtherType", &syn, 0, 0x45);
        broken("TCP data offset 4 over IPv6", &syn, 52, 0x40);
        let datagram = udp(ends, 40_000, 53, b"data");
        broken("UDP length 7 over IPv6", &datagram, 45, 7);
        broken("UDP length beyond the IPv6 packet", &datagram, 45, 13);
        let mut header = Ipv6::new(ends, protocol::NO_NEXT);
        header.extensions = vec![Extension::DestinationOptions];
        broken(
            "extension header beyond the packet",
            &header.packet(&[]),
            41,
            1,
        );
    }

    /// Headers that are cut short by the end of the packet.
    fn cut_short(&mut self, ends: Ends) {
        let syn = Tcp::new(40_000, 32, flag::SYN).segment(ends);
        for length in [0, 4, 19] {
            let packet = ip(ends, protocol::TCP, &syn[..length]);
            self.other(&format!("{length} bytes of TCP"), &packet, "malformed");
        }
        let mut long = Tcp::new(40_000, 32, flag::SYN);
        long.options = vec![1; 8];
        let packet = ip(ends, protocol::TCP, &long.segment(ends)[..24]);
        self.other("TCP options cut short", &packet, "malformed");
        let packet = ip(ends, protocol::UDP, &[0; 7]);
        self.other("7 bytes of UDP", &packet, "malformed");
        for number in [protocol::SCTP, protocol::DCCP, protocol::UDP_LITE] {
            let packet = ip(ends, number, &[0, 9, 0]);
            self.other(
                &format!("3 bytes of protocol {number}"),
                &packet,
                "malformed",
            );
        }
        let packet = tcp(ends, 40_000, 32, flag::SYN);
        let header = if ends.source.is_ipv4() { 20 } else { 40 };
        for length in [0, 1, header - 1] {
            let mut whole = frame(&packet);
            whole.truncate(14 + length);
            self.add(&format!("{length} bytes of IP"), whole, "malformed", None);
        }
    }

    /// Destinations that are not the point's.
    fn elsewhere(&mut self) {
        for destination in ["192.0.2.1", "198.51.101.0", "198.51.99.255", "192.0.2.255"] {
            let ends = Ends::new(ATTACKER_V4, destination);
            self.other(destination, &tcp(ends, 40_000, 33, flag::SYN), "elsewhere");
        }
        for destination in ["255.255.255.255", "224.0.0.251"] {
            let ends = Ends::new(ATTACKER_V4, destination);
            self.other(
                destination,
                &udp(ends, 5353, 5353, &dns(0, false)),
                "elsewhere",
            );
        }
        for destination in ["2001:db8:1::1", "2001:db8:51:1::", "ff02::fb"] {
            let ends = Ends::new(ATTACKER_V6, destination);
            self.other(
                destination,
                &udp(ends, 5353, 5353, &dns(0, false)),
                "elsewhere",
            );
        }
        for destination in ["198.51.100.0", "198.51.100.255"] {
            let ends = Ends::new("203.0.113.9", destination);
            let packet = tcp(ends, 40_000, 34, flag::SYN);
            self.counted(
                "edge of the prefix",
                &packet,
                "access",
                protocol::TCP,
                Some(34),
            );
        }
        for destination in ["2001:db8:51::", "2001:db8:51::ffff:ffff:ffff:ffff"] {
            let ends = Ends::new("2001:db8:9::9", destination);
            let packet = tcp(ends, 40_000, 34, flag::SYN);
            self.counted(
                "edge of the prefix",
                &packet,
                "access",
                protocol::TCP,
                Some(34),
            );
        }
    }
}

/// The source that stands in a packet.
fn source(packet: &[u8]) -> std::net::IpAddr {
    match packet[0] >> 4 {
        4 => <[u8; 4]>::try_from(&packet[12..16])
            .expect("4 bytes")
            .into(),
        _ => <[u8; 16]>::try_from(&packet[8..24])
            .expect("16 bytes")
            .into(),
    }
}

fn with_hop_limit(mut packet: Vec<u8>, hop_limit: u8) -> Vec<u8> {
    packet[7] = hop_limit;
    packet
}
