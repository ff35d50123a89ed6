//! What databases know of a source.

use std::net::IpAddr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The country of a source that no database knows.
pub const UNKNOWN_COUNTRY: &str = "ZZ";

/// Where a source is, and whose network it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin<'a> {
    /// ISO 3166-1 alpha-2, or [`UNKNOWN_COUNTRY`].
    pub country: &'a str,
    /// Number of the autonomous system.
    pub asn: Option<i64>,
    /// Name of the autonomous system.
    pub as_name: Option<&'a str>,
}

/// Which database it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseName {
    /// Its file's name and, in brackets, its type.
    pub name: String,
    /// When it was built, in UTC; none if it does not say so sensibly.
    pub date: Option<Date>,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
}

/// Databases of addresses.
pub trait Enrichment {
    /// What is known of a source. Gives the same answer as long as the value lives.
    fn lookup(&self, source: IpAddr) -> Origin<'_>;

    /// The country of a source; of overflow, which has none, it is unknown.
    fn country(&self, source: Option<IpAddr>) -> &str {
        source.map_or(UNKNOWN_COUNTRY, |source| self.lookup(source).country)
    }

    /// The database that knows the countries, if there is one.
    fn country_database(&self) -> Option<&DatabaseName> {
        None
    }

    /// The database that knows the autonomous systems, if there is one.
    fn asn_database(&self) -> Option<&DatabaseName> {
        None
    }
}

/// No database: nothing is known of any source.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoDatabase;

impl Enrichment for NoDatabase {
    fn lookup(&self, _: IpAddr) -> Origin<'_> {
        Origin {
            country: UNKNOWN_COUNTRY,
            asn: None,
            as_name: None,
        }
    }
}
