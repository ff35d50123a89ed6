//! The interfaces of this machine: which one leads to the Internet, and what is known of each.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::IpAddr,
};

use anyhow::{Context as _, Result};
use futures_util::{StreamExt as _, TryStreamExt as _};
use netlink_packet_route::{
    address::AddressAttribute,
    link::{InfoKind, LinkAttribute, LinkFlags, LinkInfo, LinkLayerType, LinkXdp, XdpAttached},
};
use rtnetlink::{Handle, MulticastGroup, new_multicast_connection};
use talot_common::packet::Link;
use tokio::sync::mpsc;

use crate::{
    config::{Mode, PointConfig, Verdict, XdpChoice},
    kernel,
};

/// An interface as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// Its number, which a new interface of the same name does not share.
    pub index: u32,
    /// What its frames begin with; none if that is neither Ethernet nor IP.
    pub link: Option<Link>,
    /// Bytes of the largest packet.
    pub mtu: u32,
    /// What it is, if it is none of hardware: `veth`, `bond`.
    pub kind: Option<String>,
    /// Its own addresses.
    pub addresses: Vec<IpAddr>,
    /// The XDP program that is attached to it.
    pub xdp_program: Option<u32>,
    /// How that is run.
    pub xdp_mode: Option<kernel::Mode>,
    /// Whether it is up and something can arrive.
    pub running: bool,
    /// How often it has lost its carrier, since it exists.
    pub carrier_losses: u32,
    /// Packets that its driver had no room for, since it exists.
    pub missed: u64,
    /// Whether its driver hands a native program on to the interfaces below it (a bond's members,
    /// the virtual function of a Hyper-V interface), where it runs under their numbers.
    pub has_members: bool,
}

/// A connection to the kernel's routing messages.
pub struct Interfaces {
    handle: Handle,
    changes: mpsc::Receiver<()>,
}

impl Interfaces {
    /// Connects, in the network namespace of this thread.
    ///
    /// # Errors
    ///
    /// If the kernel refuses a netlink socket.
    pub fn connect() -> Result<Self> {
        let groups = [
            MulticastGroup::Link,
            MulticastGroup::Ipv4Ifaddr,
            MulticastGroup::Ipv6Ifaddr,
        ];
        let (connection, handle, mut messages) =
            new_multicast_connection(&groups).context("opening a netlink socket")?;
        tokio::spawn(connection);
        // One waiting notice stands for any number of changes.
        let (notice, changes) = mpsc::channel(1);
        tokio::spawn(async move {
            while messages.next().await.is_some() {
                if let Err(mpsc::error::TrySendError::Closed(())) = notice.try_send(()) {
                    break;
                }
            }
        });
        Ok(Self { handle, changes })
    }

    /// Waits until an interface or an address has changed.
    pub async fn changed(&mut self) {
        if self.changes.recv().await.is_none() {
            // The connection is gone; whoever waits has other reasons to wake up.
            std::future::pending::<()>().await;
        }
    }

    /// Every interface by name.
    ///
    /// # Errors
    ///
    /// If the kernel does not answer.
    pub async fn all(&self) -> Result<BTreeMap<String, Interface>> {
        let mut names = BTreeMap::new();
        let mut found = BTreeMap::new();
        let mut above = BTreeSet::new();
        let mut links = self.handle.link().get().execute();
        while let Some(message) = links.try_next().await.context("listing the interfaces")? {
            let mut interface = Interface {
                index: message.header.index,
                link: link_of(message.header.link_layer_type),
                running: message
                    .header
                    .flags
                    .contains(LinkFlags::Up | LinkFlags::Running),
                ..Interface::default()
            };
            for attribute in message.attributes {
                match attribute {
                    LinkAttribute::IfName(name) => {
                        names.insert(interface.index, name);
                    }
                    LinkAttribute::Xdp(xdp) => {
                        interface.xdp_program = xdp.iter().find_map(|attribute| match attribute {
                            LinkXdp::ProgId(id) => Some(*id),
                            _ => None,
                        });
                        interface.xdp_mode = xdp.iter().find_map(|attribute| match attribute {
                            LinkXdp::Attached(XdpAttached::Driver) => Some(kernel::Mode::Native),
                            LinkXdp::Attached(XdpAttached::SocketBuffer) => {
                                Some(kernel::Mode::Generic)
                            }
                            _ => None,
                        });
                    }
                    LinkAttribute::Stats64(stats) => interface.missed = stats.rx_missed_errors,
                    LinkAttribute::CarrierDownCount(losses) => interface.carrier_losses = losses,
                    LinkAttribute::Controller(index) => {
                        above.insert(index);
                    }
                    // It may have its first member later.
                    LinkAttribute::LinkInfo(info) => {
                        interface.has_members = info.contains(&LinkInfo::Kind(InfoKind::Bond));
                        interface.kind = info.iter().find_map(|info| match info {
                            LinkInfo::Kind(kind) => Some(kind.to_string()),
                            _ => None,
                        });
                    }
                    LinkAttribute::Mtu(mtu) => interface.mtu = mtu,
                    _ => {}
                }
            }
            found.insert(interface.index, interface);
        }
        let mut addresses = self.handle.address().get().execute();
        while let Some(message) = addresses
            .try_next()
            .await
            .context("listing the addresses")?
        {
            let (mut own, mut other) = (None, None);
            for attribute in message.attributes {
                match attribute {
                    AddressAttribute::Local(address) => own = Some(address),
                    AddressAttribute::Address(address) => other = Some(address),
                    _ => {}
                }
            }
            // On a point-to-point link `Address` is the peer's.
            if let (Some(interface), Some(address)) =
                (found.get_mut(&message.header.index), own.or(other))
            {
                interface.addresses.push(address);
            }
        }
        Ok(names
            .into_iter()
            .filter_map(|(index, name)| {
                let mut interface = found.remove(&index)?;
                interface.addresses.sort_unstable();
                interface.has_members |= above.contains(&index);
                Some((name, interface))
            })
            .collect())
    }
}

