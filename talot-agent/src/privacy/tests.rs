use std::{
    fs::{self, Permissions},
    net::{IpAddr, Ipv6Addr},
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
};

use tempfile::TempDir;

use super::{CryptoPan, KEY, SourcesForm, truncate};
use crate::{config::Privacy, journal::model::Random};

/// The key of the sample trace in Crypto-PAn's distribution.
const SAMPLE_KEY: &str = "1522178d33a4cf80130a5b1649907d10d8988f837979652762574c2d2a842202";

/// Addresses and pseudonyms of that trace (`sample_trace_raw.dat`, `sample_trace_sanitized.dat`), and
/// those of IPv6 that other implementations agree on.
const SAMPLES: &str = include_str!("samples.txt");

fn key(text: &str) -> [u8; KEY] {
    super::parse_key(text).unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn the_published_samples_have_their_pseudonyms() {
    let pseudonyms = CryptoPan::new(&key(SAMPLE_KEY));
    let mut families = [0, 0];
    for line in SAMPLES.lines() {
        let (address, pseudonym) = line.split_once(' ').unwrap();
        let [address, pseudonym] = [ip(address), ip(pseudonym)];
        assert_eq!(pseudonyms.anonymise(address), pseudonym, "{address}");
        assert_eq!(pseudonyms.restore(pseudonym), address, "{pseudonym}");
        families[usize::from(address.is_ipv6())] += 1;
    }
    assert_eq!(families, [71, 5]);
}

#[test]
fn shared_prefixes_stay_as_long_as_they_were() {
    let pseudonyms = CryptoPan::new(&[7; KEY]);
    let mut random = Random(4);
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => u128::from(u32::from(address)) << 96,
        IpAddr::V6(address) => address.into(),
    };
    for _ in 0..200 {
        let halves = [0; 2].map(|_| u128::from(random.below(u64::MAX)));
        let one = halves[0] << 64 | halves[1];
        let other = one ^ 1 << random.below(128);
        let check = |pair: [IpAddr; 2]| {
            let names = pair.map(|address| pseudonyms.anonymise(address));
            let shared = |[a, b]: [IpAddr; 2]| (bits(a) ^ bits(b)).leading_zeros();
            assert_eq!(shared(names), shared(pair), "{pair:?}");
            assert_eq!(names.map(|name| pseudonyms.restore(name)), pair);
        };
        check([one, other].map(|bits| Ipv6Addr::from(bits).into()));
        check([one, other].map(|bits| ((bits >> 96) as u32).to_be_bytes().into()));
    }
}

#[test]
fn truncating_keeps_the_first_bits() {
    for (address, v4, v6, expected) in [
        ("203.0.113.77", 24, 48, "203.0.113.0"),
        ("203.0.113.77", 32, 48, "203.0.113.77"),
        ("203.0.113.77", 0, 48, "0.0.0.0"),
        ("203.0.113.77", 25, 48, "203.0.113.0"),
        ("203.0.113.177", 25, 48, "203.0.113.128"),
        ("2001:db8:1:2:3::4", 24, 48, "2001:db8:1::"),
        ("2001:db8:1:2:3::4", 24, 128, "2001:db8:1:2:3::4"),
        ("2001:db8:1:2:3::4", 24, 0, "::"),
    ] {
        assert_eq!(truncate(ip(address), v4, v6), ip(expected));
    }
}

#[test]
fn a_key_file_is_whole_and_not_for_everybody() {
    let dir = TempDir::new().unwrap();
    let key_file = dir.path().join("key");
    let open = |text: &str, mode| {
        fs::write(&key_file, text).unwrap();
        fs::set_permissions(&key_file, Permissions::from_mode(mode)).unwrap();
        let key_file = key_file.clone();
        let form = SourcesForm::open(&Privacy::Anonymise { key_file });
        form.map(|form| form.name())
            .map_err(|error| format!("{error:#}"))
    };
    // The first digits of `xxd -r -p | sha256sum`.
    let name = "anonymised:3ef4b8b940095a0e".to_owned();
    assert_eq!(open(&format!("{SAMPLE_KEY}\n"), 0o600), Ok(name.clone()));
    assert_eq!(open(&SAMPLE_KEY.to_uppercase(), 0o440), Ok(name));
    let start = format!("the key file {} of [privacy]: ", key_file.display());
    for mode in [0o604, 0o602, 0o644] {
        let error = open(SAMPLE_KEY, mode).unwrap_err();
        let expected = format!("{start}is open to everybody (mode {mode:04o})");
        assert!(error.starts_with(&expected), "{error}");
    }
    for wrong in [
        "",
        &SAMPLE_KEY[1..],
        &format!("{SAMPLE_KEY}00"),
        "é",
        &"x".repeat(64),
    ] {
        let error = open(wrong, 0o600).unwrap_err();
        assert!(
            error.starts_with(&format!("{start}does not hold 64 hexa")),
            "{error}"
        );
    }
    let key_file = PathBuf::from("/nowhere/key");
    let missing = SourcesForm::open(&Privacy::Anonymise { key_file });
    assert!(format!("{:#}", missing.err().unwrap()).contains("cannot be opened"));
}
