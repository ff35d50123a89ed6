//! What the files of `ports` add up to: by point and day, by port, by country. They are summed up while they are
//! verified, so that each is read once. `sql/sums.sql` says the same for other engines.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
};

use anyhow::{Result, ensure};
use jiff::civil::Date;

use super::{
    coverage::Coverage,
    file::File,
    layout::Place,
    names::Names,
    ports::{Class, Sum, batches},
};
use crate::{exclusion::Exclusion, month::Month};

/// What is summed up.
#[derive(Clone, Copy, Debug)]
pub struct Summing<'a> {
    /// The month whose days are wanted by port.
    pub month: Month,
    /// What does not count.
    pub exclusions: &'a [Exclusion],
    /// Port types that are shown as one, with the name of that.
    pub groups: &'a BTreeMap<String, String>,
}

impl Summing<'_> {
    /// Whether a point's day counts; `counted` in `sql/counted.sql` says the same.
    pub(super) fn counts(&self, date: Date, point: &str, coverage: &Coverage) -> bool {
        let left_out = |exclusion: &Exclusion| exclusion.covers(date, point);
        !coverage.is_maintenance && !self.exclusions.iter().any(left_out)
    }
}

/// Sums by a key and the place of a name.
#[derive(Debug)]
struct By<K>(HashMap<K, Vec<Sum>>);

impl<K> Default for By<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Copy + Eq + Hash> By<K> {
    fn of(&mut self, key: K) -> &mut Vec<Sum> {
        self.0.entry(key).or_default()
    }

    fn merge(&mut self, other: &Self, places: &[u32]) {
        for (key, sums) in &other.0 {
            let ours = self.of(*key);
            for (sum, place) in sums.iter().zip(places) {
                add(ours, *place, *sum);
            }
        }
    }

    /// What there is, in no order.
    fn rows<'a>(&'a self, names: &'a Names) -> impl Iterator<Item = Row<'a, K>> + Clone {
        let sums = self.0.iter();
        let rows = sums.flat_map(|(key, sums)| {
            let named = names.list().iter().zip(sums);
            named.map(|(name, sum)| (*key, name.as_ref(), *sum))
        });
        rows.filter(|(.., sum)| sum.packets > 0)
    }
}

/// A sum, with its key and name.
pub(crate) type Row<'a, K> = (K, &'a str, Sum);

fn add(sums: &mut Vec<Sum>, place: u32, sum: Sum) {
    let place = place as usize;
    if sums.len() <= place {
        sums.resize(place + 1, Sum::default());
    }
    sums[place] = sums[place].and(sum);
}

/// The sums of the point-days that count.
#[derive(Debug, Default)]
pub struct Sums {
    points: Names,
    ports: Names,
    countries: Names,
    point_days: By<(Date, Class)>,
    port_months: By<(Month, Class)>,
    port_days: By<(Date, Class)>,
    country_days: By<Date>,
    /// The largest count of each day of a point: no sum of theirs is larger.
    largest: i128,
}

