//! The words of the counting rules: dispositions and classes.

/// What becomes of a packet: exactly one of these, and the first that matches wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Disposition {
    /// Not IPv4 or IPv6 under at most two VLAN tags.
    NonIp = 0,
    /// A header is cut short or contradicts itself.
    Malformed = 1,
    /// Neighbour discovery, multicast listening, IGMP, DHCP to a client.
    LinkControl = 2,
    /// The destination is not one of the point's addresses.
    Elsewhere = 3,
    /// Matches an exclude rule of the configuration.
    Excluded = 4,
    /// Belongs to a conversation in which the watched host has sent a packet.
    Solicited = 5,
    /// An answer to something the host never sent: a forged source elsewhere.
    Backscatter = 6,
    /// TCP with ACK that belongs to nothing.
    Stray = 7,
    /// An unsolicited ("one-sided") access.
    Access = 8,
}

impl Disposition {
    /// How many there are.
    pub const COUNT: usize = 9;

    /// Every disposition, in the order of the decision table.
    pub const ALL: [Self; Self::COUNT] = [
        Self::NonIp,
        Self::Malformed,
        Self::LinkControl,
        Self::Elsewhere,
        Self::Excluded,
        Self::Solicited,
        Self::Backscatter,
        Self::Stray,
        Self::Access,
    ];

    /// The name in records and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NonIp => "non_ip",
            Self::Malformed => "malformed",
            Self::LinkControl => "link_control",
            Self::Elsewhere => "elsewhere",
            Self::Excluded => "excluded",
            Self::Solicited => "solicited",
            Self::Backscatter => "backscatter",
            Self::Stray => "stray",
            Self::Access => "access",
        }
    }

    /// Whether packets of this disposition are counted per source.
    pub const fn is_unsolicited(self) -> bool {
        matches!(self, Self::Backscatter | Self::Stray | Self::Access)
    }
}

/// The three kinds of unsolicited packets. The order is that of the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Class {
    /// See [`Disposition::Access`].
    Access = 0,
    /// See [`Disposition::Backscatter`].
    Backscatter = 1,
    /// See [`Disposition::Stray`].
    Stray = 2,
}

impl Class {
    /// Every class, in the order of the records.
    pub const ALL: [Self; 3] = [Self::Access, Self::Backscatter, Self::Stray];

    /// The name in records.
    pub const fn name(self) -> &'static str {
        self.disposition().name()
    }

    /// The disposition of the packets of this class.
    pub const fn disposition(self) -> Disposition {
        match self {
            Self::Access => Disposition::Access,
            Self::Backscatter => Disposition::Backscatter,
            Self::Stray => Disposition::Stray,
        }
    }

    /// The class with this number, if there is one.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Access),
            1 => Some(Self::Backscatter),
            2 => Some(Self::Stray),
            _ => None,
        }
    }
}
