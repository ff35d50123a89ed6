//! From the configuration and the interfaces as they are to what the programs are told to watch.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use anyhow::{Context as _, Result, ensure};
use jiff::{ToSpan as _, civil::Date, tz::TimeZone};
use talot_common::{
    layout::{DAYS, Hook, POINTS, Point, RANGES, Range4, Range6, Watch},
    packet::{V4, V6},
};

use crate::{
    calendar,
    clock::Tai,
    config::{Idle, Mode, PointConfig, Prefix, Verdict},
    interface::Interface,
    records::Bounds,
};

/// What each point watches now, in the order of the configuration.
pub type Addresses = Vec<Vec<Prefix>>;

/// The addresses of every point: the configured, else the interface's own.
pub fn addresses(points: &[PointConfig], interfaces: &BTreeMap<String, Interface>) -> Addresses {
    let own = |name: &str| {
        interfaces.get(name).map_or_else(Vec::new, |interface| {
            interface
                .addresses
                .iter()
                .copied()
                .map(Prefix::host)
                .collect()
        })
    };
    let of = |point: &PointConfig| {
        let mut prefixes = point
            .addresses
            .clone()
            .unwrap_or_else(|| own(&point.interface));
        prefixes.sort_unstable();
        prefixes.dedup();
        prefixes
    };
    points.iter().map(of).collect()
}

/// The window of days that the programs tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first of them.
    pub first: Date,
    /// Nobody knows what day it is: packets wait without one.
    pub waiting: bool,
    /// How far CLOCK_TAI is ahead of the time of day.
    pub tai: Tai,
}

impl Window {
    /// The last of the days that it tells apart.
    ///
    /// # Errors
    ///
    /// At the end of the calendar.
    pub fn last(&self) -> Result<Date> {
        Ok(self.first.checked_add((DAYS as i64 - 1).days())?)
    }

    /// Whether it tells this day apart from others.
    ///
    /// # Errors
    ///
    /// At the end of the calendar.
    pub fn holds(&self, day: Date) -> Result<bool> {
        Ok((self.first..=self.last()?).contains(&day))
    }
}

/// The plan as the programs read it.
///
/// # Errors
///
/// If there are more address ranges than the programs have room for.
pub fn plan(
    points: &[PointConfig],
    addresses: &Addresses,
    interfaces: &BTreeMap<String, Interface>,
    idle: &Idle,
    window: Window,
    zone: &TimeZone,
) -> Result<Watch> {
    let mut watch = Watch::empty();
    if !window.waiting {
        watch.first_day = calendar::number(window.first);
        watch.day_ends = day_ends(window, zone)?;
    }
    watch.idle = [idle.tcp, idle.udp, idle.other]
        .map(|time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    let (mut used4, mut used6, mut hooks) = (0, 0, 0);
    for (slot, point) in points.iter().enumerate() {
        watch.dropping |= u64::from(point.verdict == Verdict::Drop) << slot;
        let is_first_of_hook = points[..slot]
            .iter()
            .all(|other| other.interface != point.interface);
        let Some(interface) = interfaces.get(&point.interface) else {
            continue;
        };
        let (true, Some(link)) = (is_first_of_hook, interface.link) else {
            continue;
        };
        let (start4, start6) = (used4, used6);
        for (prefix, point) in ranges(points, addresses, &point.interface) {
            match prefix.address {
                IpAddr::V4(address) => {
                    let mask = mask(prefix.length);
                    *room(&mut watch.v4, &mut used4)? = Range4 {
                        network: V4::from(address).0,
                        mask: mask[0],
                        point,
                    };
                }
                IpAddr::V6(address) => {
                    *room(&mut watch.v6, &mut used6)? = Range6 {
                        network: V6::from(address).0,
                        mask: mask(prefix.length),
                        point,
                    };
                }
            }
        }
        watch.hooks[hooks] = Hook {
            ifindex: interface.index,
            link: link as u8,
            first_point: slot as u8,
            v4: [start4 as u8, used4 as u8],
            v6: [start6 as u8, used6 as u8],
            padding: [0; 2],
        };
        hooks += 1;
    }
    watch.hooks_used = hooks as u32;
    Ok(watch)
}

/// The ranges of all points of an interface, the longest prefix first.
pub(crate) fn ranges(
    points: &[PointConfig],
    addresses: &Addresses,
    interface: &str,
) -> Vec<(Prefix, Point)> {
    let mut ranges = Vec::new();
    for (slot, (point, prefixes)) in points.iter().zip(addresses).enumerate() {
        if point.interface == interface {
            let point = Point {
                slot: slot as u8,
                live: u8::from(point.mode == Mode::Live),
                padding: [0; 2],
            };
            ranges.extend(prefixes.iter().map(|prefix| (*prefix, point)));
        }
    }
    ranges.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.length));
    ranges
}

