//! Packets that are no point's business.

use super::{Cases, dark_v4, dark_v6};
use crate::{
    lab::{ATTACKER_V4, ATTACKER_V6},
    packet::{
        Ends, Extension, Ipv4, Ipv6, Tcp, dns, ethernet, flag, frame, ip, protocol, tcp, udp,
    },
};

impl Cases {
    /// Headers that contradict themselves.
    pub(super) fn malformed(&mut self) {
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
    pub(super) fn cut_short(&mut self, ends: Ends) {
        let syn = Tcp::new(40_000, 32, flag::SYN).segment(ends);
        for length in [0, 4, 19] {
            let packet = ip(ends, protocol::TCP, &syn[..length]);
            self.other(&format!("{length} bytes of TCP"), &packet, "malformed");
        }
        let mut long = Tcp::new(40_000, 32, flag::SYN);
        long.options = vec![1; 8];
        let packet = ip(ends, protocol::TCP, &long.segment(ends)[..24]);
        self.other("TCP options cut short", &packet, "malformed");
        let mut packet = ip(ends, protocol::TCP, &[]);
        packet.extend(&syn);
        self.other("TCP behind the length of IP", &packet, "malformed");
        let icmp = if ends.source.is_ipv4() {
            protocol::ICMP
        } else {
            protocol::ICMPV6
        };
        self.other("ICMP without a type", &ip(ends, icmp, &[]), "malformed");
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
    pub(super) fn elsewhere(&mut self) {
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
