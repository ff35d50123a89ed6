//! A closing that a crash interrupts.

use jiff::civil::date;

use super::*;
use crate::{config::Config, config::Maintenance, records::DatabaseName};

/// Every source is in this country.
struct Everywhere(&'static str, DatabaseName);

impl Everywhere {
    fn new(country: &'static str) -> Self {
        let name = DatabaseName {
            name: "country.mmdb (Everywhere)".to_owned(),
            date: Some(date(2026, 11, 1)),
            sha256: format!("hash of {country}"),
        };
        Self(country, name)
    }
}

impl Enrichment for Everywhere {
    fn lookup(&self, _: IpAddr) -> Origin<'_> {
        Origin {
            country: self.0,
            asn: None,
            as_name: None,
        }
    }

    fn country_database(&self) -> Option<&DatabaseName> {
        Some(&self.1)
    }
}

const LATER: &str = "2026-11-22T08:00:00Z";

fn try_close(
    dir: &Path,
    journal: &Journal,
    closed_at: &str,
    enrichment: &dyn Enrichment,
) -> Result<(), String> {
    try_close_with(dir, journal, closed_at, enrichment, &[])
}

fn try_close_with(
    dir: &Path,
    journal: &Journal,
    closed_at: &str,
    enrichment: &dyn Enrichment,
    maintenance: &[Maintenance],
) -> Result<(), String> {
    let closed_at = closed_at.parse().unwrap();
    let manner = Manner {
        enrichment,
        maintenance,
        ..Manner::PLAIN
    };
    let (zone, drains) = (&TimeZone::UTC, journal.drains());
    close_day(dir, zone, drains, day(), "tokyo-1", closed_at, manner)
        .map_err(|error| format!("{error:#}"))
}

/// A day of which sources and ports are written, and nothing more.
fn half_closed(country: &'static str) -> (TempDir, Journal) {
    half_closed_with(country, &[])
}

fn half_closed_with(country: &'static str, windows: &[Maintenance]) -> (TempDir, Journal) {
    let dir = TempDir::new().unwrap();
    let (journal, _) = random_journal(dir.path(), 13);
    let in_the_way = dir.path().join("records/coverage");
    fs::create_dir_all(in_the_way.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("/nowhere", &in_the_way).unwrap();
    let enrichment = Everywhere::new(country);
    let error = try_close_with(dir.path(), &journal, CLOSED_AT, &enrichment, windows);
    assert!(error.unwrap_err().contains("records/coverage"));
    let written =
        ["sources", "ports"].map(|table| tree(&dir.path().join("records").join(table)).len());
    assert_eq!(written, [1, 1]);
    fs::remove_file(in_the_way).unwrap();
    (dir, journal)
}

#[test]
fn it_is_repeated_with_the_same_bytes() {
    let whole = TempDir::new().unwrap();
    let (journal, _) = random_journal(whole.path(), 13);
    try_close(whole.path(), &journal, CLOSED_AT, &Everywhere::new("JP")).unwrap();
    let (dir, journal) = half_closed("JP");
    try_close(dir.path(), &journal, LATER, &Everywhere::new("JP")).unwrap();
    let [expected, repeated] = [&whole, &dir].map(|dir| tree(&dir.path().join("records")));
    assert_eq!(expected, repeated);
    assert_eq!(
        tree(&dir.path().join("closing")).len(),
        0,
        "it is forgotten"
    );
    let coverage = &rows(dir.path(), Table::Coverage)[1];
    assert_eq!(coverage["country_database"], "country.mmdb (Everywhere)");
    assert_eq!(coverage["country_database_date"], "2026-11-01");
    assert_eq!(coverage["asn_database"], Value::Null);
}

#[test]
fn with_another_database_all_of_it_is_closed_with_that() {
    let whole = TempDir::new().unwrap();
    let (journal, _) = random_journal(whole.path(), 13);
    try_close(whole.path(), &journal, LATER, &Everywhere::new("NL")).unwrap();
    let (dir, journal) = half_closed("JP");
    try_close(dir.path(), &journal, LATER, &Everywhere::new("NL")).unwrap();
    let [expected, repeated] = [&whole, &dir].map(|dir| tree(&dir.path().join("records")));
    assert_eq!(expected, repeated);
}

#[test]
fn maintenance_is_that_of_the_first_attempt() {
    let text = "[[maintenance]]\nfrom = \"2026-11-21T22:00\"\nto = \"2026-11-22T02:00\"\n\
                note = \"new disks\"\n";
    let windows = Config::parse(Path::new("test.toml"), text)
        .unwrap()
        .maintenance;
    let country = Everywhere::new("JP");
    let whole = TempDir::new().unwrap();
    let (journal, _) = random_journal(whole.path(), 13);
    try_close_with(whole.path(), &journal, CLOSED_AT, &country, &windows).unwrap();
    // Meanwhile somebody has taken the window out of the configuration.
    let (dir, journal) = half_closed_with("JP", &windows);
    try_close(dir.path(), &journal, LATER, &country).unwrap();
    let [expected, repeated] = [&whole, &dir].map(|dir| tree(&dir.path().join("records")));
    assert_eq!(expected, repeated);
    let coverage = &rows(dir.path(), Table::Coverage)[1];
    assert_eq!(coverage["maintenance_seconds"], 7200);
    assert_eq!(coverage["status"], "maintenance");
    assert_eq!(
        coverage["note"],
        "maintenance from 2026-11-21T22:00:00 to 2026-11-22T02:00:00: new disks"
    );
}

#[test]
fn with_a_damaged_intent_it_begins_anew() {
    let whole = TempDir::new().unwrap();
    let (journal, _) = random_journal(whole.path(), 13);
    try_close(whole.path(), &journal, LATER, &Everywhere::new("JP")).unwrap();
    let (dir, journal) = half_closed("JP");
    let intent = dir.path().join("closing/2026-11-21.tokyo-1.json");
    let text = fs::read_to_string(&intent).unwrap();
    let another = text.replace("2026-11-22T00:00:07.5Z", "2026-11-22T00:00:07.9Z");
    assert_ne!(text, another);
    fs::write(&intent, another).unwrap();
    try_close(dir.path(), &journal, LATER, &Everywhere::new("JP")).unwrap();
    let [expected, repeated] = [&whole, &dir].map(|dir| tree(&dir.path().join("records")));
    assert_eq!(expected, repeated);
}
