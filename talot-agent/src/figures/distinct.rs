//! Distinct sources by port type: exact as long as memory allows it, then an estimate.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, Hash},
    net::IpAddr,
};

use talot_common::port_type::{Aim, Kind};

type Hasher = foldhash::fast::RandomState;

/// It has at least this much memory, bytes.
const LEAST: u64 = 256 << 10;

/// The sources of a day, each once for each port type. Adaptive sampling (Flajolet, *On adaptive
/// sampling*, 1990): when memory is full, those whose hash ends in one more zero stay, and each
/// stands for twice as many. So one set answers for every port type.
#[derive(Clone, Debug)]
pub struct Distinct {
    ipv4: HashSet<u64, Hasher>,
    ipv6: HashSet<(u128, u32), Hasher>,
    /// IPv6 by /64, if they are asked for.
    networks: Option<HashSet<(u64, u32), Hasher>>,
    kept: HashMap<Aim, Kept, Hasher>,
    /// How often it has halved what it keeps.
    halvings: u32,
    sampling: Hasher,
    memory: u64,
}

/// What is kept of a port type.
#[derive(Clone, Copy, Debug, Default)]
struct Kept {
    ipv4: u64,
    ipv6: u64,
    networks: u64,
}

/// How many sources there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// By address.
    pub addresses: u64,
    /// IPv6 by /64, IPv4 by address; none if it was not asked for.
    pub networks: Option<u64>,
}

impl Distinct {
    /// With this memory (bytes), and by /64 as well if asked to.
    pub fn new(memory: u64, by_64: bool) -> Self {
        Self {
            ipv4: HashSet::default(),
            ipv6: HashSet::default(),
            networks: by_64.then(HashSet::default),
            kept: HashMap::default(),
            halvings: 0,
            sampling: Hasher::default(),
            memory: memory.max(LEAST),
        }
    }

    /// Nothing, with the same memory.
    #[must_use]
    pub fn next(&self) -> Self {
        Self::new(self.memory, self.networks.is_some())
    }

    /// Notes a source.
    pub fn add(&mut self, aim: Aim, source: IpAddr) {
        let number = u32::from(aim.kind as u8) << 16 | u32::from(aim.number);
        match source {
            IpAddr::V4(source) => {
                let key = u64::from(number) << 32 | u64::from(source.to_bits());
                if self.takes(&key) && self.ipv4.insert(key) {
                    self.kept.entry(aim).or_default().ipv4 += 1;
                }
            }
            IpAddr::V6(source) => {
                let key = (source.to_bits(), number);
                if self.takes(&key) && self.ipv6.insert(key) {
                    self.kept.entry(aim).or_default().ipv6 += 1;
                }
                let key = ((source.to_bits() >> 64) as u64, number);
                if self.networks.is_some()
                    && self.takes(&key)
                    && let Some(networks) = &mut self.networks
                    && networks.insert(key)
                {
                    self.kept.entry(aim).or_default().networks += 1;
                }
            }
        }
    }

    /// Whether the figures are estimates.
    pub const fn is_estimate(&self) -> bool {
        self.halvings > 0
    }

    /// The sources of a port type.
    pub fn of(&self, aim: Aim) -> Sources {
        self.figures(self.kept.get(&aim).copied().unwrap_or_default())
    }

    /// Those of all port types together.
    pub fn sum(&self) -> Sources {
        let mut sum = Kept::default();
        for kept in self.kept.values() {
            sum.ipv4 += kept.ipv4;
            sum.ipv6 += kept.ipv6;
            sum.networks += kept.networks;
        }
        self.figures(sum)
    }

    fn figures(&self, kept: Kept) -> Sources {
        let networks = self.networks.as_ref();
        Sources {
            addresses: (kept.ipv4 + kept.ipv6) << self.halvings,
            networks: networks.map(|_| (kept.ipv4 + kept.networks) << self.halvings),
        }
    }

    /// Whether a key is to be kept; then there is room for it.
    fn takes(&mut self, key: &impl Hash) -> bool {
        let is_sampled =
            |all: &Self| all.halvings == 0 || is_sampled(&all.sampling, key, all.halvings);
        if !is_sampled(self) {
            return false;
        }
        self.make_room();
        is_sampled(self)
    }

    /// Halves what is kept if the next key would need more memory than there is.
    fn make_room(&mut self) {
        if self.memory_after_growth() <= self.memory {
            return;
        }
        self.halvings += 1;
        let (sampling, halvings) = (&self.sampling, self.halvings);
        halve(&mut self.ipv4, |key| is_sampled(sampling, key, halvings));
        halve(&mut self.ipv6, |key| is_sampled(sampling, key, halvings));
        if let Some(networks) = &mut self.networks {
            halve(networks, |key| is_sampled(sampling, key, halvings));
        }
        self.kept.clear();
        for key in &self.ipv4 {
            self.kept.entry(aim((key >> 32) as u32)).or_default().ipv4 += 1;
        }
        for (_, number) in &self.ipv6 {
            self.kept.entry(aim(*number)).or_default().ipv6 += 1;
        }
        for (_, number) in self.networks.iter().flatten() {
            self.kept.entry(aim(*number)).or_default().networks += 1;
        }
    }

