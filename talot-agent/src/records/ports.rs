//! What a point's accesses of a day were aimed at, by country.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    iter::{self, Peekable},
    net::IpAddr,
    sync::Arc,
};

use anyhow::Result;
use arrow_array::{
    ArrayRef, Date32Array, RecordBatch, StringArray,
    builder::{Int32Builder, Int64Builder, StringBuilder},
};
use jiff::civil::Date;
use talot_common::{port_type::Aim, words::Class};

use super::{BATCH, Enrichment, Table, count, day::to_date32};
use crate::{journal::Rows, row::Row};

/// The table from the rows of the journal, piece by piece. Holds the countries of one aim.
pub(super) fn batches(
    day: Date,
    point: &str,
    rows: Rows,
    enrichment: &dyn Enrichment,
) -> impl Iterator<Item = Result<RecordBatch>> {
    let mut rows = rows.peekable();
    iter::from_fn(move || {
        rows.peek()?;
        let mut columns = Columns::default();
        while columns.rows < BATCH {
            match next_aim(&mut rows, enrichment) {
                Ok(Some((class, aim, countries))) => {
                    for (country, figures) in &countries {
                        if let Err(error) = columns.push(class, aim, country, figures) {
                            return Some(Err(error));
                        }
                    }
                }
                Ok(None) => break,
                Err(error) => return Some(Err(error)),
            }
        }
        Some(columns.finish(day, point))
    })
}

type Countries = BTreeMap<String, Figures>;

/// Adds up the rows of the next (class, aim).
fn next_aim(
    rows: &mut Peekable<Rows>,
    enrichment: &dyn Enrichment,
) -> Result<Option<(Class, Aim, Countries)>> {
    let Some(first) = rows.next().transpose()? else {
        return Ok(None);
    };
    let (class, aim) = (first.key.class, first.key.aim);
    let mut countries = Countries::new();
    add(&mut countries, &first, enrichment);
    let is_same = |row: &Result<Row>| match row {
        Ok(row) => row.key.class == class && row.key.aim == aim,
        Err(_) => true,
    };
    while let Some(row) = rows.next_if(is_same) {
        add(&mut countries, &row?, enrichment);
    }
    Ok(Some((class, aim, countries)))
}

fn add(countries: &mut Countries, row: &Row, enrichment: &dyn Enrichment) {
    let country = enrichment.country(row.key.source);
    match countries.get_mut(country) {
        Some(figures) => figures.add(row),
        None => countries.entry(country.to_owned()).or_default().add(row),
    }
}

/// The figures of one country.
#[derive(Default)]
struct Figures {
    packets: u64,
    sources: u64,
    sources_64: u64,
    overflow_packets: u64,
    /// The last source's network, as `sources_64` counts it.
    network: Option<IpAddr>,
}

impl Figures {
    /// Adds a row. Sources come in their order, so those of a network come one after the other.
    fn add(&mut self, row: &Row) {
        self.packets = self.packets.saturating_add(row.packets);
        let Some(source) = row.key.source else {
            self.overflow_packets = self.overflow_packets.saturating_add(row.packets);
            return;
        };
        self.sources += 1;
        let network = Some(network(source));
        if self.network != network {
            self.sources_64 += 1;
            self.network = network;
        }
    }
}

/// The /64 of an IPv6 address; an IPv4 address as it is.
fn network(source: IpAddr) -> IpAddr {
    match source {
        IpAddr::V4(_) => source,
        IpAddr::V6(source) => IpAddr::from((u128::from(source) >> 64 << 64).to_be_bytes()),
    }
}

#[derive(Default)]
struct Columns {
    rows: usize,
    class: StringBuilder,
    protocol: Int32Builder,
    port: Int32Builder,
    port_type: StringBuilder,
    country: StringBuilder,
    packets: Int64Builder,
    sources: Int64Builder,
    sources_64: Int64Builder,
    overflow_packets: Int64Builder,
}

impl Columns {
    fn push(&mut self, class: Class, aim: Aim, country: &str, figures: &Figures) -> Result<()> {
        let Figures {
            packets,
            sources,
            sources_64,
            overflow_packets,
            network: _,
        } = figures;
        self.rows += 1;
        self.class.append_value(class.name());
        self.protocol.append_value(aim.protocol().into());
        self.port.append_option(aim.port().map(i32::from));
        write!(self.port_type, "{aim}")?;
        self.port_type.append_value("");
        self.country.append_value(country);
        self.packets.append_value(count(*packets)?);
        self.sources.append_value(count(*sources)?);
        self.sources_64.append_value(count(*sources_64)?);
        self.overflow_packets
            .append_value(count(*overflow_packets)?);
        Ok(())
    }

    /// The pushed rows as a piece of the table.
    fn finish(mut self, day: Date, point: &str) -> Result<RecordBatch> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Date32Array::from_value(to_date32(day), self.rows)),
            Arc::new(StringArray::from_iter_values(iter::repeat_n(
                point, self.rows,
            ))),
            Arc::new(self.class.finish()),
            Arc::new(self.protocol.finish()),
            Arc::new(self.port.finish()),
            Arc::new(self.port_type.finish()),
            Arc::new(self.country.finish()),
            Arc::new(self.packets.finish()),
            Arc::new(self.sources.finish()),
            Arc::new(self.sources_64.finish()),
            Arc::new(self.overflow_packets.finish()),
        ];
        Ok(RecordBatch::try_new(Table::Ports.schema(), columns)?)
    }
}
