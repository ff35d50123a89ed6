//! What an access was aimed at.

use core::fmt;

use crate::words::Class;

/// How the number of an [`Aim`] is to be read. Never 0, so that an empty key is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A TCP port.
    Tcp = 1,
    /// A UDP port.
    Udp = 2,
    /// An SCTP port.
    Sctp = 3,
    /// A UDP-Lite port.
    UdpLite = 4,
    /// A DCCP port.
    Dccp = 5,
    /// An ICMP type (IPv4).
    Icmp = 6,
    /// An ICMPv6 type.
    Icmpv6 = 7,
    /// A protocol without ports; the number is the IANA protocol number.
    Portless = 8,
    /// A fragment that does not show its port; the number is the IANA protocol number.
    Fragment = 9,
}

impl Kind {
    /// The kind with this number, if there is one.
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Tcp,
            2 => Self::Udp,
            3 => Self::Sctp,
            4 => Self::UdpLite,
            5 => Self::Dccp,
            6 => Self::Icmp,
            7 => Self::Icmpv6,
            8 => Self::Portless,
            9 => Self::Fragment,
            _ => return None,
        })
    }
}

/// IANA protocol numbers that the counting rules name.
pub mod protocol {
    #![expect(missing_docs, reason = "the names are IANA's")]
    pub const ICMP: u8 = 1;
    pub const IGMP: u8 = 2;
    pub const TCP: u8 = 6;
    pub const UDP: u8 = 17;
    pub const DCCP: u8 = 33;
    pub const AH: u8 = 51;
    pub const ICMPV6: u8 = 58;
    pub const SCTP: u8 = 132;
    pub const UDP_LITE: u8 = 136;
}

/// Port, ICMP type or protocol: what a packet was aimed at. For backscatter it names the victim's
/// service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Aim {
    /// How to read the number.
    pub kind: Kind,
    /// Port, ICMP type or IANA protocol number.
    pub number: u16,
}

impl Aim {
    /// The IANA protocol number.
    pub const fn protocol(self) -> u8 {
        match self.kind {
            Kind::Tcp => protocol::TCP,
            Kind::Udp => protocol::UDP,
            Kind::Sctp => protocol::SCTP,
            Kind::UdpLite => protocol::UDP_LITE,
            Kind::Dccp => protocol::DCCP,
            Kind::Icmp => protocol::ICMP,
            Kind::Icmpv6 => protocol::ICMPV6,
            Kind::Portless | Kind::Fragment => self.number as u8,
        }
    }

    /// The port, or the ICMP type; none where there is none.
    pub const fn port(self) -> Option<u16> {
        match self.kind {
            Kind::Portless | Kind::Fragment => None,
            _ => Some(self.number),
        }
    }

    /// The order of the records: protocol, port with nulls last; a protocol's own packets before
    /// its fragments.
    fn order(self) -> (u8, u32, u8) {
        let port = self.port().map_or(u32::MAX, u32::from);
        (self.protocol(), port, self.kind as u8)
    }
}

impl PartialOrd for Aim {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Aim {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

/// The port type as every record and report writes it: `23/tcp`, `Ping (ICMP)`, `GRE (47)`.
impl fmt::Display for Aim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.number;
        match self.kind {
            Kind::Tcp => write!(f, "{number}/tcp"),
            Kind::Udp => write!(f, "{number}/udp"),
            Kind::Sctp => write!(f, "{number}/sctp"),
            Kind::UdpLite => write!(f, "{number}/udplite"),
            Kind::Dccp => write!(f, "{number}/dccp"),
            Kind::Icmp if number == 8 => f.write_str("Ping (ICMP)"),
            Kind::Icmp => write!(f, "ICMP type {number}"),
            Kind::Icmpv6 if number == 128 => f.write_str("Ping (ICMPv6)"),
            Kind::Icmpv6 => write!(f, "ICMPv6 type {number}"),
            Kind::Fragment => match self.protocol() {
                protocol::TCP => f.write_str("fragment/tcp"),
                protocol::UDP => f.write_str("fragment/udp"),
                other => write!(f, "fragment/{other}"),
            },
            Kind::Portless => match protocol_name(self.protocol()) {
                Some(name) => write!(f, "{name} ({number})"),
                None => write!(f, "protocol {number}"),
            },
        }
    }
}

/// Whether packets of this class and kind occur at all, by the decision table.
pub const fn occurs(class: Class, kind: Kind) -> bool {
    match class {
        Class::Access => true,
        Class::Backscatter => matches!(kind, Kind::Tcp | Kind::Udp | Kind::Icmp | Kind::Icmpv6),
        Class::Stray => matches!(kind, Kind::Tcp),
    }
}

