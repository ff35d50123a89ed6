//! Two network namespaces with a cable between them: the sensor's, and the attacker's.

mod namespace;
mod offload;

use std::{
    fs,
    path::PathBuf,
    process::Command,
    sync::{
        Once,
        atomic::{AtomicU32, Ordering},
    },
};

pub use self::namespace::Namespace;
use crate::{
    packet::{ATTACKER_MAC, SENSOR_MAC},
    shell::{ip, run},
};

/// The sensor's interface.
pub const INTERFACE: &str = "sensor0";
/// The attacker's interface.
pub const ATTACKER_INTERFACE: &str = "attack0";
/// The sensor's own address.
pub const SENSOR_V4: &str = "192.0.2.1";
/// The attacker's own address.
pub const ATTACKER_V4: &str = "192.0.2.2";
/// The sensor's own IPv6 address.
pub const SENSOR_V6: &str = "2001:db8:1::1";
/// The attacker's own IPv6 address.
pub const ATTACKER_V6: &str = "2001:db8:1::2";
/// An unused prefix that is routed to the sensor.
pub const DARK_V4: &str = "198.51.100.0/24";
/// An unused IPv6 prefix that is routed to the sensor.
pub const DARK_V6: &str = "2001:db8:51::/64";

const PREFIX: &str = "talot-test";

/// How a [`Lab`] is to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// MTU of both ends.
    pub mtu: u32,
    /// Whether the attacker's host has addresses of its own (scanners need them). Without, nothing
    /// arrives at the sensor but what the test builds.
    pub attacker_lives: bool,
    /// Packets that wait at the attacker's end while the cable is full, instead of being lost.
    pub transmit_queue: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mtu: 1500,
            attacker_lives: true,
            transmit_queue: 1000,
        }
    }
}

impl Options {
    /// Nothing arrives at the sensor but what the test builds itself.
    pub fn quiet() -> Self {
        Self {
            attacker_lives: false,
            ..Self::default()
        }
    }
}

/// The laboratory.
#[derive(Debug)]
pub struct Lab {
    /// Where the agent runs.
    pub sensor: Namespace,
    /// Where the packets come from.
    pub attacker: Namespace,
}

impl Lab {
    /// A laboratory with an attacker that has addresses of its own.
    ///
    /// # Panics
    /// When it cannot be built.
    pub fn new() -> Self {
        Self::with(&Options::default())
    }

    /// A laboratory in which nothing arrives at the sensor but what the test builds itself.
    ///
    /// # Panics
    /// When it cannot be built.
    pub fn quiet() -> Self {
        Self::with(&Options::quiet())
    }

    /// A laboratory with these options.
    ///
    /// # Panics
    /// When it cannot be built.
    pub fn with(options: &Options) -> Self {
        static SWEEP: Once = Once::new();
        static COUNT: AtomicU32 = AtomicU32::new(0);
        SWEEP.call_once(|| {
            sweep();
            mount_bpf();
            crate::agent::sweep_pins();
        });
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}-{}-{count}", std::process::id());
        let lab = Self {
            sensor: Namespace::create(format!("{name}-sensor")),
            attacker: Namespace::create(format!("{name}-attacker")),
        };
        lab.lay_cable(options);
        lab
    }

    /// Lays the cable; again, after one end was removed.
    ///
    /// # Panics
    /// When it cannot be laid.
    pub fn lay_cable(&self, options: &Options) {
        let Self { sensor, attacker } = self;
        let Options {
            mtu,
            attacker_lives,
            transmit_queue,
        } = options;
        ip(&format!(
            "link add {INTERFACE} netns {} address {} mtu {mtu} type veth \
             peer name {ATTACKER_INTERFACE} netns {} address {} mtu {mtu}",
            sensor.name,
            mac(SENSOR_MAC),
            attacker.name,
            mac(ATTACKER_MAC),
        ));
        for (namespace, interface) in [(sensor, INTERFACE), (attacker, ATTACKER_INTERFACE)] {
            // Without a link-local address the kernel begins no conversation of its own.
            namespace.ip(&format!("link set {interface} addrgenmode none"));
            if namespace.name == attacker.name && !attacker_lives {
                let disable = format!("net/ipv6/conf/{interface}/disable_ipv6");
                namespace.sysctl(&disable, "1");
            }
            namespace.inside(|| offload::switch_off(interface));
            namespace.ip(&format!("link set {interface} up"));
        }
        run(attacker
            .command("tc")
            .args(["qdisc", "replace", "dev"])
            .args([
                ATTACKER_INTERFACE,
                "root",
                "pfifo",
                "limit",
                &transmit_queue.to_string(),
            ]));
        self.set_addresses(*attacker_lives);
    }

    fn set_addresses(&self, attacker_lives: bool) {
        let Self { sensor, attacker } = self;
        sensor.ip(&format!("addr add {SENSOR_V4}/24 dev {INTERFACE}"));
        sensor.ip(&format!("addr add {SENSOR_V6}/64 dev {INTERFACE} nodad"));
        for address in [ATTACKER_V4, ATTACKER_V6] {
            let lladdr = mac(ATTACKER_MAC);
            sensor.ip(&format!(
                "neigh add {address} lladdr {lladdr} dev {INTERFACE}"
            ));
        }
        if !attacker_lives {
            return;
        }
        attacker.ip(&format!(
            "addr add {ATTACKER_V4}/24 dev {ATTACKER_INTERFACE}"
        ));
        attacker.ip(&format!(
            "addr add {ATTACKER_V6}/64 dev {ATTACKER_INTERFACE} nodad"
        ));
        for (address, dark) in [(SENSOR_V4, DARK_V4), (SENSOR_V6, DARK_V6)] {
            let lladdr = mac(SENSOR_MAC);
            attacker.ip(&format!(
                "neigh add {address} lladdr {lladdr} dev {ATTACKER_INTERFACE}"
            ));
            attacker.ip(&format!("route add {dark} via {address}"));
        }
    }

    /// Switches generic receive offload on at the sensor's end, which is off otherwise. The interface
    /// then polls, and takes frames that XDP sends, whether or not a program is attached.
    ///
    /// # Panics
    /// When the kernel refuses it.
    pub fn merge_received(&self) {
        self.sensor.inside(|| offload::merge_received(INTERFACE));
    }

    /// Packets that the cable has lost so far, between the attacker's kernel and the sensor's hook.
    ///
    /// # Panics
    /// When the interfaces cannot be asked.
    pub fn lost(&self) -> u64 {
        self.attacker.statistic(ATTACKER_INTERFACE, "tx", "dropped")
    }
}