/// What a slot watches according to a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    /// The interface's number.
    pub ifindex: u32,
    /// The addresses.
    pub prefixes: Vec<Prefix>,
}

/// What each slot watches according to a plan.
pub fn watched(watch: &Watch) -> [Watched; POINTS] {
    let mut watched = [const {
        Watched {
            ifindex: 0,
            prefixes: Vec::new(),
        }
    }; POINTS];
    let mut add = |ifindex, point: Point, address: IpAddr, length| {
        let watched = &mut watched[usize::from(point.slot) % POINTS];
        watched.ifindex = ifindex;
        watched.prefixes.push(Prefix { address, length });
    };
    let hooks = watch.hooks.iter().take(watch.hooks_used as usize);
    for Hook {
        ifindex, v4, v6, ..
    } in hooks
    {
        for range in slice(&watch.v4, *v4) {
            let address = Ipv4Addr::from(range.network.to_ne_bytes());
            let length = range.mask.count_ones() as u8;
            add(*ifindex, range.point, address.into(), length);
        }
        for range in slice(&watch.v6, *v6) {
            let words = range.network.map(u32::to_ne_bytes);
            let mut bytes = [0; 16];
            bytes.copy_from_slice(words.as_flattened());
            let length = range.mask.iter().map(|word| word.count_ones() as u8).sum();
            add(*ifindex, range.point, Ipv6Addr::from(bytes).into(), length);
        }
    }
    for Watched { prefixes, .. } in &mut watched {
        prefixes.sort_unstable();
    }
    watched
}

fn slice<T>(ranges: &[T], [start, end]: [u8; 2]) -> &[T] {
    ranges
        .get(usize::from(start)..usize::from(end))
        .unwrap_or_default()
}

fn room<'a, T>(ranges: &'a mut [T; RANGES], used: &mut usize) -> Result<&'a mut T> {
    ensure!(
        *used < RANGES,
        "more than {RANGES} addresses of one family are to be watched: name prefixes that hold them \
         in the configuration ([[point]] addresses)"
    );
    *used += 1;
    Ok(&mut ranges[*used - 1])
}

/// The mask of a prefix as words in network byte order; of an IPv4 prefix the first is meant.
pub(crate) fn mask(length: u8) -> [u32; 4] {
    let bits = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
    V6::from(Ipv6Addr::from_bits(bits)).0
}

