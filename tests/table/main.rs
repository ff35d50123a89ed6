//! The counting table under floods from every CPU while it is drained as fast as that goes: each key
//! to the packet, whether the CPUs have a table each or share one.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use jiff::{civil::date, tz::TimeZone};
use talot_agent::{
    clock::Tai,
    config::{Config, Mode, PointConfig, Prefix, Verdict, XdpChoice},
    interface::Interface,
    kernel::{Capacity, Kernel},
    plan,
};
use talot_common::{packet::Link, words::Disposition};
use talot_tests::{
    lab::{INTERFACE, Lab},
    packet::{Ends, flag, frame, many_v4, many_v6, tcp},
    process::pin_to_cpu,
    send::{Sender, settle},
};

/// Port and source of a key, whose packets are counted; no source for overflow.
type Counts = HashMap<(u16, Option<IpAddr>), u64>;

const POINT: &str = "table";
const LASTS: Duration = Duration::from_secs(12);

#[test]
fn a_table_for_each_cpu_is_exact() {
    check(&Flood {
        most_tables: 8,
        keys: 1 << 16,
        sources: 20_000,
    });
}

#[test]
fn a_table_that_cpus_share_is_exact() {
    check(&Flood {
        most_tables: 1,
        keys: 1 << 16,
        sources: 20_000,
    });
}

#[test]
fn few_keys_that_cpus_share_are_exact() {
    check(&Flood {
        most_tables: 1,
        keys: 1 << 10,
        sources: 16,
    });
}

#[test]
fn what_finds_no_room_is_exact_by_port() {
    for most_tables in [1, 8] {
        check(&Flood {
            most_tables,
            keys: 64,
            sources: 5_000,
        });
    }
}

/// Both CPUs send the same keys.
struct Flood {
    most_tables: u32,
    /// Of each family.
    keys: u32,
    /// Half of them IPv6.
    sources: u32,
}

impl Flood {
    fn frames(&self) -> Vec<(Vec<u8>, (u16, IpAddr))> {
        let frame_of = |n: u32| {
            let port = 1 + (n % 100) as u16;
            let ends = if n.is_multiple_of(2) {
                Ends::new(&many_v4(n).to_string(), "198.51.100.1")
            } else {
                Ends::new(&many_v6(n.into()).to_string(), "2001:db8:51::1")
            };
            (frame(&tcp(ends, 1, port, flag::SYN)), (port, ends.source))
        };
        (0..self.sources).map(frame_of).collect()
    }

    fn kernel(&self, lab: &Lab) -> (Kernel, talot_agent::kernel::Attachment) {
        let capacity = Capacity {
            most_tables: self.most_tables,
            ..Capacity::new(self.keys, self.keys)
        };
        let point = point();
        let name = std::ffi::CString::new(INTERFACE).expect("a name");
        lab.sensor.inside(|| {
            let device = Interface {
                // SAFETY: the name ends with a zero byte.
                index: unsafe { libc::if_nametoindex(name.as_ptr()) },
                link: Some(Link::Ethernet),
                ..Interface::default()
            };
            let mut kernel = Kernel::load(capacity, &[POINT], &[]).expect("the programs");
            let devices = BTreeMap::from([(INTERFACE.to_owned(), device.clone())]);
            let window = plan::Window {
                first: date(2026, 1, 1),
                waiting: false,
                tai: Tai::default(),
            };
            let points = [point];
            let watch = plan::plan(
                &points,
                &plan::addresses(&points, &devices),
                &devices,
                &Config::default().solicited,
                window,
                &TimeZone::UTC,
            );
            kernel.watch(watch.expect("a plan")).expect("watching");
            let attached = kernel.attach(INTERFACE, &device, XdpChoice::Native, false);
            (kernel, attached.expect("attaching"))
        })
    }
}

