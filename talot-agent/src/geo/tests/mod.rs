mod fetch;
mod writer;

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use self::writer::{
    Value::{self, Double, List, Map, Number, Text},
    database,
};
use super::{Databases, Geo};
use crate::{
    config::{Config, GeoFiles},
    journal::model::Random,
    records::{Enrichment as _, Origin},
};

/// 2026-11-01T00:00:00Z.
const BUILT: u64 = 1_793_491_200;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn country(code: &'static str) -> Value {
    Map(vec![("country_code", Text(code))])
}

/// A folder with a file of these records at `192.0.2.0/24`, `192.0.3.0/24` and so on.
fn folder(records: Vec<Value>) -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("some.mmdb");
    write(&path, BUILT, records);
    (dir, path)
}

fn write(path: &Path, built: u64, records: Vec<Value>) {
    let networks: Vec<_> = (2..)
        .map(|number| Ipv4Addr::new(192, 0, number, 0).into())
        .zip(records)
        .map(|(address, record)| (address, 24, record))
        .collect();
    fs::write(path, database("Some-Type", built, 6, &networks)).unwrap();
}

fn files(country: Option<&Path>, asn: Option<&Path>) -> Config {
    Config {
        data_dir: PathBuf::from("/nowhere"),
        geo: GeoFiles {
            country: country.map(Path::to_owned),
            asn: asn.map(Path::to_owned),
        },
        ..Config::default()
    }
}

fn error(files: &Config) -> String {
    let Err(error) = Geo::open(files) else {
        panic!("{:?} can be used", files.geo);
    };
    format!("{error:#}")
}

fn known(databases: &Databases, address: &str) -> (String, Option<i64>, Option<String>) {
    let Origin {
        country,
        asn,
        as_name,
    } = databases.lookup(ip(address));
    (country.to_owned(), asn, as_name.map(str::to_owned))
}

#[test]
fn every_layout_is_understood() {
    let numbered = |number| ("autonomous_system_number", number);
    let organised = ("autonomous_system_organization", Text("Example, Inc."));
    let records = vec![
        // GeoLite2-Country, DB-IP and IP2Location, with all else that they have.
        Map(vec![
            ("continent", Map(vec![("code", Text("AS"))])),
            (
                "country",
                Map(vec![
                    ("geoname_id", Number(1_861_060)),
                    ("iso_code", Text("JP")),
                    ("names", Map(vec![("en", Text("Japan"))])),
                ]),
            ),
            ("registered_country", Map(vec![("iso_code", Text("US"))])),
            ("location", Map(vec![("latitude", Double(35.7))])),
            (
                "subdivisions",
                List(vec![Map(vec![("iso_code", Text("13"))])]),
            ),
        ]),
        // GeoLite2-ASN and DB-IP.
        Map(vec![numbered(Number(64_496)), organised]),
        // iptoasn.
        country("NL"),
        // IPinfo: country, ASN, lite.
        Map(vec![
            ("country", Text("BR")),
            ("country_name", Text("Brazil")),
        ]),
        Map(vec![("asn", Text("AS64497")), ("name", Text("Another"))]),
        Map(vec![
            ("as_name", Text("Third")),
            ("asn", Text("AS4294967295")),
            ("country", Text("Australia")),
            ("country_code", Text("AU")),
        ]),
        // Nothing that is known.
        Map(vec![("country_code", Text("-")), ("asn", Number(0))]),
        Map(vec![
            ("country", List(vec![Text("JP")])),
            ("asn", Text("AS")),
        ]),
    ];
    let (_dir, path) = folder(records);
    let path = Some(path.as_path());
    let databases = Geo::open(&files(path, path)).unwrap().databases();
    let expected = [
        ("JP", None, None),
        ("ZZ", Some(64_496), Some("Example, Inc.")),
        ("NL", None, None),
        ("BR", None, None),
        ("ZZ", Some(64_497), Some("Another")),
        ("AU", Some(4_294_967_295), Some("Third")),
        ("ZZ", None, None),
        ("ZZ", None, None),
        ("ZZ", None, None),
    ];
    for (number, (country, asn, name)) in (2..).zip(expected) {
        let origin = Origin {
            country,
            asn,
            as_name: name,
        };
        let source = Ipv4Addr::new(192, 0, number, 200);
        assert_eq!(databases.lookup(source.into()), origin, "{source}");
    }
}