impl Sums {
    /// Adds a file of `ports` of a point-day that counts.
    ///
    /// # Errors
    /// When it cannot be read, has a row that is none, or contradicts the coverage record: nothing of it is added then.
    pub(super) fn add(
        &mut self,
        summing: &Summing<'_>,
        place: &Place,
        coverage: &Coverage,
        file: &File,
    ) -> Result<()> {
        let Place { date, point } = place;
        let batches = batches(file)?;
        let runs = batches.iter().map(|batch| {
            let runs = batch.runs().map(|(class, run)| {
                let all = batch.sums(run.clone());
                (class, run, all.fold(Sum::default(), Sum::and))
            });
            runs.collect::<Vec<_>>()
        });
        let runs: Vec<_> = runs.collect();
        let sums = runs.iter().flatten();
        coverage.check_ports(sums.map(|(class, _, all)| (*class, *all)))?;
        self.largest += i128::from(coverage.largest);
        let month = Month::of(*date);
        let point = self.points.place(point);
        for (batch, runs) in batches.iter().zip(&runs) {
            let ports = batch.port_type.each(|name| {
                let group = summing.groups.get(name);
                self.ports.place(group.map_or(name, String::as_str))
            });
            let countries = batch.country.each(|name| self.countries.place(name));
            for (class, run, all) in runs {
                let rows = || run.clone().zip(batch.sums(run.clone()));
                add(self.point_days.of((*date, *class)), point, *all);
                let months = self.port_months.of((month, *class));
                for (row, sum) in rows() {
                    add(months, ports.at(row), sum);
                }
                if month == summing.month {
                    let days = self.port_days.of((*date, *class));
                    for (row, sum) in rows() {
                        add(days, ports.at(row), sum);
                    }
                }
                if *class == Class::Access {
                    let days = self.country_days.of(*date);
                    for (row, sum) in rows() {
                        add(days, countries.at(row), sum);
                    }
                }
            }
        }
        Ok(())
    }

    /// Adds what others have summed up.
    pub(super) fn merge(&mut self, other: &Self) {
        let points = self.points.merge(&other.points);
        let types = self.ports.merge(&other.ports);
        let countries = self.countries.merge(&other.countries);
        self.point_days.merge(&other.point_days, &points);
        self.port_months.merge(&other.port_months, &types);
        self.port_days.merge(&other.port_days, &types);
        self.country_days.merge(&other.country_days, &countries);
        self.largest += other.largest;
    }

    /// Checks that all sums, also those over coverage records, have room in 64 bits.
    ///
    /// # Errors
    /// When they may have none.
    pub(super) fn check(&self) -> Result<()> {
        let (largest, most) = (self.largest, i64::MAX);
        ensure!(
            largest <= i128::from(most),
            "the records add up to {largest} packets, more than this report can count ({most}); report on fewer points at once, or \
             leave days out by --exclude"
        );
        Ok(())
    }

