//! Today's figures, for everybody who asks: metrics, `status`, the live line.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::{Timestamp, civil::Date};
use prometheus::{Histogram, HistogramOpts};
use serde::{Deserialize, Serialize};
use talot_common::{port_type::Aim, words::Class};

use crate::{
    journal::{Journal, Section, Tally},
    kernel::Fill,
    records::Enrichment,
    row::Row,
    shown::Shown,
};

/// What is known of the sensor after its last drain.
pub struct Figures {
    /// Every point, in the order of the configuration.
    pub points: Vec<PointFigures>,
    /// When the kernel was drained last.
    pub last_drain: Option<Timestamp>,
    /// How long drains take.
    pub drain_seconds: Histogram,
    /// The kernel's tables by name, and how full they are.
    pub tables: Vec<(String, Fill)>,
    /// Why nothing has become durable since the last drain that did, if so.
    pub trouble: Option<String>,
    /// Why a day that is over is not closed, if so.
    pub closing_trouble: Option<String>,
    /// How often the clock was set.
    pub clock_steps: u64,
}

/// What is known of a point.
pub struct PointFigures {
    /// Its state, which `status` prints.
    pub state: PointState,
    /// Packets since the agent began, and today before it.
    pub total: Tally,
    /// Accesses of today by port type.
    pub accesses: BTreeMap<Aim, u64>,
    /// Accesses of today by the port types that have a series of their own.
    pub ports: Shown<Aim>,
    /// Accesses of today by the countries that have one.
    pub countries: Shown<String>,
    /// When a day was closed last.
    pub last_closed: Option<Timestamp>,
}

/// A point as `status` shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PointState {
    /// Its name.
    pub name: String,
    /// Its interface.
    pub interface: String,
    /// `live` or `dark`.
    pub mode: String,
    /// `native` or `generic`; none while it is not attached.
    pub xdp_mode: Option<String>,
    /// What it watches.
    pub addresses: String,
    /// The day of the figures.
    pub day: Date,
    /// Packets of that day, as drained.
    pub today: Tally,
    /// How far the identity is off, over all drains: 0, always.
    pub identity_difference: i64,
    /// Seconds of that day in which the point was watching.
    pub observed_seconds: f64,
    /// Packets by exclude rule since the agent began.
    pub excluded: Vec<(String, u64)>,
}

/// How many port types, and how many countries, have a series of their own, unless more port
/// types are configured.
const SHOWN: usize = 20;

impl PointFigures {
    /// Nothing is counted yet.
    pub fn new(state: PointState, ports: &[Aim]) -> Self {
        Self {
            state,
            total: Tally::default(),
            accesses: BTreeMap::new(),
            ports: shown_ports(ports),
            countries: Shown::new([], SHOWN),
            last_closed: None,
        }
    }

    /// Adds what a drain has brought. What it has of the next day is added when that day begins.
    pub fn add(&mut self, section: &Section, enrichment: &dyn Enrichment) {
        self.total.add(&section.tally);
        if section.day == self.state.day {
            self.add_accesses(section.rows.iter().copied(), enrichment);
            self.state.today.add(&section.tally);
            self.state.observed_seconds += section.observation.observed_us as f64 / 1e6;
        }
    }

    /// Adds rows to the accesses, by port type and by country.
    pub fn add_accesses(&mut self, rows: impl Iterator<Item = Row>, enrichment: &dyn Enrichment) {
        let mut accesses = BTreeMap::<Aim, u64>::new();
        let mut countries = BTreeMap::<String, u64>::new();
        for row in rows.filter(|row| row.key.class == Class::Access) {
            *accesses.entry(row.key.aim).or_default() += row.packets;
            let country = enrichment.country(row.key.source);
            match countries.get_mut(country) {
                Some(packets) => *packets += row.packets,
                None => drop(countries.insert(country.to_owned(), row.packets)),
            }
        }
        self.ports.add(&accesses);
        self.countries.add(&countries);
        for (aim, packets) in accesses {
            *self.accesses.entry(aim).or_default() += packets;
        }
    }

    /// Begins a day: its figures, and the choice of the series, start anew, with what the journal
    /// already has of it. That is returned.
    ///
    /// # Errors
    ///
    /// If the journal cannot be read.
    pub fn begin(
        &mut self,
        day: Date,
        ports: &[Aim],
        journal: &Journal,
        enrichment: &dyn Enrichment,
    ) -> Result<Tally> {
        self.state.day = day;
        self.state.today = Tally::default();
        self.state.observed_seconds = 0.0;
        self.accesses.clear();
        self.ports = shown_ports(ports);
        self.countries = Shown::new([], SHOWN);
        let Some(merged) = journal.section(day, &self.state.name) else {
            return Ok(Tally::default());
        };
        self.state.today = merged.tally.clone();
        self.state.observed_seconds = merged.observation.observed_us as f64 / 1e6;
        let mut rows = merged.rows()?;
        let mut damaged = Ok(());
        let readable = std::iter::from_fn(|| rows.next()?.map_err(|e| damaged = Err(e)).ok());
        self.add_accesses(readable, enrichment);
        damaged.map(|()| merged.tally)
    }
}

