//! The interface of a point: what it is, and what it does to packets before the program sees them.

use std::{collections::BTreeMap, fs, path::Path};

use super::{
    Finding, Grade,
    ethtool::{self, Offloads},
    netdev::{self, XdpFeatures},
};
use crate::{
    config::{PointConfig, XdpChoice},
    interface::Interface,
    kernel,
    sensor::check_interface,
};

/// What surely fits into one buffer of a driver's: a page, without what XDP and the kernel need of it
/// and an Ethernet header with two VLAN tags.
const ONE_BUFFER: u32 = 3498;

pub(super) fn examine(
    point: &PointConfig,
    pin_dir: &Path,
    all: &BTreeMap<String, Interface>,
) -> Vec<Finding> {
    let name = &point.interface;
    let found = check_interface(point, all);
    let (Some(interface), true) = (all.get(name), found.is_ok()) else {
        return vec![Finding::needed(name, found.map(|()| String::new()))];
    };
    let features = netdev::xdp_features(interface.index).ok();
    let offloads = ethtool::offloads(name).ok();
    vec![
        state(name, interface, pin_dir),
        driver(point, interface, features),
        mtu(point, interface, features),
        lro(name, offloads),
        vlan(name, offloads),
    ]
}

fn state(name: &str, interface: &Interface, pin_dir: &Path) -> Finding {
    if interface.xdp_program.is_some() && !kernel::is_pinned(pin_dir, interface.index) {
        let says = format!(
            "another XDP program is attached: stop what attached it (`ip -details link show dev {name}`)"
        );
        return Finding::new(Grade::Missing, name, says);
    }
    if interface.running {
        let addresses = interface.addresses.len();
        Finding::new(Grade::Ok, name, format!("up, {addresses} address(es)"))
    } else {
        let says = format!("is down, so nothing arrives: ip link set {name} up");
        Finding::new(Grade::Warning, name, says)
    }
}

/// Whether XDP runs in the driver.
fn driver(point: &PointConfig, interface: &Interface, features: Option<XdpFeatures>) -> Finding {
    let name = &point.interface;
    let driver = driver_name(name, interface);
    let (grade, mode) = if point.xdp == XdpChoice::Generic {
        (Grade::Ok, "generic XDP, as it is asked for".to_owned())
    } else {
        let why = if interface.has_members {
            "native XDP would run at its members"
        } else {
            match features {
                None => {
                    let says =
                        format!("{driver}; whether it has native XDP shows when run attaches");
                    return Finding::new(Grade::Ok, format!("{name} driver"), says);
                }
                Some(features) if features.native => "",
                Some(_) => "it has no native XDP",
            }
        };
        match (why, point.xdp) {
            ("", _) => (Grade::Ok, "has native XDP".to_owned()),
            (why, XdpChoice::Native) => (Grade::Missing, format!("{why}: set xdp = \"auto\"")),
            (why, _) => (
                Grade::Warning,
                format!(
                    "{why}: run counts in generic mode, more slowly, and merged packets as one"
                ),
            ),
        }
    };
    Finding::new(grade, format!("{name} driver"), format!("{driver}; {mode}"))
}

fn driver_name(name: &str, interface: &Interface) -> String {
    let of_hardware = || {
        let link = fs::read_link(format!("/sys/class/net/{name}/device/driver")).ok()?;
        Some(link.file_name()?.to_string_lossy().into_owned())
    };
    let kind = || interface.kind.clone().or_else(of_hardware);
    let driver = ethtool::driver(name).ok().or_else(kind);
    driver.unwrap_or_else(|| "no driver of its own".to_owned())
}

fn mtu(point: &PointConfig, interface: &Interface, features: Option<XdpFeatures>) -> Finding {
    let (name, mtu) = (&point.interface, interface.mtu);
    let what = format!("{name} MTU");
    let is_native = point.xdp != XdpChoice::Generic && features.is_none_or(|own| own.native);
    if mtu <= ONE_BUFFER || !is_native || features.is_some_and(|own| own.several_buffers) {
        return Finding::new(Grade::Ok, what, mtu.to_string());
    }
    let says = format!(
        "{mtu}: more than a buffer holds, so the driver may refuse native XDP: ip link set {name} mtu \
         {ONE_BUFFER}, or xdp = \"generic\""
    );
    Finding::new(Grade::Warning, what, says)
}

fn lro(name: &str, offloads: Option<Offloads>) -> Finding {
    let what = format!("{name} LRO");
    match offloads {
        None => Finding::new(Grade::Ok, what, "unknown to the driver"),
        Some(Offloads { lro: false, .. }) => Finding::new(Grade::Ok, what, "off"),
        Some(Offloads { lro: true, .. }) => {
            let says = format!(
                "on: the interface merges packets before they are counted, and may refuse native XDP: \
                 ethtool -K {name} lro off"
            );
            Finding::new(Grade::Warning, what, says)
        }
    }
}

fn vlan(name: &str, offloads: Option<Offloads>) -> Finding {
    let says = match offloads {
        None => "unknown to the driver",
        Some(Offloads { vlan: false, .. }) => "off: frames arrive with their tags",
        Some(Offloads { vlan: true, .. }) => {
            "on: the interface takes tags off; frames of any VLAN count alike"
        }
    };
    Finding::new(Grade::Ok, format!("{name} VLAN offload"), says)
}