impl Default for Lab {
    fn default() -> Self {
        Self::new()
    }
}

/// Text form of a MAC address.
pub fn mac(address: [u8; 6]) -> String {
    address.map(|byte| format!("{byte:02x}")).join(":")
}

/// Removes what test processes left that were killed.
fn sweep() {
    let Ok(entries) = fs::read_dir("/run/netns") else {
        return;
    };
    for name in entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
    {
        let owner = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split('-').nth(1)?.parse::<u32>().ok());
        if owner.is_some_and(|pid| !PathBuf::from(format!("/proc/{pid}")).exists()) {
            drop(Namespace { name });
        }
    }
}

/// The BPF file system, where this machine has not mounted it.
fn mount_bpf() {
    let mounts = fs::read_to_string("/proc/self/mounts").expect("/proc is mounted");
    let mounted = |line: &str| line.split(' ').nth(1) == Some("/sys/fs/bpf");
    if !mounts.lines().any(mounted) {
        run(Command::new("mount").args(["-t", "bpf", "bpf", "/sys/fs/bpf"]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lab_cleans_up_behind_itself_and_behind_a_panic() {
        let names = |lab: &Lab| [lab.sensor.path(), lab.attacker.path()];
        let paths = names(&Lab::new());
        assert!(paths.iter().all(|path| !path.exists()));
        let result = std::panic::catch_unwind(|| {
            let lab = Lab::quiet();
            assert!(names(&lab).iter().all(|path| path.exists()));
            std::panic::panic_any(names(&lab));
        });
        let paths = result.unwrap_err().downcast::<[PathBuf; 2]>().unwrap();
        assert!(paths.iter().all(|path| !path.exists()));
    }

    #[test]
    fn what_a_killed_test_left_is_swept() {
        // No process has an id above the kernel's highest limit, 2²².
        let left = format!("{PREFIX}-4999999-0-sensor");
        let kept = format!("{PREFIX}-{}-kept", std::process::id());
        ip(&format!("netns add {left}"));
        let kept = Namespace::create(kept);
        sweep();
        assert!(!PathBuf::from("/run/netns").join(left).exists());
        assert!(kept.path().exists());
    }

    #[test]
    fn sockets_of_a_namespace_meet_there_alone() {
        let lab = Lab::new();
        let open = || std::net::UdpSocket::bind((SENSOR_V4, 7)).unwrap();
        let served = lab.sensor.inside(open);
        let other = lab
            .attacker
            .inside(|| std::net::UdpSocket::bind((ATTACKER_V4, 0)).unwrap());
        other.send_to(b"hello", (SENSOR_V4, 7)).unwrap();
        let mut buffer = [0; 16];
        let (length, from) = served.recv_from(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"hello");
        assert_eq!(from, other.local_addr().unwrap());
    }
}
