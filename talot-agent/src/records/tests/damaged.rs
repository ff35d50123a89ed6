//! Files that are not as they were written.

use sha2::{Digest as _, Sha256};

use super::*;
use crate::records::{Batches, closed, hex};

/// Cut at every byte, and one bit of every byte flipped.
fn damages(whole: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let cuts = (0..whole.len()).map(|length| whole[..length].to_vec());
    let flips = (0..whole.len()).map(|index| {
        let mut bytes = whole.to_vec();
        bytes[index] ^= 1 << (index % 8);
        bytes
    });
    cuts.chain(flips)
}

/// Another file of that name: one that is written over would be flushed to disk each time.
fn put(path: &Path, bytes: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Two points' closed days of two rows each.
fn two_closed_days(dir: &Path) {
    let rows = ["192.0.2.254", "2001:db8::1"]
        .map(|source| counted(Class::Access, Kind::Tcp, 23, Some(source), 1));
    let sections = ["osaka-1", "tokyo-1"].map(|point| section(day(), point, rows.to_vec()));
    let (mut journal, _) = journal_of(dir, [sections.to_vec()]);
    for point in ["osaka-1", "tokyo-1"] {
        close(dir, &journal, day(), point);
        journal.forget(day(), point).unwrap();
    }
}

/// How many rows a table of tokyo-1 has.
fn rows_of(batches: anyhow::Result<Batches<'static>>) -> Result<usize, String> {
    let rows = batches.and_then(|batches| {
        let rows = batches.map(|batch| Ok(batch?.num_rows()));
        rows.sum::<anyhow::Result<usize>>()
    });
    rows.map_err(|error| format!("{error:#}"))
}

#[test]
fn any_damage_of_a_closed_file_is_refused_by_name() {
    let dir = TempDir::new().unwrap();
    two_closed_days(dir.path());
    for (table, count) in [(Table::Sources, 2), (Table::Ports, 1), (Table::Coverage, 1)] {
        let path = layout::file(dir.path(), table, day(), "tokyo-1");
        let whole = fs::read(&path).unwrap();
        // That the hash is the one that the coverage record says, another test checks.
        let hash = hex(&Sha256::digest(&whole));
        let read = || rows_of(closed::read(table, &path, Some(Some(hash.clone()))));
        for damaged in damages(&whole) {
            put(&path, &damaged);
            let error = read().unwrap_err();
            assert!(error.contains(&path.display().to_string()), "{error}");
        }
        fs::write(&path, &whole).unwrap();
        assert_eq!(read(), Ok(count), "{table}");
    }
}

#[test]
fn any_damage_of_a_hash_is_refused_or_means_the_same() {
    let dir = TempDir::new().unwrap();
    two_closed_days(dir.path());
    let path = layout::coverage_hash(dir.path(), day(), "tokyo-1");
    let whole = fs::read(&path).unwrap();
    const HASH: usize = 64;
    for (n, damaged) in damages(&whole).enumerate() {
        put(&path, &damaged);
        let coverage = closed::batches(dir.path(), Table::Coverage, day(), "tokyo-1", true);
        let read = rows_of(coverage);
        // sha256sum takes a digit of either case too.
        let means_the_same = damaged.to_ascii_lowercase().get(..HASH) == Some(&whole[..HASH])
            && damaged.get(HASH).is_none_or(u8::is_ascii_whitespace);
        match read {
            Ok(rows) => assert_eq!((rows, means_the_same), (1, true), "damage {n}"),
            Err(error) => assert!(error.contains("tokyo-1"), "{error}"),
        }
    }
}

#[test]
fn what_is_damaged_does_not_keep_the_rest_from_being_exported() {
    let dir = TempDir::new().unwrap();
    two_closed_days(dir.path());
    let [osaka, tokyo] =
        ["osaka-1", "tokyo-1"].map(|point| layout::file(dir.path(), Table::Ports, day(), point));
    let (zone, manner) = (&TimeZone::UTC, Manner::PLAIN);
    let data_dir = dir.path();
    let export = Export {
        data_dir,
        zone,
        manner,
        verify: true,
    };
    let write = || {
        let mut out = Vec::new();
        let result = export.write(Table::Ports, None, Format::Csv, &mut out);
        let lines = String::from_utf8(out).unwrap().lines().count();
        (lines, result.map_err(|error| format!("{error:#}")))
    };
    assert_eq!(write(), (3, Ok(())));
    fs::write(&osaka, "damaged").unwrap();
    let (lines, result) = write();
    let error = result.unwrap_err();
    assert_eq!(lines, 2, "the header and the other point");
    assert!(error.contains(osaka.to_str().unwrap()), "{error}");
    assert!(!error.contains(tokyo.to_str().unwrap()), "{error}");
}

/// Was exported without the file, with success.
#[test]
fn an_export_without_a_damaged_file_of_the_journal_is_no_success() {
    let dir = TempDir::new().unwrap();
    let row = counted(Class::Access, Kind::Tcp, 23, Some("192.0.2.254"), 1);
    let drain = || vec![section(day(), "tokyo-1", vec![row])];
    let (_journal, _) = journal_of(dir.path(), [drain(), drain()]);
    let name = "00000000000000000001-00000000000000000001.drain";
    let path = dir.path().join("journal").join(name);
    let mut bytes = fs::read(&path).unwrap();
    bytes[20] ^= 1;
    fs::write(&path, bytes).unwrap();
    let error = try_export(dir.path(), Table::Ports, None, Format::Csv).unwrap_err();
    assert!(error.contains(name), "{error}");
}
