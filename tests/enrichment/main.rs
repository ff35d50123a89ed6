//! Countries and networks of sources, against another reader of MaxMind's format: Python's
//! maxminddb, by way of `oracle.py`.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    process::Command,
};

use talot_agent::{
    config::{Config, GeoFiles},
    geo::{Geo, fetch},
    records::Enrichment as _,
};
use talot_tests::{
    agent::{program, workspace},
    python,
    random::Random,
    require,
    shell::{attempt, run, text},
};

/// Addresses that are asked for in each pair of databases.
const ADDRESSES: usize = 150_000;

fn oracle(python: &Path, words: &[&str]) -> String {
    let script = workspace().join("tests/enrichment/oracle.py");
    text(&run(Command::new(python).arg(script).args(words)).stdout)
}

fn interpreter(test: &str) -> Option<PathBuf> {
    let python = python::with(&["maxminddb", "mmdb_writer"]);
    let requirement = "Python's maxminddb and mmdb_writer are not installed (cargo xtask test)";
    require::met(test, requirement, python.is_some()).then_some(python?)
}

/// Compares what both readers know of many addresses, most of them beside the edges of networks.
/// Gives how many have a country, and how many are of IPv6.
fn compare(python: &Path, country: &Path, asn: Option<&Path>) -> (usize, usize) {
    let seed = Random::new().below(1 << 32).to_string();
    let path = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    let (country_file, asn_file) = (path(country), asn.map_or(String::new(), path));
    let answers = oracle(
        python,
        &[
            "read",
            &country_file,
            &asn_file,
            &seed,
            &ADDRESSES.to_string(),
        ],
    );
    let geo = Geo::open(&Config {
        geo: GeoFiles {
            country: Some(country.to_owned()),
            asn: asn.map(Path::to_owned),
        },
        ..Config::default()
    });
    let databases = geo.expect("the databases can be read").databases();
    let (mut known, mut ipv6, mut lines) = (0, 0, 0);
    for line in answers.lines() {
        let (address, expected) = line.split_once('\t').expect("an address and an answer");
        let address: IpAddr = address.parse().expect("an address");
        let found = databases.lookup(address);
        let number = found.asn.map_or(String::new(), |number| number.to_string());
        let answer = [found.country, &number, found.as_name.unwrap_or_default()].join("\t");
        assert_eq!(
            answer, expected,
            "{address} in {country_file} and {asn_file:?}"
        );
        known += usize::from(found.country != "ZZ");
        ipv6 += usize::from(address.is_ipv6());
        lines += 1;
    }
    assert_eq!(lines, ADDRESSES);
    (known, ipv6)
}

#[test]
fn databases_of_every_layout_are_read_as_another_reader_reads_them() {
    let Some(python) = interpreter("databases_of_every_layout") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let seed = Random::new().below(1 << 32).to_string();
    let written = folder.path().to_str().expect("UTF-8");
    oracle(&python, &["write", written, &seed]);
    let [geolite, ipinfo, four] =
        ["geolite", "ipinfo", "four"].map(|name| folder.path().join(name).with_extension("mmdb"));
    let pairs = [
        (&geolite, Some(&geolite)),
        (&geolite, Some(&ipinfo)),
        (&ipinfo, Some(&four)),
        (&four, None),
    ];
    for (country, asn) in pairs {
        let (known, ipv6) = compare(&python, country, asn.map(PathBuf::as_path));
        let most = ADDRESSES - ADDRESSES / 20;
        assert!((ADDRESSES / 100..most).contains(&known), "{known}");
        assert!((ADDRESSES / 5..most).contains(&ipv6), "{ipv6}");
    }
}

#[test]
fn the_default_database_is_read_as_another_reader_reads_it() {
    let test = "the_default_database";
    let Some(python) = interpreter(test) else {
        return;
    };
    // It stays for the next run.
    let folder = workspace().join("target/tmp/geo");
    std::fs::create_dir_all(&folder).expect("a folder");
    let configuration = folder.join("talot.toml");
    std::fs::write(&configuration, "data_dir = \"data\"\n").expect("a file");
    let mut command = Command::new(program());
    command.args(["geo", "fetch", "--if-missing", "--config"]);
    let fetched = attempt(command.arg(&configuration));
    let said = text(&fetched.stderr);
    if !require::met(test, &said, fetched.status.success()) {
        return;
    }
    let (known, ipv6) = compare(&python, &fetch::path(&folder.join("data")), None);
    assert!(known > ADDRESSES / 4 && known < ADDRESSES, "{known}");
    assert!(ipv6 > ADDRESSES / 5 && ipv6 < ADDRESSES, "{ipv6}");
}