#[test]
fn country_and_asn_are_one_file_or_two_or_none() {
    let (_one, one) = folder(vec![Map(vec![
        ("country_code", Text("NL")),
        ("asn", Number(1)),
        ("as_name", Text("One")),
    ])]);
    let (_two, two) = folder(vec![Map(vec![
        ("country_code", Text("JP")),
        ("asn", Number(2)),
    ])]);
    let name = |text: &str| Some(text.to_owned());
    let cases = [
        (None, None, ("ZZ".into(), None, None)),
        (Some(&one), None, ("NL".into(), None, None)),
        (None, Some(&one), ("ZZ".into(), Some(1), name("One"))),
        (Some(&one), Some(&one), ("NL".into(), Some(1), name("One"))),
        (Some(&one), Some(&two), ("NL".into(), Some(2), None)),
        (Some(&two), Some(&one), ("JP".into(), Some(1), name("One"))),
    ];
    for (country, asn, expected) in cases {
        let files = files(country.map(PathBuf::as_path), asn.map(PathBuf::as_path));
        let databases = Geo::open(&files).unwrap().databases();
        assert_eq!(known(&databases, "192.0.2.1"), expected, "{:?}", files.geo);
        assert_eq!(databases.country_database().is_some(), country.is_some());
        assert_eq!(databases.asn_database().is_some(), asn.is_some());
    }
    let geo = Geo::open(&files(Some(&one), None)).unwrap();
    assert_eq!(
        geo.described(),
        [
            "country database some.mmdb (Some-Type), built 2026-11-01",
            "no ASN database"
        ]
    );
    let none = Geo::open(&files(None, None)).unwrap();
    assert_eq!(
        none.described(),
        [
            "no country database: every country is ZZ (`talot-agent geo fetch` brings one)",
            "no ASN database"
        ]
    );
}

#[test]
fn what_the_asn_database_does_not_know_the_country_database_is_not_asked() {
    let both = || {
        Map(vec![
            ("country_code", Text("NL")),
            ("asn", Number(1)),
            ("as_name", Text("One")),
        ])
    };
    let (_one, one) = folder(vec![both(), both()]);
    let (_two, two) = folder(vec![both()]);
    let geo = Geo::open(&files(Some(&one), Some(&two))).unwrap();
    let databases = geo.databases();
    let expected = ("NL".to_owned(), Some(1), Some("One".to_owned()));
    assert_eq!(known(&databases, "192.0.2.1"), expected);
    let expected = ("NL".to_owned(), None, None);
    assert_eq!(known(&databases, "192.0.3.1"), expected);
}

/// Against the plainest reading of a list of networks: the longest that holds the address.
#[test]
fn every_address_has_the_record_of_its_longest_network() {
    const CODES: [&str; 5] = ["JP", "NL", "US", "BR", "KE"];
    let mut random = Random(5);
    let mut networks: Vec<(IpAddr, u8, &str)> = Vec::new();
    for _ in 0..400 {
        let code = CODES[random.below(5) as usize];
        let v4 = random.below(2) == 0;
        // Few different bits, so that networks lie within each other.
        let bits = random.below(1 << 12);
        let (address, length): (IpAddr, u8) = if v4 {
            let length = 1 + random.below(32) as u8;
            let bits = (bits as u32).reverse_bits() >> (32 - length) << (32 - length);
            (Ipv4Addr::from(bits).into(), length)
        } else {
            let length = 4 + random.below(125) as u8;
            let bits = 1 << 127 | u128::from(bits).reverse_bits() >> 1;
            let bits = bits >> (128 - length) << (128 - length);
            (Ipv6Addr::from(bits).into(), length)
        };
        networks.retain(|other| (other.0, other.1) != (address, length));
        networks.push((address, length, code));
    }
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("country.mmdb");
    let records = networks.iter();
    let records: Vec<_> = records
        .map(|(a, length, code)| (*a, *length, country(code)))
        .collect();
    fs::write(&path, database("Random", BUILT, 6, &records)).unwrap();
    let databases = Geo::open(&files(Some(&path), None)).unwrap().databases();
    let holds = |network: IpAddr, length: u8, address: IpAddr| match (network, address) {
        (IpAddr::V4(n), IpAddr::V4(a)) => {
            (u32::from(n) ^ u32::from(a)).leading_zeros() >= length.into()
        }
        (IpAddr::V6(n), IpAddr::V6(a)) => {
            (u128::from(n) ^ u128::from(a)).leading_zeros() >= length.into()
        }
        _ => false,
    };
    let mut known = 0;
    for _ in 0..20_000 {
        let bits = random.below(1 << 13);
        let address: IpAddr = if random.below(2) == 0 {
            Ipv4Addr::from((bits as u32).reverse_bits()).into()
        } else {
            Ipv6Addr::from(1 << 127 | u128::from(bits).reverse_bits() >> 1).into()
        };
        let holding = networks
            .iter()
            .filter(|(n, length, _)| holds(*n, *length, address));
        let expected = holding
            .max_by_key(|network| network.1)
            .map_or("ZZ", |network| network.2);
        assert_eq!(databases.lookup(address).country, expected, "{address}");
        known += usize::from(expected != "ZZ");
    }
    assert!((1_000..19_000).contains(&known), "{known}");
}

