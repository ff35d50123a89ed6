//! The tables as the agent writes them, and whether a file has their columns.

use std::sync::Arc;

use anyhow::{Result, ensure};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

/// A table of the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// One row per (class, protocol, port, source).
    Sources,
    /// One row per (class, protocol, port, country).
    Ports,
    /// One row.
    Coverage,
}

impl Table {
    /// The name: of its folder, and in queries.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sources => "sources",
            Self::Ports => "ports",
            Self::Coverage => "coverage",
        }
    }

    /// The columns, as they are read. Any may be null: what the records promise is checked, not
    /// assumed.
    pub fn schema(self) -> SchemaRef {
        let columns = match self {
            Self::Sources => SOURCES,
            Self::Ports => PORTS,
            Self::Coverage => COVERAGE,
        };
        let fields = columns
            .iter()
            .map(|(name, kind)| Field::new(*name, kind.data_type(), true));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    /// Checks that a file has all columns, each of its type; it may have more.
    ///
    /// # Errors
    /// When one is missing or of another type.
    pub(super) fn check(self, file: &Schema) -> Result<()> {
        for field in self.schema().fields() {
            let name = field.name();
            let Ok(found) = file.field_with_name(name) else {
                anyhow::bail!("the column {name} is missing");
            };
            ensure!(
                is_like(found.data_type(), field.data_type()),
                "the column {name} is {}, not {}",
                found.data_type(),
                field.data_type()
            );
        }
        Ok(())
    }
}

/// Whether what a writer calls a type is what we mean: text may be large or a view, a timestamp's zone is a matter of
/// words, and of a column that holds nothing but nulls a writer may not know the type.
fn is_like(found: &DataType, meant: &DataType) -> bool {
    match (found, meant) {
        (DataType::Null, _)
        | (DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View, DataType::Utf8View)
        | (
            DataType::Timestamp(TimeUnit::Microsecond, Some(_)),
            DataType::Timestamp(TimeUnit::Microsecond, Some(_)),
        ) => true,
        _ => found == meant,
    }
}

/// What a column holds.
#[derive(Clone, Copy)]
enum Kind {
    Date,
    Text,
    Int32,
    Int64,
    Time,
    Boolean,
}

impl Kind {
    fn data_type(self) -> DataType {
        match self {
            Self::Date => DataType::Date32,
            Self::Text => DataType::Utf8View,
            Self::Int32 => DataType::Int32,
            Self::Int64 => DataType::Int64,
            Self::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Boolean => DataType::Boolean,
        }
    }
}

use Kind::{Boolean, Date, Int32, Int64, Text, Time};

const SOURCES: &[(&str, Kind)] = &[
    ("date", Date),
    ("point", Text),
    ("class", Text),
    ("protocol", Int32),
    ("port", Int32),
    ("port_type", Text),
    ("source", Text),
    ("packets", Int64),
    ("first_seen", Time),
    ("last_seen", Time),
    ("marks", Text),
    ("country", Text),
    ("asn", Int64),
    ("as_name", Text),
];

const PORTS: &[(&str, Kind)] = &[
    ("date", Date),
    ("point", Text),
    ("class", Text),
    ("protocol", Int32),
    ("port", Int32),
    ("port_type", Text),
    ("country", Text),
    ("packets", Int64),
    ("sources", Int64),
    ("sources_64", Int64),
    ("overflow_packets", Int64),
];

const COVERAGE: &[(&str, Kind)] = &[
    ("date", Date),
    ("point", Text),
    ("addresses", Text),
    ("timezone", Text),
    ("expected_seconds", Int64),
    ("observed_seconds", Int64),
    ("maintenance_seconds", Int64),
    ("status", Text),
    ("note", Text),
    ("seen", Int64),
    ("non_ip", Int64),
    ("malformed", Int64),
    ("link_control", Int64),
    ("elsewhere", Int64),
    ("excluded", Int64),
    ("solicited", Int64),
    ("backscatter", Int64),
    ("stray", Int64),
    ("access", Int64),
    ("overflow", Int64),
    ("missed", Int64),
    ("conversations_forgotten", Int64),
    ("sources_lower_bound", Boolean),
    ("sources_form", Text),
    ("xdp_mode", Text),
    ("mode", Text),
    ("verdict", Text),
    ("kernel", Text),
    ("agent_version", Text),
    ("definition", Int32),
    ("country_database", Text),
    ("asn_database", Text),
    ("country_database_date", Date),
    ("asn_database_date", Date),
    ("sources_sha256", Text),
    ("ports_sha256", Text),
    ("closed_at", Time),
];
