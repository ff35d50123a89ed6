//! What the files of `ports` add up to: by point and day, by port, by country. They are summed up while they are
//! verified, so that each is read once. `sql/sums.sql` says the same for other engines.

use std::{collections::HashMap, fmt::Debug, hash::Hash, iter, ops::Range};

use anyhow::{Context as _, Result, ensure};
use datafusion::arrow::{
    array::{Array as _, AsArray as _, DictionaryArray, Int64Array, RecordBatch},
    datatypes::{Int32Type, Int64Type},
};
use foldhash::fast::RandomState;
use jiff::civil::Date;

use super::{
    Table,
    coverage::Coverage,
    file::{File, Text},
    layout::Place,
};
use crate::{exclusion::Exclusion, month::Month};

/// What is summed up.
#[derive(Clone, Copy, Debug)]
pub struct Summing<'a> {
    /// The month whose days are wanted by port.
    pub month: Month,
    /// What does not count.
    pub exclusions: &'a [Exclusion],
}

impl Summing<'_> {
    /// Whether a point's day counts; `counted` in `sql/counted.sql` says the same.
    fn counts(&self, date: Date, point: &str, coverage: &Coverage) -> bool {
        let left_out = |exclusion: &Exclusion| exclusion.covers(date, point);
        !coverage.is_maintenance && !self.exclusions.iter().any(left_out)
    }
}

/// What unsolicited packets are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Class {
    Access,
    Backscatter,
    Stray,
}

impl Class {
    fn of(name: &str) -> Result<Self> {
        [Self::Access, Self::Backscatter, Self::Stray]
            .into_iter()
            .find(|class| class.name() == name)
            .with_context(|| format!("the class `{name}` is unknown"))
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Backscatter => "backscatter",
            Self::Stray => "stray",
        }
    }
}

/// Sums of what is never negative. They stop at the largest number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) packets: i64,
    pub(crate) sources: i64,
    pub(crate) overflow: i64,
}

impl Sum {
    fn and(self, other: Self) -> Self {
        Self {
            packets: self.packets.saturating_add(other.packets),
            sources: self.sources.saturating_add(other.sources),
            overflow: self.overflow.saturating_add(other.overflow),
        }
    }

    fn is_counted(self) -> bool {
        self.packets.max(self.sources).max(self.overflow) < i64::MAX
    }
}

/// Names, each with its place.
#[derive(Debug, Default)]
struct Names {
    list: Vec<Box<str>>,
    /// Nearly all are short: they are compared as one number.
    short: HashMap<u128, usize, RandomState>,
    long: HashMap<Box<str>, usize>,
}

impl Names {
    fn place(&mut self, name: &str) -> usize {
        let next = self.list.len();
        let place = match short(name) {
            Some(number) => *self.short.entry(number).or_insert(next),
            None => *self.long.entry(name.into()).or_insert(next),
        };
        if place == next {
            self.list.push(name.into());
        }
        place
    }

    /// Adds the names of others; the places of these here.
    fn merge(&mut self, others: &Self) -> Vec<usize> {
        others.list.iter().map(|name| self.place(name)).collect()
    }
}

/// The bytes of a name of at most fifteen, and their number.
fn short(name: &str) -> Option<u128> {
    let mut bytes = [0; 16];
    bytes[15] = u8::try_from(name.len())
        .ok()
        .filter(|length| *length < 16)?;
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    Some(u128::from_le_bytes(bytes))
}

/// Sums by a key and the place of a name.
#[derive(Debug)]
struct By<K>(HashMap<K, Vec<Sum>>);

impl<K> Default for By<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Copy + Debug + Eq + Hash> By<K> {
    fn of(&mut self, key: K) -> &mut Vec<Sum> {
        self.0.entry(key).or_default()
    }

    fn merge(&mut self, other: &Self, places: &[usize]) {
        for (key, sums) in &other.0 {
            let ours = self.of(*key);
            for (sum, place) in sums.iter().zip(places) {
                add(ours, *place, *sum);
            }
        }
    }

    /// What there is, in no order.
    fn rows<'a>(&self, names: &'a Names) -> Result<Vec<Row<'a, K>>> {
        let mut rows = Vec::new();
        for (key, sums) in &self.0 {
            for (sum, name) in sums.iter().zip(&names.list) {
                ensure!(
                    sum.is_counted(),
                    "the records of {name} ({key:?}) add up to more than can be counted: {sum:?}"
                );
                if sum.packets > 0 {
                    rows.push((*key, name.as_ref(), *sum));
                }
            }
        }
        Ok(rows)
    }
}