/// The keyword of IANA's registry of Assigned Internet Protocol Numbers (2025-05), where it has one;
/// 114 (any 0-hop protocol) and its like have none.
pub const fn protocol_name(protocol: u8) -> Option<&'static str> {
    Some(match protocol {
        0 => "HOPOPT",
        1 => "ICMP",
        2 => "IGMP",
        3 => "GGP",
        4 => "IPv4",
        5 => "ST",
        6 => "TCP",
        7 => "CBT",
        8 => "EGP",
        9 => "IGP",
        10 => "BBN-RCC-MON",
        11 => "NVP-II",
        12 => "PUP",
        13 => "ARGUS",
        14 => "EMCON",
        15 => "XNET",
        16 => "CHAOS",
        17 => "UDP",
        18 => "MUX",
        19 => "DCN-MEAS",
        20 => "HMP",
        21 => "PRM",
        22 => "XNS-IDP",
        23 => "TRUNK-1",
        24 => "TRUNK-2",
        25 => "LEAF-1",
        26 => "LEAF-2",
        27 => "RDP",
        28 => "IRTP",
        29 => "ISO-TP4",
        30 => "NETBLT",
        31 => "MFE-NSP",
        32 => "MERIT-INP",
        33 => "DCCP",
        34 => "3PC",
        35 => "IDPR",
        36 => "XTP",
        37 => "DDP",
        38 => "IDPR-CMTP",
        39 => "TP++",
        40 => "IL",
        41 => "IPv6",
        42 => "SDRP",
        43 => "IPv6-Route",
        44 => "IPv6-Frag",
        45 => "IDRP",
        46 => "RSVP",
        47 => "GRE",
        48 => "DSR",
        49 => "BNA",
        50 => "ESP",
        51 => "AH",
        52 => "I-NLSP",
        53 => "SWIPE",
        54 => "NARP",
        55 => "Min-IPv4",
        56 => "TLSP",
        57 => "SKIP",
        58 => "IPv6-ICMP",
        59 => "IPv6-NoNxt",
        60 => "IPv6-Opts",
        62 => "CFTP",
        64 => "SAT-EXPAK",
        65 => "KRYPTOLAN",
        66 => "RVD",
        67 => "IPPC",
        69 => "SAT-MON",
        70 => "VISA",
        71 => "IPCV",
        72 => "CPNX",
        73 => "CPHB",
        74 => "WSN",
        75 => "PVP",
        76 => "BR-SAT-MON",
        77 => "SUN-ND",
        78 => "WB-MON",
        79 => "WB-EXPAK",
        80 => "ISO-IP",
        81 => "VMTP",
        82 => "SECURE-VMTP",
        83 => "VINES",
        84 => "IPTM",
        85 => "NSFNET-IGP",
        86 => "DGP",
        87 => "TCF",
        88 => "EIGRP",
        89 => "OSPFIGP",
        90 => "Sprite-RPC",
        91 => "LARP",
        92 => "MTP",
        93 => "AX.25",
        94 => "IPIP",
        95 => "MICP",
        96 => "SCC-SP",
        97 => "ETHERIP",
        98 => "ENCAP",
        100 => "GMTP",
        101 => "IFMP",
        102 => "PNNI",
        103 => "PIM",
        104 => "ARIS",
        105 => "SCPS",
        106 => "QNX",
        107 => "A/N",
        108 => "IPComp",
        109 => "SNP",
        110 => "Compaq-Peer",
        111 => "IPX-in-IP",
        112 => "VRRP",
        113 => "PGM",
        115 => "L2TP",
        116 => "DDX",
        117 => "IATP",
        118 => "STP",
        119 => "SRP",
        120 => "UTI",
        121 => "SMP",
        122 => "SM",
        123 => "PTP",
        124 => "ISIS",
        125 => "FIRE",
        126 => "CRTP",
        127 => "CRUDP",
        128 => "SSCOPMCE",
        129 => "IPLT",
        130 => "SPS",
        131 => "PIPE",
        132 => "SCTP",
        133 => "FC",
        134 => "RSVP-E2E-IGNORE",
        135 => "Mobility",
        136 => "UDPLite",
        137 => "MPLS-in-IP",
        138 => "manet",
        139 => "HIP",
        140 => "Shim6",
        141 => "WESP",
        142 => "ROHC",
        143 => "Ethernet",
        144 => "AGGFRAG",
        145 => "NSH",
        146 => "Homa",
        147 => "BIT-EMU",
        _ => return None,
    })
}