fn shown_ports(always: &[Aim]) -> Shown<Aim> {
    Shown::new(always.iter().copied(), SHOWN)
}

impl Figures {
    /// The point of this name.
    pub fn point(&mut self, name: &str) -> Option<&mut PointFigures> {
        self.points
            .iter_mut()
            .find(|point| point.state.name == name)
    }

    /// The figures of points that have counted nothing.
    ///
    /// # Errors
    ///
    /// If the buckets of the histogram are wrong.
    pub fn new(points: Vec<PointFigures>) -> prometheus::Result<Self> {
        let options = HistogramOpts::new(
            "talot_drain_duration_seconds",
            "Time from switching the tables to having their contents durable",
        );
        let buckets = prometheus::exponential_buckets(0.01, 2.0, 12)?;
        Ok(Self {
            points,
            last_drain: None,
            drain_seconds: Histogram::with_opts(options.buckets(buckets))?,
            tables: Vec::new(),
            trouble: None,
            closing_trouble: None,
            clock_steps: 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use jiff::civil::date;
    use talot_common::port_type::Kind;

    use super::*;
    use crate::{records::Origin, row::RowKey};

    fn row(class: Class, port: u16, packets: u64) -> Row {
        let aim = Aim {
            kind: Kind::Tcp,
            number: port,
        };
        Row {
            key: RowKey {
                class,
                aim,
                source: Some([192, 0, (port >> 8) as u8, port as u8].into()),
            },
            packets,
            first_seen: 0,
            last_seen: 0,
            marks: 0,
        }
    }

    /// A country for each last byte of an address.
    struct Lands;

    impl Enrichment for Lands {
        fn lookup(&self, source: IpAddr) -> Origin<'_> {
            const LANDS: &str = "AABBCCDDEEFFGGHHIIJJKKLLMMNNOOPPQQRRSSTTUUVVWWXXYYZZ";
            let IpAddr::V4(source) = source else {
                unreachable!()
            };
            let at = usize::from(source.octets()[3]) % 51;
            Origin {
                country: &LANDS[at..at + 2],
                asn: None,
                as_name: None,
            }
        }
    }

    fn sum<K>(shown: &Shown<K>) -> u64 {
        shown.packets.values().sum::<u64>() + shown.other
    }

    #[test]
    fn no_remote_party_can_grow_the_series_and_nothing_is_missing_in_their_sum() {
        let day = date(2026, 11, 21);
        let always = row(Class::Access, 445, 0).key.aim;
        let state = PointState {
            name: "p".into(),
            interface: "eth0".into(),
            mode: "dark".into(),
            xdp_mode: None,
            addresses: String::new(),
            day,
            today: Tally::default(),
            identity_difference: 0,
            observed_seconds: 0.0,
            excluded: Vec::new(),
        };
        let mut figures = PointFigures::new(state, &[always]);
        let mut sent = 0;
        let mut shown_before = figures.ports.packets.clone();
        for drain in 0..50_u64 {
            let ports = (0..2000_u16).map(|port| {
                let packets = 1 + (u64::from(port) * 7 + drain) % 5;
                row(Class::Access, port.wrapping_mul(31), packets)
            });
            let rows: Vec<Row> = ports.chain([row(Class::Stray, 445, 9)]).collect();
            sent += rows[..2000].iter().map(|row| row.packets).sum::<u64>();
            figures.add_accesses(rows.into_iter(), &Lands);
            assert_eq!(sum(&figures.ports), sent);
            assert_eq!(sum(&figures.countries), sent);
            assert_eq!(figures.countries.packets.len(), SHOWN);
            assert_eq!(figures.accesses.values().sum::<u64>(), sent);
            let shown = &figures.ports.packets;
            assert!(shown.len() <= SHOWN && shown.contains_key(&always));
            for (aim, packets) in &shown_before {
                assert!(shown[aim] >= *packets, "a series fell within the day");
            }
            shown_before = shown.clone();
        }
        let data_dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(data_dir.path()).unwrap();
        figures
            .begin(date(2026, 11, 22), &[always], &journal, &Lands)
            .unwrap();
        assert_eq!((sum(&figures.ports), sum(&figures.countries)), (0, 0));
        assert!(figures.countries.packets.is_empty());
    }
}