    /// By day, class and point.
    pub(crate) fn point_days(&self) -> impl Iterator<Item = Row<'_, (Date, Class)>> + Clone {
        self.point_days.rows(&self.points)
    }

    /// By month, class and port; the ports of a group are one.
    pub(crate) fn port_months(&self) -> impl Iterator<Item = Row<'_, (Month, Class)>> + Clone {
        self.port_months.rows(&self.ports)
    }

    /// By day, class and port, in the month of the report.
    pub(crate) fn port_days(&self) -> impl Iterator<Item = Row<'_, (Date, Class)>> + Clone {
        self.port_days.rows(&self.ports)
    }

    /// Accesses by day and country.
    pub(crate) fn country_days(&self) -> impl Iterator<Item = Row<'_, Date>> + Clone {
        self.country_days.rows(&self.countries)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{
        ArrayRef, Date32Array, Int32Array, Int64Array, RecordBatch, StringArray,
    };
    use parquet::arrow::ArrowWriter;

    use super::*;
    use crate::records::{file::days_since_epoch, ports::MOST};

    const DAY: Date = Date::constant(2011, 7, 3);

    /// class, port type, country, packets, sources, overflow.
    type Given = (&'static str, &'static str, &'static str, i64, i64, i64);

    fn file(day: Date, rows: &[Given]) -> File {
        let text = |of: fn(&Given) -> &'static str| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(rows.iter().map(of)))
        };
        let number = |of: fn(&Given) -> i64| -> ArrayRef {
            Arc::new(Int64Array::from_iter_values(rows.iter().map(of)))
        };
        let count = rows.len();
        let batch = RecordBatch::try_from_iter([
            (
                "date",
                Arc::new(Date32Array::from(vec![days_since_epoch(day); count])) as ArrayRef,
            ),
            ("point", Arc::new(StringArray::from(vec!["tokyo-1"; count]))),
            ("class", text(|row| row.0)),
            ("protocol", Arc::new(Int32Array::from(vec![6; count]))),
            ("port", Arc::new(Int32Array::from(vec![1; count]))),
            ("port_type", text(|row| row.1)),
            ("country", text(|row| row.2)),
            ("packets", number(|row| row.3)),
            ("sources", number(|row| row.4)),
            ("sources_64", number(|row| row.4)),
            ("overflow_packets", number(|row| row.5)),
        ]);
        let batch = batch.unwrap();
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        File::of(bytes)
    }

    fn sum(sums: &mut Sums, day: Date, status: &str, rows: &[Given]) -> Result<()> {
        let exclusions = ["2011-07-09=power cut".parse().unwrap()];
        let summing = Summing {
            month: "2011-07".parse().unwrap(),
            exclusions: &exclusions,
            groups: &[("1026/udp".to_owned(), "Messenger".to_owned())].into(),
        };
        let place = Place {
            date: day,
            point: "tokyo-1".to_owned(),
        };
        let of = |class| {
            rows.iter()
                .filter(move |row| row.0 == class)
                .map(|row| row.3)
        };
        let coverage = Coverage {
            is_maintenance: status == "maintenance",
            access: of("access").sum(),
            backscatter: of("backscatter").sum(),
            stray: of("stray").sum(),
            overflow: rows.iter().map(|row| row.5).sum(),
            largest: rows.iter().map(|row| row.3).sum(),
            ..Coverage::default()
        };
        if !summing.counts(day, &place.point, &coverage) {
            return Ok(());
        }
        sums.add(&summing, &place, &coverage, &file(day, rows))
    }

    #[test]
    fn days_that_count_are_summed_up() {
        let (mut one, mut other) = (Sums::default(), Sums::default());
        let rows = [
            ("access", "22/tcp", "CN", 10, 4, 0),
            ("access", "22/tcp", "ZZ", 5, 1, 2),
            ("access", "23/tcp", "CN", 7, 7, 0),
            ("backscatter", "22/tcp", "US", 1, 1, 0),
        ];
        sum(&mut one, DAY, "full", &rows).unwrap();
        let june = Date::constant(2011, 6, 30);
        sum(
            &mut other,
            june,
            "full",
            &[("access", "23/tcp", "JP", 3, 2, 0)],
        )
        .unwrap();
        // A worker that met another port first.
        let next = DAY.tomorrow().unwrap();
        sum(
            &mut other,
            next,
            "full",
            &[("access", "22/tcp", "CN", 100, 50, 0)],
        )
        .unwrap();
        // These do not count.
        let left_out = Date::constant(2011, 7, 9);
        sum(&mut other, left_out, "full", &rows).unwrap();
        sum(
            &mut other,
            Date::constant(2011, 7, 10),
            "maintenance",
            &rows,
        )
        .unwrap();
        let mut sums = Sums::default();
        sums.merge(&one);
        sums.merge(&other);

        let (access, backscatter) = (Class::Access, Class::Backscatter);
        let counts = |sum: Sum| (sum.packets, sum.sources, sum.overflow);
        let mut point_days = sums.point_days().collect::<Vec<_>>();
        point_days.sort_by_key(|(key, name, _)| (*key, *name));
        let point_days: Vec<_> = point_days
            .iter()
            .map(|(key, name, sum)| (*key, *name, counts(*sum)))
            .collect();
        assert_eq!(
            point_days,
            [
                ((june, access), "tokyo-1", (3, 2, 0)),
                ((DAY, access), "tokyo-1", (22, 12, 2)),
                ((DAY, backscatter), "tokyo-1", (1, 1, 0)),
                ((next, access), "tokyo-1", (100, 50, 0)),
            ]
        );
        let mut months = sums.port_months().collect::<Vec<_>>();
        months.sort_by_key(|(key, name, _)| (*key, *name));
        let months: Vec<_> = months
            .iter()
            .map(|((month, class), name, sum)| (month.to_string(), *class, *name, counts(*sum)))
            .collect();
        assert_eq!(
            months,
            [
                ("2011-06".to_owned(), access, "23/tcp", (3, 2, 0)),
                ("2011-07".to_owned(), access, "22/tcp", (115, 55, 2)),
                ("2011-07".to_owned(), access, "23/tcp", (7, 7, 0)),
                ("2011-07".to_owned(), backscatter, "22/tcp", (1, 1, 0)),
            ]
        );
        let mut days = sums.port_days().collect::<Vec<_>>();
        days.sort_by_key(|(key, name, _)| (*key, *name));
        let days: Vec<_> = days
            .iter()
            .map(|(key, name, sum)| (*key, *name, sum.packets))
            .collect();
        assert_eq!(
            days,
            [
                ((DAY, access), "22/tcp", 15),
                ((DAY, access), "23/tcp", 7),
                ((DAY, backscatter), "22/tcp", 1),
                ((next, access), "22/tcp", 100),
            ]
        );
        let mut countries = sums.country_days().collect::<Vec<_>>();
        countries.sort_by_key(|(key, name, _)| (*key, *name));
        let countries: Vec<_> = countries
            .iter()
            .map(|(day, name, sum)| (*day, *name, sum.packets))
            .collect();
        assert_eq!(
            countries,
            [
                (june, "JP", 3),
                (DAY, "CN", 17),
                (DAY, "ZZ", 5),
                (next, "CN", 100)
            ]
        );
    }

    #[test]
    fn a_file_with_a_row_that_is_none_adds_nothing() {
        let good = ("access", "22/tcp", "CN", 10, 4, 0);
        for (bad, named) in [
            (
                ("acces", "22/tcp", "CN", 1, 1, 0),
                "the class `acces` is unknown",
            ),
            (("access", "22/tcp", "CN", 0, 0, 0), "without packets"),
            (("access", "22/tcp", "CN", 1, -1, 0), "fewer than none"),
            (("access", "22/tcp", "CN", 1, 1, -1), "fewer than none"),
            (
                ("access", "22/tcp", "CN", 3, 1, 4),
                "more overflow or sources",
            ),
            (
                ("access", "22/tcp", "CN", 3, 2, 2),
                "more overflow or sources",
            ),
            (
                ("access", "22/tcp", "CN", MOST + 1, 1, 0),
                "more than can be",
            ),
        ] {
            let mut sums = Sums::default();
            let error = sum(&mut sums, DAY, "full", &[good, bad]).unwrap_err();
            assert!(format!("{error:#}").contains(named), "{error:#}");
            assert!(sums.point_days().next().is_none());
        }
    }

    #[test]
    fn the_ports_of_a_group_are_one() {
        let mut sums = Sums::default();
        let rows = [
            ("access", "1026/tcp", "CN", 1, 1, 0),
            ("access", "1026/udp", "CN", 2, 1, 0),
        ];
        sum(&mut sums, DAY, "full", &rows).unwrap();
        let mut days = sums.port_days().collect::<Vec<_>>();
        days.sort_by_key(|(_, name, _)| *name);
        let days: Vec<_> = days
            .iter()
            .map(|(_, name, sum)| (*name, sum.packets))
            .collect();
        assert_eq!(days, [("1026/tcp", 1), ("Messenger", 2)]);
    }

    #[test]
    fn sums_beyond_64_bits_are_refused() {
        let mut sums = Sums {
            largest: i128::from(i64::MAX) - 2,
            ..Sums::default()
        };
        let row = ("access", "22/tcp", "CN", 2, 1, 0);
        sum(&mut sums, DAY, "full", &[row]).unwrap();
        sums.check().unwrap();
        sum(&mut sums, DAY.tomorrow().unwrap(), "full", &[row]).unwrap();
        let error = sums.check().unwrap_err().to_string();
        assert!(error.contains("more than this report can count"), "{error}");
    }
}