fn day_ends(window: Window, zone: &TimeZone) -> Result<[u64; DAYS - 1]> {
    let mut ends = [0; DAYS - 1];
    let mut day = window.first;
    for end in &mut ends {
        let moment = Bounds::of(day, zone)?.end;
        let ahead = i128::from(window.tai.at(moment)) * 1_000_000_000;
        let tai = moment.as_nanosecond() + ahead;
        *end = u64::try_from(tai).context("a day before 1970")?;
        day = day.tomorrow()?;
    }
    Ok(ends)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::civil::date;
    use talot_common::packet::Link;

    use super::*;
    use crate::config::XdpChoice;

    fn point(name: &str, interface: &str, mode: Mode, addresses: &[&str]) -> PointConfig {
        let prefix = |text: &&str| {
            let (address, length) = text.split_once('/').unwrap_or((text, ""));
            let host = Prefix::host(address.parse().unwrap());
            Prefix {
                length: length.parse().unwrap_or(host.length),
                ..host
            }
        };
        PointConfig {
            name: name.into(),
            interface: interface.into(),
            addresses: (!addresses.is_empty()).then(|| addresses.iter().map(prefix).collect()),
            mode,
            xdp: XdpChoice::Auto,
            verdict: match mode {
                Mode::Live => Verdict::Pass,
                Mode::Dark => Verdict::Drop,
            },
        }
    }

    fn interface(index: u32, addresses: &[&str]) -> Interface {
        Interface {
            index,
            link: Some(Link::Ethernet),
            addresses: addresses.iter().map(|a| a.parse().unwrap()).collect(),
            ..Interface::default()
        }
    }

    fn planned(points: &[PointConfig], interfaces: &BTreeMap<String, Interface>) -> Result<Watch> {
        let tai = Tai {
            offset: 37,
            leap: None,
        };
        planned_by(points, interfaces, tai)
    }

    fn planned_by(
        points: &[PointConfig],
        interfaces: &BTreeMap<String, Interface>,
        tai: Tai,
    ) -> Result<Watch> {
        let idle = Idle {
            tcp: Duration::from_secs(3),
            udp: Duration::from_secs(2),
            other: Duration::from_secs(1),
        };
        let window = Window {
            first: date(2026, 11, 21),
            waiting: false,
            tai,
        };
        let addresses = addresses(points, interfaces);
        plan(
            points,
            &addresses,
            interfaces,
            &idle,
            window,
            &TimeZone::UTC,
        )
    }

    #[test]
    fn the_longest_prefix_comes_first_and_each_hook_has_its_own_ranges() {
        let points = [
            point("wide", "b", Mode::Dark, &["198.51.0.0/16"]),
            point("home", "a", Mode::Live, &[]),
            point(
                "narrow",
                "b",
                Mode::Dark,
                &["198.51.100.0/24", "2001:db8::/33"],
            ),
        ];
        let interfaces = BTreeMap::from([
            ("a".to_owned(), interface(7, &["192.0.2.1", "fe80::1"])),
            ("b".to_owned(), interface(9, &["192.0.2.9"])),
        ]);
        let watch = planned(&points, &interfaces).unwrap();
        assert_eq!(watch.hooks_used, 2);
        assert_eq!(watch.dropping, 0b101, "the dark ones drop");
        let [b, a] = [watch.hooks[0], watch.hooks[1]];
        assert_eq!(
            (b.ifindex, b.first_point, b.v4, b.v6),
            (9, 0, [0, 2], [0, 1])
        );
        assert_eq!(
            (a.ifindex, a.first_point, a.v4, a.v6),
            (7, 1, [2, 3], [1, 2])
        );
        let [wide, home, narrow] = [0, 1, 2].map(|slot: usize| {
            let Watched { ifindex, prefixes } = watched(&watch)[slot].clone();
            assert_eq!(ifindex, if slot == 1 { 7 } else { 9 });
            prefixes.iter().map(ToString::to_string).collect::<Vec<_>>()
        });
        assert_eq!(wide, ["198.51.0.0/16"]);
        assert_eq!(home, ["192.0.2.1", "fe80::1"]);
        assert_eq!(narrow, ["198.51.100.0/24", "2001:db8::/33"]);
        let bytes = |words: [u32; 2]| words.map(u32::to_ne_bytes);
        let [narrow, wide, home] = [watch.v4[0], watch.v4[1], watch.v4[2]];
        assert_eq!(
            bytes([narrow.network, narrow.mask]),
            [[198, 51, 100, 0], [255, 255, 255, 0]]
        );
        assert_eq!(
            bytes([wide.network, wide.mask]),
            [[198, 51, 0, 0], [255, 255, 0, 0]]
        );
        assert_eq!(bytes([home.network, home.mask]), [[192, 0, 2, 1], [255; 4]]);
        assert_eq!(
            [narrow.point.slot, wide.point.slot, home.point.slot],
            [2, 0, 1]
        );
        assert_eq!(
            [narrow.point.live, wide.point.live, home.point.live],
            [0, 0, 1]
        );
        assert_eq!(
            watch.v6[0].mask.map(u32::to_ne_bytes).concat(),
            [255, 255, 255, 255, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        );
    }

    #[test]
    fn days_end_at_midnight_in_tai() {
        let watch = planned(&[], &BTreeMap::new()).unwrap();
        // date -u -d 2026-11-22 +%s
        assert_eq!(watch.day_ends[0], (1_795_305_600 + 37) * 1_000_000_000);
        assert_eq!(
            watch.day_ends[6] - watch.day_ends[0],
            6 * 86_400_000_000_000
        );
        assert_eq!(watch.first_day, 20_778);
        assert_eq!(watch.idle, [3_000_000_000, 2_000_000_000, 1_000_000_000]);
    }

    #[test]
    fn a_leap_second_belongs_to_the_day_that_it_ends() {
        let usual = planned(&[], &BTreeMap::new()).unwrap().day_ends;
        let leap = |from: &str, by| {
            let tai = Tai {
                offset: 37,
                leap: Some((from.parse().unwrap(), by)),
            };
            let ends = planned_by(&[], &BTreeMap::new(), tai).unwrap().day_ends;
            let moved: Vec<i64> = ends
                .iter()
                .zip(usual)
                .map(|(end, usual)| end.wrapping_sub(usual) as i64)
                .collect();
            moved
        };
        const SECOND: i64 = 1_000_000_000;
        assert_eq!(leap("2026-11-22T00:00:00Z", 1), [SECOND; 7]);
        assert_eq!(leap("2026-11-22T00:00:00Z", -1), [-SECOND; 7]);
        let later = leap("2026-11-24T00:00:00Z", 1);
        assert_eq!(later, [0, 0, SECOND, SECOND, SECOND, SECOND, SECOND]);
    }

    #[test]
    fn too_many_addresses_are_refused() {
        let all: Vec<String> = (0..=RANGES).map(|host| format!("10.0.0.{host}")).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let points = [point("p", "a", Mode::Live, &[])];
        let many = BTreeMap::from([("a".to_owned(), interface(1, &all))]);
        assert!(
            planned(&points, &many)
                .unwrap_err()
                .to_string()
                .contains("64")
        );
        let fits = BTreeMap::from([("a".to_owned(), interface(1, &all[1..]))]);
        assert_eq!(planned(&points, &fits).unwrap().hooks[0].v4, [0, 64]);
    }
}
