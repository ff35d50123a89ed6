//! Addresses and networks.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use toml::de::DeValue;

use super::{mistake::Wrong, values::text};

/// An address or a network. The bits behind `length` are 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    /// The network, or the host.
    pub address: IpAddr,
    /// How many leading bits count: up to 32 for IPv4, 128 for IPv6.
    pub length: u8,
}

impl Prefix {
    /// The prefix of one address.
    pub fn host(address: IpAddr) -> Self {
        let length = host_length(address);
        Self { address, length }
    }

    /// Whether every address of the other is one of its own.
    pub fn holds(self, other: Self) -> bool {
        let same_family = self.address.is_ipv4() == other.address.is_ipv4();
        same_family
            && self.length <= other.length
            && network(other.address, self.length) == self.address
    }

    /// Whether it is one address.
    pub fn is_host(self) -> bool {
        self.length == host_length(self.address)
    }
}

/// `203.0.113.5` if it is one address, else `2001:db8:1::/64`.
impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)?;
        if !self.is_host() {
            write!(f, "/{}", self.length)?;
        }
        Ok(())
    }
}

fn host_length(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The address without the bits behind `length`.
fn network(address: IpAddr, length: u8) -> IpAddr {
    let host_bits = u32::from(host_length(address) - length);
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(host_bits).unwrap_or(0);
            Ipv4Addr::from_bits(v4.to_bits() & mask).into()
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
            Ipv6Addr::from_bits(v6.to_bits() & mask).into()
        }
    }
}

/// What the messages call a prefix.
pub(super) const ALLOWED: &str =
    "an address or a network, as in \"203.0.113.5\", \"192.0.2.0/24\", \"2001:db8:1::/64\"";

/// Reads a prefix.
pub(super) fn prefix(value: &DeValue<'_>) -> Result<Prefix, Wrong> {
    let written = text(value, ALLOWED)?;
    let not = || Wrong::new(format!("{written:?} is not an address"), ALLOWED);
    let Some((address, length)) = written.split_once('/') else {
        return written.parse().map(Prefix::host).map_err(|_| not());
    };
    let address: IpAddr = address.parse().map_err(|_| not())?;
    let most = host_length(address);
    let length = Some(length)
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok())
        .filter(|length| *length <= most)
        .ok_or_else(|| {
            let what = format!("{written:?} has no right prefix length");
            Wrong::new(what, format!("{address}/0 to {address}/{most}"))
        })?;
    let network = network(address, length);
    if network != address {
        let what = format!("{written:?} has bits set behind its prefix length");
        return Err(Wrong::new(
            what,
            format!("\"{network}/{length}\" for the network, \"{address}\" for the host"),
        ));
    }
    Ok(Prefix { address, length })
}