/// A sum, with its key and name.
pub(crate) type Row<'a, K> = (K, &'a str, Sum);

fn add(sums: &mut Vec<Sum>, place: usize, sum: Sum) {
    if sums.len() <= place {
        sums.resize(place + 1, Sum::default());
    }
    sums[place] = sums[place].and(sum);
}

/// The sums of the point-days that count.
#[derive(Debug, Default)]
pub struct Sums {
    points: Names,
    types: Names,
    countries: Names,
    point_days: By<(Date, Class)>,
    type_months: By<(Month, Class)>,
    type_days: By<(Date, Class)>,
    country_days: By<Date>,
}

impl Sums {
    /// Adds a file of `ports`, if its point-day counts.
    ///
    /// # Errors
    /// When it cannot be read, or has a row that is none: nothing of it is added then.
    pub(super) fn add(
        &mut self,
        summing: &Summing<'_>,
        place: &Place,
        coverage: &Coverage,
        ports: &File,
    ) -> Result<()> {
        let Place { date, point } = place;
        if !summing.counts(*date, point, coverage) {
            return Ok(());
        }
        let batches = ports.rows(Table::Ports, &COLUMNS, Text::Dictionary)?;
        let batches = batches.map(|batch| Batch::of(&batch?));
        let batches = batches.collect::<Result<Vec<_>>>()?;
        let month = Month::of(*date);
        let point = self.points.place(point);
        for batch in &batches {
            let mut types = Places::of(&batch.port_type, &mut self.types);
            let mut countries = Places::of(&batch.country, &mut self.countries);
            for (class, run) in batch.runs() {
                let rows = || run.clone().zip(batch.sums(run.clone()));
                let all = rows().fold(Sum::default(), |all, (_, sum)| all.and(sum));
                add(self.point_days.of((*date, class)), point, all);
                let months = self.type_months.of((month, class));
                for (row, sum) in rows() {
                    add(months, types.place(row), sum);
                }
                if month == summing.month {
                    let days = self.type_days.of((*date, class));
                    for (row, sum) in rows() {
                        add(days, types.place(row), sum);
                    }
                }
                if class == Class::Access {
                    let days = self.country_days.of(*date);
                    for (row, sum) in rows() {
                        add(days, countries.place(row), sum);
                    }
                }
            }
        }
        Ok(())
    }

    /// Adds what others have summed up.
    pub(super) fn merge(&mut self, other: &Self) {
        let points = self.points.merge(&other.points);
        let types = self.types.merge(&other.types);
        let countries = self.countries.merge(&other.countries);
        self.point_days.merge(&other.point_days, &points);
        self.type_months.merge(&other.type_months, &types);
        self.type_days.merge(&other.type_days, &types);
        self.country_days.merge(&other.country_days, &countries);
    }

    /// By day, class and point.
    ///
    /// # Errors
    /// When a sum has no room in 64 bits; as below.
    pub(crate) fn point_days(&self) -> Result<Vec<Row<'_, (Date, Class)>>> {
        self.point_days.rows(&self.points)
    }

    /// By month, class and port type.
    pub(crate) fn type_months(&self) -> Result<Vec<Row<'_, (Month, Class)>>> {
        self.type_months.rows(&self.types)
    }

    /// By day, class and port type, in the month of the report.
    pub(crate) fn type_days(&self) -> Result<Vec<Row<'_, (Date, Class)>>> {
        self.type_days.rows(&self.types)
    }

    /// Accesses by day and country.
    pub(crate) fn country_days(&self) -> Result<Vec<Row<'_, Date>>> {
        self.country_days.rows(&self.countries)
    }
}

/// class, port_type, country, packets, sources, overflow_packets.
const COLUMNS: [usize; 6] = [2, 5, 6, 7, 8, 10];

/// Rows of `ports`, each of them whole.
struct Batch {
    classes: Vec<Class>,
    class: DictionaryArray<Int32Type>,
    port_type: DictionaryArray<Int32Type>,
    country: DictionaryArray<Int32Type>,
    packets: Int64Array,
    sources: Int64Array,
    overflow: Int64Array,
}