/// What frames of a device begin with, by its ARPHRD type as XDP sees them.
fn link_of(layer: LinkLayerType) -> Option<Link> {
    match layer {
        LinkLayerType::Ether | LinkLayerType::Loopback => Some(Link::Ethernet),
        LinkLayerType::None
        | LinkLayerType::Ppp
        | LinkLayerType::Rawip
        | LinkLayerType::Tunnel
        | LinkLayerType::Tunnel6
        | LinkLayerType::Sit
        | LinkLayerType::Ipgre => Some(Link::Ip),
        _ => None,
    }
}

/// The interface of the default route: IPv4's, else IPv6's, each with the lowest metric.
///
/// # Errors
///
/// If there is none.
pub fn of_default_route() -> Result<String> {
    default_v4(&routes("/proc/net/route"))
        .or_else(|| default_v6(&routes("/proc/net/ipv6_route")))
        .context(
            "this machine has no default route: name the interface to watch in a configuration \
             ([[point]] interface = \"…\")",
        )
}

/// What is watched without a configuration: the interface of the default route, live.
///
/// # Errors
///
/// If there is no default route.
pub fn default_point() -> Result<PointConfig> {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    Ok(PointConfig {
        name: point_name(host.trim()),
        interface: of_default_route()?,
        addresses: None,
        mode: Mode::Live,
        xdp: XdpChoice::Auto,
        verdict: Verdict::Pass,
    })
}

/// A host name as a point's name: lower case, other characters replaced.
fn point_name(host: &str) -> String {
    let allowed = |c: char| match c.to_ascii_lowercase() {
        c if c.is_ascii_alphanumeric() => c,
        _ => '-',
    };
    let name: String = host.chars().map(allowed).collect();
    match name.trim_matches('-') {
        "" => "sensor".to_owned(),
        name => name.to_owned(),
    }
}

/// A family that the kernel was built without has no routes.
fn routes(file: &str) -> String {
    fs::read_to_string(file).unwrap_or_default()
}

/// Columns: interface, destination, gateway, flags, …, metric (7th), mask (8th); hexadecimal but
/// for the metric.
fn default_v4(table: &str) -> Option<String> {
    let default = |line: &str| {
        let column: Vec<&str> = line.split_whitespace().collect();
        let is_default = column.get(1) == Some(&"00000000") && column.get(7) == Some(&"00000000");
        let metric: u32 = column.get(6)?.parse().ok()?;
        is_default.then(|| (metric, column[0].to_owned()))
    };
    let best = table.lines().skip(1).filter_map(default).min()?;
    Some(best.1)
}

/// Columns: destination, its length, source, its length, gateway, metric (6th), …, interface (10th);
/// hexadecimal. The kernel's own rejecting default is on `lo`.
fn default_v6(table: &str) -> Option<String> {
    let default = |line: &str| {
        let column: Vec<&str> = line.split_whitespace().collect();
        let destination = column.first()?;
        let is_default = destination.bytes().all(|digit| digit == b'0')
            && column.get(1) == Some(&"00")
            && column.get(9) != Some(&"lo");
        let metric = u32::from_str_radix(column.get(5)?, 16).ok()?;
        is_default.then(|| Some((metric, (*column.get(9)?).to_owned())))?
    };
    let best = table.lines().filter_map(default).min()?;
    Some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const V4: &str = "\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
";
    const V6: &str = "\
fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000003 00000000 00450003     ppp0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
";

    #[test]
    fn the_default_route_of_the_lowest_metric_wins() {
        assert_eq!(default_v4(V4).as_deref(), Some("eth0"));
        assert_eq!(default_v6(V6).as_deref(), Some("ppp0"));
    }

    #[test]
    fn a_host_name_becomes_a_point_name() {
        let names = ["vm", "Web_1.example.org", "-", "", "日本", "a-"];
        let expected = ["vm", "web-1-example-org", "sensor", "sensor", "sensor", "a"];
        assert_eq!(names.map(point_name), expected);
    }

    #[test]
    fn no_default_route_is_none() {
        for table in ["", "Iface\n", &V4[..V4.find("wlan0").unwrap()]] {
            assert_eq!(default_v4(table), None);
            assert_eq!(default_v6(table), None);
        }
    }
}
