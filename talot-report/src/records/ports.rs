//! The rows of a file of `ports`, decoded so that each name is looked at once.

use std::{iter, ops::Range};

use anyhow::{Context as _, Result, ensure};
use datafusion::arrow::{
    array::{Array as _, AsArray as _, DictionaryArray, Int64Array, RecordBatch},
    datatypes::{Int32Type, Int64Type},
};

use super::{
    Table,
    file::{File, Text},
};

/// What unsolicited packets are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Class {
    Access,
    Backscatter,
    Stray,
}

impl Class {
    pub(super) fn of(name: &str) -> Result<Self> {
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

/// More packets than an interface can bring in a day: three thousand million a second. So the sums over 32,767 days of points have
/// room in 64 bits.
pub(super) const MOST: i64 = 1 << 48;

/// Sums of what is never negative. They stop at the largest number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) packets: i64,
    pub(crate) sources: i64,
    pub(crate) overflow: i64,
}

impl Sum {
    /// Whether a day can have such a row: each source sent a packet that has room.
    fn can_be(self) -> bool {
        let Self {
            packets,
            sources,
            overflow,
        } = self;
        (1..=MOST).contains(&packets)
            && (0..=packets).contains(&overflow)
            && (0..=packets - overflow).contains(&sources)
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            packets: self.packets.saturating_add(other.packets),
            sources: self.sources.saturating_add(other.sources),
            overflow: self.overflow.saturating_add(other.overflow),
        }
    }
}

/// class, port_type, country, packets, sources, overflow_packets.
const COLUMNS: [usize; 6] = [2, 5, 6, 7, 8, 10];

/// The rows of a file of `ports`.
///
/// # Errors
/// When it cannot be read, or has a row that is none.
pub(super) fn batches(file: &File) -> Result<Vec<Batch>> {
    let batches = file.rows(Table::Ports, &COLUMNS, Text::Dictionary)?;
    batches.map(|batch| Batch::of(&batch?)).collect()
}

/// Rows of `ports`, each of them whole.
pub(super) struct Batch {
    classes: Vec<Class>,
    class: DictionaryArray<Int32Type>,
    pub(super) port_type: Column,
    pub(super) country: Column,
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
            port_type: Column(text(1)),
            country: Column(text(2)),
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
        ensure!(
            rows.sums(0..batch.num_rows()).all(Sum::can_be),
            "it has a row that no day has: without packets, with fewer than none, with more than can be, or with more overflow or \
             sources than packets"
        );
        Ok(rows)
    }

    fn class(&self, row: usize) -> Class {
        self.classes[self.class.keys().value(row) as usize]
    }

    /// Rows of one class that follow each other.
    pub(super) fn runs(&self) -> impl Iterator<Item = (Class, Range<usize>)> {
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

    pub(super) fn sums(&self, run: Range<usize>) -> impl Iterator<Item = Sum> {
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

/// A column of names.
pub(super) struct Column(DictionaryArray<Int32Type>);

impl Column {
    /// What each of its names is to somebody.
    pub(super) fn each<T>(&self, mut of: impl FnMut(&str) -> T) -> Each<'_, T> {
        let names = self.0.values().as_string::<i32>().iter();
        Each {
            keys: self.0.keys().values(),
            values: names.map(|name| of(name.unwrap_or_default())).collect(),
        }
    }
}

/// What the names of a column are to somebody.
pub(super) struct Each<'a, T> {
    keys: &'a [i32],
    values: Vec<T>,
}

impl<T: Copy> Each<'_, T> {
    /// That of a row's name.
    pub(super) fn at(&self, row: usize) -> T {
        self.values[self.keys[row] as usize]
    }
}
