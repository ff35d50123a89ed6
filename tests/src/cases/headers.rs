//! Fragments, options, extension headers, tags, and the control of the link.

use super::{Cases, dark_v4, dark_v6, source};
use crate::{
    lab::{ATTACKER_V4, ATTACKER_V6},
    packet::{
        DOT1AD, DOT1Q, Ends, Extension, Ipv4, Ipv6, Tcp, datagram, echo, ethernet, flag, ip,
        protocol, tagged, tcp, udp,
    },
    rows::Key,
};

impl Cases {
    pub(super) fn fragments(&mut self) {
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
        let long = datagram(ends, 40_000, 24, &[7; 2000]);
        let mut header = Ipv4::new(ends, protocol::UDP);
        header.more_fragments = true;
        let packet = header.packet(&long[..1000]);
        let name = "first fragment of a long datagram";
        self.counted(name, &packet, "access", protocol::UDP, Some(24));
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
        let long = datagram(ends, 40_000, 24, &[7; 2000]);
        let first = with(protocol::UDP, Extension::Fragment(0, true, 5));
        let packet = first.packet(&long[..1000]);
        self.counted(name, &packet, "access", protocol::UDP, Some(24));
        let atomic = with(protocol::TCP, Extension::Fragment(0, false, 5));
        let packet = atomic.packet(&whole);
        self.counted(
            "atomic fragment",
            &packet,
            "access",
            protocol::TCP,
            Some(25),
        );
        for number in [
            protocol::TCP,
            protocol::UDP,
            protocol::ICMPV6,
            protocol::DESTINATION_OPTIONS,
        ] {
            let later = with(number, Extension::Fragment(4, false, 5));
            self.fragment("later fragment", &later.packet(&[0; 8]), number);
        }
    }

    pub(super) fn headers(&mut self) {
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

    pub(super) fn link(&mut self) {
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
        let unknown = tagged(&[(0x9100, 5)], &packet);
        self.add("a tag of neither kind", unknown, "non_ip", None);
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
        let mut listener = Ipv6::new(groups, protocol::ICMPV6);
        listener.extensions = vec![Extension::HopByHop];
        let report = &echo(groups, 143, 0, 0)[40..];
        let name = "MLD behind a router alert";
        self.other(name, &listener.packet(report), "link_control");
        self.other("MLD to the point", &echo(ends, 130, 0, 0), "link_control");
        let near = with_hop_limit(echo(ends, 135, 0, 0), 255);
        self.other("neighbour discovery to the point", &near, "link_control");
        for kind in 133..=137 {
            let near = with_hop_limit(echo(groups, kind, 0, 0), 255);
            self.other("neighbour discovery", &near, "link_control");
            let packet = echo(ends, kind, 0, 0);
            let port = Some(kind.into());
            let name = "neighbour discovery from far away";
            self.counted(name, &packet, "access", protocol::ICMPV6, port);
        }
    }
}

fn with_hop_limit(mut packet: Vec<u8>, hop_limit: u8) -> Vec<u8> {
    packet[7] = hop_limit;
    packet
}