/// Its packets end at the driver, so that the flood is as fast as it can be.
fn point() -> PointConfig {
    let prefix = |address: &str, length| Prefix {
        address: address.parse().expect("an address"),
        length,
    };
    PointConfig {
        name: POINT.to_owned(),
        interface: INTERFACE.to_owned(),
        addresses: Some(vec![
            prefix("198.51.100.0", 24),
            prefix("2001:db8:51::", 64),
        ]),
        mode: Mode::Dark,
        xdp: XdpChoice::Native,
        verdict: Verdict::Drop,
    }
}

fn check(flood: &Flood) {
    static MACHINE: Mutex<()> = Mutex::new(());
    let _alone = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let lab = Lab::quiet();
    let (mut kernel, attached) = flood.kernel(&lab);
    let frames = flood.frames();
    let bytes: Vec<&[u8]> = frames.iter().map(|(frame, _)| frame.as_slice()).collect();
    let over = AtomicBool::new(false);
    let cpus = thread::available_parallelism().map_or(2, |cpus| cpus.get().min(4));
    let (mut counted, mut seen, mut drains) = (Counts::new(), 0, 0);
    let send = |cpu: usize| {
        pin_to_cpu(cpu);
        let sender = Sender::open(&lab);
        let mut rounds = 0;
        while !over.load(Ordering::Relaxed) {
            sender.send(&bytes);
            rounds += 1;
        }
        rounds
    };
    let rounds: u64 = thread::scope(|scope| {
        let send = &send;
        let senders: Vec<_> = (0..cpus)
            .map(|cpu| scope.spawn(move || send(cpu)))
            .collect();
        let until = Instant::now() + LASTS;
        while Instant::now() < until {
            drain(&mut kernel, &mut counted, &mut seen);
            drains += 1;
        }
        over.store(true, Ordering::Relaxed);
        let rounds = senders.into_iter().map(thread::ScopedJoinHandle::join);
        rounds.map(|rounds| rounds.expect("a sender")).sum()
    });
    settle();
    Sender::open(&lab).assert_nothing_lost();
    // Both copies, and once more: nothing is left.
    for _ in 0..3 {
        drain(&mut kernel, &mut counted, &mut seen);
    }
    drop(attached);
    assert_eq!(seen, rounds * frames.len() as u64, "packets seen");
    compare(&frames, rounds, &counted, flood);
    println!("{seen} packets, {drains} drains, nothing lost or doubled");
}

fn drain(kernel: &mut Kernel, counted: &mut Counts, seen: &mut u64) {
    let epoch = kernel.flip().expect("a new epoch");
    let counts = kernel.read(epoch).expect("a drain");
    for key in &counts.keyed {
        let place = (key.subject.aim.number, Some(key.source));
        *counted.entry(place).or_default() += key.packets;
    }
    for (subject, packets) in &counts.overflow {
        *counted.entry((subject.aim.number, None)).or_default() += packets;
    }
    for (_, _, tally) in &counts.tallies {
        assert_eq!(tally.seen, tally.dispositions[Disposition::Access as usize]);
        *seen += tally.seen;
    }
    kernel.clear(epoch);
}

fn compare(frames: &[(Vec<u8>, (u16, IpAddr))], rounds: u64, counted: &Counts, flood: &Flood) {
    let overflow: u64 = (1..=100)
        .filter_map(|port| counted.get(&(port, None)))
        .sum();
    if flood.keys > flood.sources {
        assert_eq!(overflow, 0, "there was room for every key");
        for (_, (port, source)) in frames {
            assert_eq!(
                counted.get(&(*port, Some(*source))),
                Some(&rounds),
                "{source}"
            );
        }
    } else {
        assert!(overflow > 0, "there was no room for so many keys");
    }
    let mut by_port = BTreeMap::<u16, u64>::new();
    for ((port, source), packets) in counted {
        *by_port.entry(*port).or_default() += packets;
        assert!(
            source.is_none() || *packets <= rounds,
            "{source:?}: {packets}"
        );
    }
    let mut sent = BTreeMap::<u16, u64>::new();
    for (_, (port, _)) in frames {
        *sent.entry(*port).or_default() += rounds;
    }
    assert_eq!(by_port, sent);
}