impl Batch {
    fn of(batch: &RecordBatch) -> Result<Self> {
        let text = |column: usize| batch.column(column).as_dictionary::<Int32Type>().clone();
        let number = |column: usize| batch.column(column).as_primitive::<Int64Type>().clone();
        let class = text(0);
        let classes = class.values().as_string::<i32>().iter();
        let rows = Self {
            classes: classes
                .map(|name| Class::of(name.unwrap_or_default()))
                .collect::<Result<_>>()?,
            class,
            port_type: text(1),
            country: text(2),
            packets: number(3),
            sources: number(4),
            overflow: number(5),
        };
        for (name, column) in batch.schema().fields().iter().zip(batch.columns()) {
            ensure!(
                column.logical_null_count() == 0,
                "it has a row without {}",
                name.name()
            );
        }
        let least =
            |numbers: &Int64Array, least| numbers.values().iter().all(|&number| number >= least);
        ensure!(
            least(&rows.packets, 1) && least(&rows.sources, 0) && least(&rows.overflow, 0),
            "it has a row without packets, or with fewer than none"
        );
        Ok(rows)
    }

    fn class(&self, row: usize) -> Class {
        self.classes[self.class.keys().value(row) as usize]
    }

    /// Rows of one class that follow each other.
    fn runs(&self) -> impl Iterator<Item = (Class, Range<usize>)> {
        let mut start = 0;
        iter::from_fn(move || {
            let class = (start < self.packets.len()).then(|| self.class(start))?;
            let rest = start..self.packets.len();
            let end = rest
                .clone()
                .find(|row| self.class(*row) != class)
                .unwrap_or(rest.end);
            let run = start..end;
            start = end;
            Some((class, run))
        })
    }

    fn sums(&self, run: Range<usize>) -> impl Iterator<Item = Sum> {
        let (packets, sources) = (
            &self.packets.values()[run.clone()],
            &self.sources.values()[run.clone()],
        );
        let counts = packets
            .iter()
            .zip(sources)
            .zip(&self.overflow.values()[run]);
        counts.map(|((&packets, &sources), &overflow)| Sum {
            packets,
            sources,
            overflow,
        })
    }
}

/// The places of a column's names, each looked up once.
struct Places<'a> {
    column: &'a DictionaryArray<Int32Type>,
    names: &'a mut Names,
    known: Vec<Option<usize>>,
}

impl<'a> Places<'a> {
    fn of(column: &'a DictionaryArray<Int32Type>, names: &'a mut Names) -> Self {
        let known = vec![None; column.values().len()];
        Self {
            column,
            names,
            known,
        }
    }

    fn place(&mut self, row: usize) -> usize {
        let key = self.column.keys().value(row) as usize;
        *self.known[key].get_or_insert_with(|| {
            let names = self.column.values().as_string::<i32>();
            self.names.place(names.value(key))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{ArrayRef, Date32Array, Int32Array, StringArray};
    use parquet::arrow::ArrowWriter;

    use super::*;
    use crate::records::file::days_since_epoch;

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
        };
        let place = Place {
            date: day,
            point: "tokyo-1".to_owned(),
        };
        let coverage = Coverage {
            ports_sha256: String::new(),
            sources_sha256: None,
            is_maintenance: status == "maintenance",
        };
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
        let mut point_days = sums.point_days().unwrap();
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
        let mut months = sums.type_months().unwrap();
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
        let mut days = sums.type_days().unwrap();
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
        let mut countries = sums.country_days().unwrap();
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
        ] {
            let mut sums = Sums::default();
            let error = sum(&mut sums, DAY, "full", &[good, bad]).unwrap_err();
            assert!(format!("{error:#}").contains(named), "{error:#}");
            assert!(sums.point_days().unwrap().is_empty());
        }
    }

    #[test]
    fn sums_beyond_64_bits_are_refused() {
        let mut sums = Sums::default();
        for day in [DAY, DAY.tomorrow().unwrap()] {
            sum(
                &mut sums,
                day,
                "full",
                &[("access", "22/tcp", "CN", i64::MAX / 2 + 1, 1, 0)],
            )
            .unwrap();
        }
        let error = sums.type_months().unwrap_err().to_string();
        assert!(
            error.contains("22/tcp") && error.contains("more than can be counted"),
            "{error}"
        );
        assert!(sums.type_days().is_ok());
    }
}
