//! What databases know of a source.

use std::net::IpAddr;

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

/// Databases of addresses.
pub trait Enrichment {
    /// What is known of a source. Gives the same answer as long as the value lives.
    fn lookup(&self, source: IpAddr) -> Origin<'_>;
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