    /// Bytes of the sets at their most, if one more comes: one that is full grows to twice its size,
    /// and when it is halved later, there are two of that.
    fn memory_after_growth(&self) -> u64 {
        fn of<K>(set: &HashSet<K, Hasher>) -> u64 {
            let bytes = (set.capacity() * (size_of::<K>() + 1)) as u64 * 8 / 7;
            if set.len() < set.capacity() {
                bytes
            } else {
                4 * bytes
            }
        }
        of(&self.ipv4) + of(&self.ipv6) + self.networks.as_ref().map_or(0, of)
    }
}

/// Keeps some of a set, in a new one: an old one that was emptied in part would grow soon.
fn halve<K: Hash + Eq>(set: &mut HashSet<K, Hasher>, is_kept: impl Fn(&K) -> bool) {
    let old = std::mem::take(set);
    set.reserve(old.capacity());
    set.extend(old.into_iter().filter(is_kept));
}

fn is_sampled(sampling: &Hasher, key: &impl Hash, halvings: u32) -> bool {
    sampling.hash_one(key).trailing_zeros() >= halvings
}

/// The inverse of how keys are numbered.
fn aim(number: u32) -> Aim {
    let kind = Kind::from_number((number >> 16) as u8);
    Aim {
        // Only numbers of kinds are kept.
        kind: kind.unwrap_or(Kind::Portless),
        number: number as u16,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    const TELNET: Aim = Aim {
        kind: Kind::Tcp,
        number: 23,
    };

    fn ipv4(number: u32) -> IpAddr {
        Ipv4Addr::from(number).into()
    }

    #[test]
    fn each_source_counts_once_for_each_port_type() {
        let mut distinct = Distinct::new(1 << 30, true);
        for round in 0..3 {
            for number in 0..1000 {
                distinct.add(TELNET, ipv4(number));
                let other = Aim {
                    number: 24,
                    ..TELNET
                };
                distinct.add(other, ipv4(number / 2));
                // 100 addresses in each of 10 networks.
                let bits = 0x2001_0db8 << 96 | u128::from(number / 100) << 64 | u128::from(number);
                distinct.add(TELNET, Ipv6Addr::from(bits).into());
                let udp = Aim {
                    kind: Kind::Udp,
                    ..TELNET
                };
                distinct.add(udp, ipv4(round));
            }
        }
        let sources = |addresses, networks| Sources {
            addresses,
            networks: Some(networks),
        };
        assert_eq!(distinct.of(TELNET), sources(2000, 1010));
        assert_eq!(
            distinct.of(Aim {
                number: 24,
                ..TELNET
            }),
            sources(500, 500)
        );
        assert_eq!(
            distinct.of(Aim {
                kind: Kind::Udp,
                ..TELNET
            }),
            sources(3, 3)
        );
        assert_eq!(
            distinct.of(Aim {
                number: 1,
                ..TELNET
            }),
            sources(0, 0)
        );
        assert_eq!(distinct.sum(), sources(2503, 1513));
        assert!(!distinct.is_estimate());
        assert_eq!(distinct.next().sum(), sources(0, 0));
    }

    #[test]
    fn beyond_its_memory_it_estimates_within_a_few_percent() {
        let memory = 1 << 20;
        let mut distinct = Distinct::new(memory, false);
        for number in 0..600_000_u32 {
            distinct.add(TELNET, ipv4(number.wrapping_mul(2_654_435_761)));
            if number % 4 == 0 {
                let bits = 0x2001_0db8 << 96 | u128::from(number) << 32;
                distinct.add(TELNET, Ipv6Addr::from(bits).into());
                distinct.add(
                    Aim {
                        number: 443,
                        ..TELNET
                    },
                    ipv4(number),
                );
            }
            assert!(distinct.halvings == 0 || distinct.ipv4.capacity() < 200_000);
        }
        assert!(distinct.is_estimate());
        for (aim, exact) in [
            (TELNET, 750_000.0),
            (
                Aim {
                    number: 443,
                    ..TELNET
                },
                150_000.0,
            ),
        ] {
            let Sources {
                addresses,
                networks,
            } = distinct.of(aim);
            assert_eq!(networks, None);
            let error = (addresses as f64 - exact).abs() / exact;
            assert!(error < 0.1, "{addresses} for {exact}");
        }
    }
}
