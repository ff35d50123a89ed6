use std::{fs, path::Path};

use jiff::Timestamp;

use super::{Config, mistakes, only_mistake, parse};

#[test]
fn broken_toml_is_named_with_its_lines() {
    only_mistake("a b = 1\n", "1: not TOML: ", "");
    only_mistake("timezone = 'UTC'\n\n[kernel\n", "3: not TOML: ", "");
    only_mistake("timezone = UTC\n", "1: not TOML: ", "");
    only_mistake("data_dir = \"\"\"\n\n", "2: not TOML: ", "");
    let found = mistakes("[drain]\ninterval = 10s\nday_memory = 1GiB\n");
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("2: not TOML: ") && found[1].starts_with("3: not TOML: "));
}

#[test]
fn a_key_given_twice_does_not_hide_the_rest() {
    let text = "[drain]\ninterval = '1s'\ninterval = '2s'\n[kernel]\nkeys = 0\n[drain]\n";
    let found = mistakes(text);
    assert_eq!(
        found,
        [
            "3: interval: given twice; allowed: once",
            "5: kernel.keys: 0 is out of range; allowed: an integer from 1 to 67108864",
            "6: drain: given twice; allowed: once",
        ]
    );
    let found = mistakes("x = {a = 1, a = 2, b = 1, b = 2}\nx = y\n");
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(found[2].starts_with("2: not TOML: "), "{found:?}");
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("talot.toml");
    let message = |file: &Path| Config::load(file).unwrap_err().to_string();

    let start = format!(
        "{}: cannot read the configuration: No such file",
        file.display()
    );
    assert!(message(&file).starts_with(&start), "{}", message(&file));

    let start = format!(
        "{}: cannot read the configuration: Is a dir",
        directory.path().display()
    );
    assert!(
        message(directory.path()).starts_with(&start),
        "{}",
        message(directory.path())
    );

    fs::write(&file, b"timezone = 'UTC'\n# caf\xe9\n").unwrap();
    let start = format!("{}:2: not UTF-8", file.display());
    assert!(message(&file).starts_with(&start), "{}", message(&file));
}

#[test]
fn paths_begin_at_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("talot.toml");
    // A TZif file of version 1 without transitions: always UTC+09:00, "JST".
    let mut zone = b"TZif\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    for count in [0u32, 0, 0, 0, 1, 4] {
        zone.extend(count.to_be_bytes());
    }
    zone.extend(32_400i32.to_be_bytes());
    zone.extend(b"\0\0JST\0");
    fs::create_dir(directory.path().join("zones")).unwrap();
    let zone_file = directory.path().join("zones/here");
    fs::write(&zone_file, &zone).unwrap();
    for name in ["zones/here", zone_file.to_str().unwrap()] {
        fs::write(&file, format!("timezone = '{name}'\ndata_dir = 'd'\n")).unwrap();
        let config = Config::load(&file).unwrap();
        assert_eq!(config.timezone.name, name);
        let epoch = config.timezone.zone.to_datetime(Timestamp::UNIX_EPOCH);
        assert_eq!(epoch.to_string(), "1970-01-01T09:00:00");
        assert_eq!(config.data_dir, directory.path().join("d"));
    }
    assert_eq!(
        parse("timezone = 'asia/tokyo'").unwrap().timezone.name,
        "Asia/Tokyo"
    );
}
