//! The exported records, row by row. A column too many or too few is a failure.

use std::{collections::BTreeMap, net::IpAddr, path::PathBuf, process::Command};

use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use crate::{
    python,
    rows::{DISPOSITIONS, Dispositions, Key, Rows},
    shell::{run, text},
};

/// A column that may be null but must be there.
fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    Option::deserialize(from)
}

/// A row of the table `sources`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the columns of the contract")]
pub struct Source {
    pub date: String,
    pub point: String,
    pub class: String,
    pub protocol: i32,
    #[serde(deserialize_with = "nullable")]
    pub port: Option<i32>,
    pub port_type: String,
    pub source: IpAddr,
    pub packets: i64,
    pub first_seen: String,
    pub last_seen: String,
    pub marks: String,
    pub country: String,
    #[serde(deserialize_with = "nullable")]
    pub asn: Option<i64>,
    #[serde(deserialize_with = "nullable")]
    pub as_name: Option<String>,
}

/// A row of the table `ports`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the columns of the contract")]
pub struct Port {
    pub date: String,
    pub point: String,
    pub class: String,
    pub protocol: i32,
    #[serde(deserialize_with = "nullable")]
    pub port: Option<i32>,
    pub port_type: String,
    pub country: String,
    pub packets: i64,
    pub sources: i64,
    #[serde(deserialize_with = "nullable")]
    pub sources_64: Option<i64>,
    pub overflow_packets: i64,
}

/// A row of the table `coverage`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the columns of the contract")]
pub struct Coverage {
    pub date: String,
    pub point: String,
    pub addresses: String,
    pub timezone: String,
    pub expected_seconds: i64,
    pub observed_seconds: i64,
    pub maintenance_seconds: i64,
    pub status: String,
    pub note: String,
    pub seen: i64,
    pub non_ip: i64,
    pub malformed: i64,
    pub link_control: i64,
    pub elsewhere: i64,
    pub excluded: i64,
    pub solicited: i64,
    pub backscatter: i64,
    pub stray: i64,
    pub access: i64,
    pub overflow: i64,
    pub missed: i64,
    pub conversations_forgotten: i64,
    pub sources_lower_bound: bool,
    pub sources_form: String,
    pub xdp_mode: String,
    pub mode: String,
    pub verdict: String,
    pub kernel: String,
    pub agent_version: String,
    pub definition: i32,
    #[serde(deserialize_with = "nullable")]
    pub country_database: Option<String>,
    #[serde(deserialize_with = "nullable")]
    pub asn_database: Option<String>,
    #[serde(deserialize_with = "nullable")]
    pub country_database_date: Option<String>,
    #[serde(deserialize_with = "nullable")]
    pub asn_database_date: Option<String>,
    #[serde(deserialize_with = "nullable")]
    pub sources_sha256: Option<String>,
    #[serde(deserialize_with = "nullable")]
    pub ports_sha256: Option<String>,
    #[serde(deserialize_with = "nullable")]
    pub closed_at: Option<String>,
}

impl Coverage {
    /// Packets by disposition.
    pub fn dispositions(&self) -> Dispositions {
        let counts = [
            self.non_ip,
            self.malformed,
            self.link_control,
            self.elsewhere,
            self.excluded,
            self.solicited,
            self.backscatter,
            self.stray,
            self.access,
        ];
        let names = DISPOSITIONS.map(str::to_owned);
        names.into_iter().zip(counts).collect()
    }

    /// Packets of the three unsolicited classes.
    pub const fn unsolicited(&self) -> i64 {
        self.backscatter + self.stray + self.access
    }
}

/// Reads a table as `export --format json` writes it.
///
/// # Panics
/// On a line that is no such row.
pub fn rows<T: DeserializeOwned>(json: &[u8]) -> Vec<T> {
    let json = text(json);
    let lines = json.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}")))
        .collect()
}

/// Packets by key.
///
/// # Panics
/// When a key of one day and point comes twice.
pub fn counted(sources: &[Source]) -> Rows {
    let mut rows = Rows::new();
    for source in sources {
        let key = Key {
            class: source.class.clone(),
            protocol: source.protocol,
            port: source.port,
            port_type: source.port_type.clone(),
            source: source.source,
        };
        let before = rows.insert(key, source.packets);
        assert!(before.is_none(), "twice: {source:?}");
    }
    rows
}

/// Packets by class and port type, as the table `ports` has them.
pub fn by_port(ports: &[Port]) -> BTreeMap<(String, String), i64> {
    let mut sums = BTreeMap::new();
    for port in ports {
        let key = (port.class.clone(), port.port_type.clone());
        *sums.entry(key).or_insert(0) += port.packets;
    }
    sums
}

/// Packets and distinct sources by class and port type, as rows of `sources` make them.
pub fn fold_sources(rows: &Rows) -> BTreeMap<(String, String), (i64, i64)> {
    let mut sums = BTreeMap::new();
    for (key, packets) in rows {
        let sum: &mut (i64, i64) = sums
            .entry((key.class.clone(), key.port_type.clone()))
            .or_default();
        sum.0 += packets;
        sum.1 += 1;
    }
    sums
}

/// The Python that has DuckDB, where `cargo xtask test` has put it.
pub fn duckdb_python() -> Option<PathBuf> {
    python::with(&["duckdb"])
}

/// Answer of DuckDB to a query, one line per row, columns joined by `|`.
///
/// # Panics
/// When DuckDB refuses it.
pub fn duckdb(python: &PathBuf, query: &str) -> String {
    let script = "import duckdb, sys\n\
                  for row in duckdb.sql(sys.argv[1]).fetchall():\n    \
                  print('|'.join(str(value) for value in row))";
    text(&run(Command::new(python).args(["-c", script, query])).stdout)
}
