//! The tables and their columns.

use std::{fmt, str::FromStr, sync::Arc};

use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};

/// A table of the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// One row per (class, protocol, port, source).
    Sources,
    /// One row per (class, protocol, port, country).
    Ports,
    /// One row.
    Coverage,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 3] = [Self::Sources, Self::Ports, Self::Coverage];

    /// The name: of its folder, and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sources => "sources",
            Self::Ports => "ports",
            Self::Coverage => "coverage",
        }
    }

    /// The columns, in their order.
    pub fn schema(self) -> SchemaRef {
        let columns = match self {
            Self::Sources => SOURCES,
            Self::Ports => PORTS,
            Self::Coverage => COVERAGE,
        };
        let fields = columns
            .iter()
            .map(|(name, kind, null)| Field::new(*name, kind.data_type(), *null == Allowed));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Table {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        super::by_name(&Self::ALL, name)
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
            Self::Text => DataType::Utf8,
            Self::Int32 => DataType::Int32,
            Self::Int64 => DataType::Int64,
            Self::Time => DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())),
            Self::Boolean => DataType::Boolean,
        }
    }
}

/// The zone of every timestamp.
pub(super) const UTC: &str = "UTC";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Null {
    Never,
    Allowed,
}

use Kind::{Boolean, Date, Int32, Int64, Text, Time};
use Null::{Allowed, Never};

const SOURCES: &[(&str, Kind, Null)] = &[
    ("date", Date, Never),
    ("point", Text, Never),
    ("class", Text, Never),
    ("protocol", Int32, Never),
    ("port", Int32, Allowed),
    ("port_type", Text, Never),
    ("source", Text, Never),
    ("packets", Int64, Never),
    ("first_seen", Time, Never),
    ("last_seen", Time, Never),
    ("marks", Text, Never),
    ("country", Text, Never),
    ("asn", Int64, Allowed),
    ("as_name", Text, Allowed),
];

const PORTS: &[(&str, Kind, Null)] = &[
    ("date", Date, Never),
    ("point", Text, Never),
    ("class", Text, Never),
    ("protocol", Int32, Never),
    ("port", Int32, Allowed),
    ("port_type", Text, Never),
    ("country", Text, Never),
    ("packets", Int64, Never),
    ("sources", Int64, Never),
    ("sources_64", Int64, Allowed),
    ("overflow_packets", Int64, Never),
];

const COVERAGE: &[(&str, Kind, Null)] = &[
    ("date", Date, Never),
    ("point", Text, Never),
    ("addresses", Text, Never),
    ("timezone", Text, Never),
    ("expected_seconds", Int64, Never),
    ("observed_seconds", Int64, Never),
    ("maintenance_seconds", Int64, Never),
    ("status", Text, Never),
    ("note", Text, Never),
    ("seen", Int64, Never),
    ("non_ip", Int64, Never),
    ("malformed", Int64, Never),
    ("link_control", Int64, Never),
    ("elsewhere", Int64, Never),
    ("excluded", Int64, Never),
    ("solicited", Int64, Never),
    ("backscatter", Int64, Never),
    ("stray", Int64, Never),
    ("access", Int64, Never),
    ("overflow", Int64, Never),
    ("missed", Int64, Never),
    ("conversations_forgotten", Int64, Never),
    ("sources_lower_bound", Boolean, Never),
    ("sources_form", Text, Never),
    ("xdp_mode", Text, Never),
    ("mode", Text, Never),
    ("verdict", Text, Never),
    ("kernel", Text, Never),
    ("agent_version", Text, Never),
    ("definition", Int32, Never),
    ("country_database", Text, Allowed),
    ("asn_database", Text, Allowed),
    ("country_database_date", Date, Allowed),
    ("asn_database_date", Date, Allowed),
    ("sources_sha256", Text, Allowed),
    ("ports_sha256", Text, Never),
    ("closed_at", Time, Allowed),
];
