//! Records to be read fast: as many as are asked for, by a writer of their own.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use datafusion::arrow::{
    array::{
        ArrayRef, BooleanArray, Date32Array, Int32Array, Int64Array, RecordBatch, StringArray,
        TimestampMicrosecondArray, new_null_array,
    },
    datatypes::{DataType, Field, Schema, TimeUnit},
};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    file::properties::WriterProperties,
};
use sha2::{Digest as _, Sha256};

/// Days that differ from each other; the others repeat them.
const PATTERNS: usize = 64;

/// What is written.
pub(crate) struct Plan {
    /// Points.
    pub(crate) points: usize,
    /// Days since 1970-01-01, from and until.
    pub(crate) days: std::ops::Range<i32>,
    /// Rows of `ports` for each point and day.
    pub(crate) rows: usize,
}

/// A day's rows: (port, country), sorted, with packets and sources.
struct Pattern {
    ports: Vec<i32>,
    port_types: Vec<String>,
    countries: Vec<String>,
    packets: Vec<i64>,
    sources: Vec<i64>,
}

/// Writes the records.
pub(crate) fn write(plan: &Plan, folder: &Path) {
    let patterns: Vec<_> = (0..PATTERNS)
        .map(|seed| pattern(seed as u64 + 1, plan.rows))
        .collect();
    for day in plan.days.clone() {
        let date = date(day);
        for table in ["ports", "coverage"] {
            fs::create_dir_all(folder.join(table).join(format!("day={date}"))).expect("a folder");
        }
        for point in 0..plan.points {
            let name = format!("point-{point:04}");
            let pattern = &patterns[(point * 31 + day as usize * 7) % PATTERNS];
            let ports = parquet(&ports(pattern, day, &name));
            let coverage = parquet(&coverage(pattern, day, &name, &hex(&ports)));
            let at = |table: &str| folder.join(table).join(format!("day={date}"));
            fs::write(at("ports").join(format!("{name}.parquet")), ports).expect("a file");
            let beside = format!("{}  {name}.parquet\n", hex(&coverage));
            fs::write(at("coverage").join(format!("{name}.parquet")), coverage).expect("a file");
            fs::write(at("coverage").join(format!("_{name}.sha256")), beside).expect("a file");
        }
    }
}

fn date(day: i32) -> jiff::civil::Date {
    jiff::civil::date(1970, 1, 1) + jiff::Span::new().days(day)
}

/// Few ports and countries have most of it, as in life.
fn pattern(seed: u64, rows: usize) -> Pattern {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut cells = BTreeMap::new();
    while cells.len() < rows {
        let port = 65_535.0_f64.powf(random()) as i32;
        let country = 120.0_f64.powf(random()) as u8;
        let code = format!(
            "{}{}",
            char::from(b'A' + country / 12),
            char::from(b'A' + country % 12)
        );
        let packets = 1 + (1_000.0_f64.powf(random() * random())) as i64;
        cells.insert((port, code), packets);
    }
    let mut pattern = Pattern {
        ports: vec![],
        port_types: vec![],
        countries: vec![],
        packets: vec![],
        sources: vec![],
    };
    for ((port, country), packets) in cells {
        pattern.ports.push(port);
        pattern.port_types.push(format!("{port}/tcp"));
        pattern.countries.push(country);
        pattern.packets.push(packets);
        pattern.sources.push(1 + packets / 3);
    }
    pattern
}

fn ports(pattern: &Pattern, day: i32, point: &str) -> RecordBatch {
    let rows = pattern.ports.len();
    let same = |text: &str| Arc::new(StringArray::from(vec![text; rows])) as ArrayRef;
    let numbers = |numbers: &[i64]| Arc::new(Int64Array::from(numbers.to_vec())) as ArrayRef;
    batch(vec![
        ("date", Arc::new(Date32Array::from(vec![day; rows]))),
        ("point", same(point)),
        ("class", same("access")),
        ("protocol", Arc::new(Int32Array::from(vec![6; rows]))),
        ("port", Arc::new(Int32Array::from(pattern.ports.clone()))),
        (
            "port_type",
            Arc::new(StringArray::from(pattern.port_types.clone())),
        ),
        (
            "country",
            Arc::new(StringArray::from(pattern.countries.clone())),
        ),
        ("packets", numbers(&pattern.packets)),
        ("sources", numbers(&pattern.sources)),
        ("sources_64", numbers(&pattern.sources)),
        ("overflow_packets", numbers(&vec![0; rows])),
    ])
}

fn coverage(pattern: &Pattern, day: i32, point: &str, ports_sha256: &str) -> RecordBatch {
    let text = |text: &str| Arc::new(StringArray::from(vec![text])) as ArrayRef;
    let number = |number: i64| Arc::new(Int64Array::from(vec![number])) as ArrayRef;
    let access: i64 = pattern.packets.iter().sum();
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("date", Arc::new(Date32Array::from(vec![day]))),
        ("point", text(point)),
        ("addresses", text("203.0.113.1")),
        ("timezone", text("UTC")),
        ("expected_seconds", number(86_400)),
        ("observed_seconds", number(86_400)),
        ("maintenance_seconds", number(0)),
        ("status", text("full")),
        ("note", text("")),
        ("seen", number(access)),
        ("access", number(access)),
        (
            "sources_lower_bound",
            Arc::new(BooleanArray::from(vec![false])),
        ),
        ("sources_form", text("none")),
        ("xdp_mode", text("native")),
        ("mode", text("live")),
        ("verdict", text("pass")),
        ("kernel", text("6.18")),
        ("agent_version", text("0.1.0")),
        ("definition", Arc::new(Int32Array::from(vec![1]))),
        ("country_database", new_null_array(&DataType::Utf8, 1)),
        ("asn_database", new_null_array(&DataType::Utf8, 1)),
        (
            "country_database_date",
            new_null_array(&DataType::Date32, 1),
        ),
        ("asn_database_date", new_null_array(&DataType::Date32, 1)),
        ("sources_sha256", new_null_array(&DataType::Utf8, 1)),
        ("ports_sha256", text(ports_sha256)),
        (
            "closed_at",
            Arc::new(TimestampMicrosecondArray::from(vec![0]).with_timezone("UTC")),
        ),
    ];
    for name in [
        "non_ip",
        "malformed",
        "link_control",
        "elsewhere",
        "excluded",
        "solicited",
        "backscatter",
        "stray",
        "overflow",
        "missed",
        "conversations_forgotten",
    ] {
        columns.push((name, number(0)));
    }
    batch(columns)
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let fields = columns.iter().map(|(name, column)| {
        let kind = match column.data_type() {
            DataType::Timestamp(..) => {
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
            }
            other => other.clone(),
        };
        Field::new(*name, kind, true)
    });
    let schema = Schema::new(fields.collect::<Vec<_>>());
    let columns = columns.into_iter().map(|(_, column)| column).collect();
    RecordBatch::try_new(Arc::new(schema), columns).expect("columns of one length")
}

fn parquet(batch: &RecordBatch) -> Vec<u8> {
    let level = ZstdLevel::try_new(3).expect("a level");
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .build();
    let mut bytes = Vec::new();
    let mut writer =
        ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).expect("a writer");
    writer.write(batch).expect("a batch");
    writer.close().expect("a file");
    bytes
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