#[test]
fn a_database_of_ipv4_knows_nothing_of_ipv6() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("v4.mmdb");
    let networks = [(ip("192.0.2.0"), 24, country("NL"))];
    fs::write(&path, database("V4", BUILT, 4, &networks)).unwrap();
    let databases = Geo::open(&files(Some(&path), None)).unwrap().databases();
    assert_eq!(databases.lookup(ip("192.0.2.1")).country, "NL");
    assert_eq!(databases.lookup(ip("2001:db8::1")).country, "ZZ");
}

#[test]
fn a_file_that_changes_is_read_anew_and_a_broken_one_refused() {
    let (dir, path) = folder(vec![country("NL")]);
    let geo = Geo::open(&files(Some(&path), Some(&path)));
    assert!(geo.is_err_and(|error| format!("{error:#}").contains("has no ASN in any")));
    let geo = Geo::open(&files(Some(&path), None)).unwrap();
    assert!(!geo.has_changed());
    let before = geo.databases();
    let code = |databases: &Databases| known(databases, "192.0.2.1").0;

    // Replaced, as a careful updater does.
    let new = dir.path().join("new");
    write(&new, BUILT + 86_400, vec![country("JP")]);
    fs::rename(&new, &path).unwrap();
    assert!(geo.has_changed());
    geo.refresh();
    assert!(!geo.has_changed());
    assert_eq!(code(&geo.databases()), "JP");
    assert_eq!(code(&before), "NL", "whoever has the old one keeps it");
    let date = |geo: &Geo| geo.databases().country_database().unwrap().date.unwrap();
    assert_eq!(date(&geo).to_string(), "2026-11-02");

    // Half written, another kind, gone.
    let whole = fs::read(&path).unwrap();
    let stays = |why: &str| {
        assert!(geo.has_changed(), "{why}");
        geo.refresh();
        assert!(!geo.has_changed(), "it is said once");
        assert_eq!(
            (code(&geo.databases()), date(&geo).to_string()),
            ("JP".into(), "2026-11-02".into())
        );
        let said = geo.described()[0].clone();
        assert!(
            said.contains("; the new file ") && said.contains(why),
            "{said}"
        );
    };
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    stays("it is no whole MaxMind DB");
    write(&path, BUILT, vec![Map(vec![("asn", Number(1))])]);
    stays("has no country in any of its records");
    fs::remove_file(&path).unwrap();
    stays("No such file");
    write(&path, BUILT, vec![country("BR")]);
    geo.refresh();
    assert_eq!(code(&geo.databases()), "BR");
    assert!(!geo.described()[0].contains("refused"));
}

#[test]
fn a_broken_file_at_the_start_is_named() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("none.mmdb");
    let files = files(Some(&path), None);
    let start = format!(
        "the country database cannot be used; name another in [geo], or remove it: reading {}: ",
        path.display()
    );
    assert!(error(&files).starts_with(&start), "{}", error(&files));
    for contents in ["", "<html>404</html>"] {
        fs::write(&path, contents).unwrap();
        let error = error(&files);
        assert!(
            error.starts_with(&format!("{start}it is no whole")),
            "{error}"
        );
    }
}

#[test]
fn a_damaged_default_database_is_refused_and_all_else_works() {
    let dir = TempDir::new().unwrap();
    let config = Config {
        data_dir: dir.path().to_owned(),
        ..Config::default()
    };
    let path = super::fetch::path(dir.path());
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "cut short").unwrap();
    assert!(
        super::fetch::is_missing(&config),
        "it is to be fetched anew"
    );
    let geo = Geo::open(&config).unwrap();
    assert_eq!(known(&geo.databases(), "192.0.2.1").0, "ZZ");
    let described = geo.described().join("; ");
    assert!(described.contains("cannot be used"), "{described}");
    write(&path, BUILT, vec![country("JP")]);
    assert!(!super::fetch::is_missing(&config));
    geo.refresh();
    assert_eq!(known(&geo.databases(), "192.0.2.1").0, "JP");
}

#[test]
fn damage_is_an_error_or_unknown_but_never_a_panic() {
    let (_dir, path) = folder(vec![
        country("NL"),
        Map(vec![("asn", Text("AS1"))]),
        country("JP"),
    ]);
    let sound = fs::read(&path).unwrap();
    let files = files(Some(&path), None);
    let mut refused = 0;
    for at in 0..sound.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut damaged = sound.clone();
            damaged[at] ^= flip;
            fs::write(&path, &damaged).unwrap();
            match Geo::open(&files) {
                Ok(geo) => {
                    for address in ["192.0.2.1", "192.0.3.1", "0.0.0.0", "::", "ffff::"] {
                        geo.databases().lookup(ip(address));
                    }
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(
        refused > sound.len() / 4,
        "{refused} of {}",
        3 * sound.len()
    );
}
