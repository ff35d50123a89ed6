//! Faults on demand, for tests: at every point at which something durable changes the agent can be
//! made to die, to stop, or to be refused. Compiled in only with the feature `failpoints`; without
//! it nothing here does anything.
//!
//! `TALOT_FAILPOINT=journal.fsync=kill@3,sources.write=enospc@2..5`: the point, what happens
//! there (`kill`, `stop`, `eio`, `enospc`), and at which of its hits: the third; the second to the
//! fifth; `@2..`: from the second on.

use std::{io, path::Path};

/// Every point there is. Those of files are made of what the file is for and of what is done to it
/// (see [`Operation`]); the file is known by its path.
pub const POINTS: &[&str] = &[
    "journal.create",
    "journal.write",
    "journal.fsync",
    "journal.rename",
    "journal.dirsync",
    "journal.delete",
    "merge.create",
    "merge.write",
    "merge.fsync",
    "merge.rename",
    "merge.dirsync",
    "merge.delete",
    "intent.create",
    "intent.write",
    "intent.fsync",
    "intent.rename",
    "intent.dirsync",
    "intent.delete",
    "sources.create",
    "sources.write",
    "sources.fsync",
    "sources.rename",
    "sources.dirsync",
    "ports.create",
    "ports.write",
    "ports.fsync",
    "ports.rename",
    "ports.dirsync",
    "coverage.create",
    "coverage.write",
    "coverage.fsync",
    "coverage.rename",
    "coverage.dirsync",
    "coverage-hash.create",
    "coverage-hash.write",
    "coverage-hash.fsync",
    "coverage-hash.rename",
    "coverage-hash.dirsync",
    "expiry.delete",
    "sorting.create",
    "sorting.write",
    "temporary.delete",
    "directory.create",
    "directory.dirsync",
    "clear.before",
    "clear.midst",
    "clear.after",
];

/// What is done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Its temporary is created.
    Create,
    /// Bytes are written.
    Write,
    /// It is fsynced.
    Fsync,
    /// It gets its name.
    Rename,
    /// The directory that has the name is fsynced.
    DirSync,
    /// It is deleted.
    Delete,
}

/// A point that is not a file's, such as `clear.before`.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub const fn hit(_: &str) {}

/// An operation on the file that has, or will have, this path.
///
/// # Errors
/// The one that was asked for.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub const fn file(_: Operation, _: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(feature = "failpoints")]
pub use armed::{file, hit};

#[cfg(feature = "failpoints")]
mod armed {
    use std::{
        env,
        ops::RangeInclusive,
        process,
        sync::{
            LazyLock,
            atomic::{AtomicU64, Ordering},
        },
    };

    use super::{Operation, POINTS, Path, io};

    const VARIABLE: &str = "TALOT_FAILPOINT";

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Action {
        Signal(i32),
        Error(i32),
    }

    struct Armed {
        point: &'static str,
        action: Action,
        hits: RangeInclusive<u64>,
        count: AtomicU64,
    }

    static ARMED: LazyLock<Vec<Armed>> = LazyLock::new(|| {
        let given = env::var(VARIABLE).unwrap_or_default();
        let items = given.split_terminator(',');
        items
            .map(|item| {
                parse(item).unwrap_or_else(|| {
                    // Before anything is done: a test that misspells a point tests nothing.
                    eprintln!("{VARIABLE}: {item:?} is not POINT=ACTION@HITS");
                    process::exit(2)
                })
            })
            .collect()
    });

    fn parse(item: &str) -> Option<Armed> {
        let (name, rest) = item.split_once('=')?;
        let (action, hits) = rest.split_once('@')?;
        let action = match action {
            "kill" => Action::Signal(libc::SIGKILL),
            "stop" => Action::Signal(libc::SIGSTOP),
            "eio" => Action::Error(libc::EIO),
            "enospc" => Action::Error(libc::ENOSPC),
            _ => return None,
        };
        let hits = match hits.split_once("..") {
            None => hits.parse().ok()?..=hits.parse().ok()?,
            Some((from, "")) => from.parse().ok()?..=u64::MAX,
            Some((from, to)) => from.parse().ok()?..=to.parse().ok()?,
        };
        Some(Armed {
            point: POINTS.iter().find(|point| **point == name)?,
            action,
            hits,
            count: AtomicU64::new(0),
        })
    }

    /// A point that is not a file's, such as `clear.before`.
    pub fn hit(point: &str) {
        // There is no error to give back.
        let _ = at(point);
    }

    /// An operation on the file that has, or will have, this path.
    ///
    /// # Errors
    /// The one that was asked for.
    pub fn file(operation: Operation, path: &Path) -> io::Result<()> {
        let word = match operation {
            Operation::Create => "create",
            Operation::Write => "write",
            Operation::Fsync => "fsync",
            Operation::Rename => "rename",
            Operation::DirSync => "dirsync",
            Operation::Delete => "delete",
        };
        at(&format!("{}.{word}", scope(operation, path)))
    }

    /// What a file is for.
    fn scope(operation: Operation, path: &Path) -> &'static str {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let lies_in = |folder: &str| path.components().any(|part| part.as_os_str() == folder);
        if lies_in("tmp") && name.starts_with("nameless") {
            "sorting"
        } else if name.ends_with(".json") && lies_in("closing") {
            "intent"
        } else if let Some(span) = name.strip_suffix(".drain") {
            match span.split_once('-') {
                Some((first, last)) if first == last => "journal",
                _ => "merge",
            }
        } else if lies_in("records") && path.extension().is_some() {
            match operation {
                Operation::Delete => "expiry",
                _ if name.ends_with(".sha256") => "coverage-hash",
                _ if lies_in("coverage") => "coverage",
                _ if lies_in("ports") => "ports",
                _ => "sources",
            }
        } else if operation == Operation::Delete {
            "temporary"
        } else {
            "directory"
        }
    }

    fn at(point: &str) -> io::Result<()> {
        if ARMED.is_empty() {
            return Ok(());
        }
        assert!(POINTS.contains(&point), "{point} is missing among POINTS");
        for armed in ARMED.iter().filter(|armed| armed.point == point) {
            let count = armed.count.fetch_add(1, Ordering::Relaxed) + 1;
            if !armed.hits.contains(&count) {
                continue;
            }
            eprintln!("failpoint {point}, hit {count}: {:?}", armed.action);
            match armed.action {
                // SAFETY: kill takes no pointers, and the process is this one.
                Action::Signal(signal) => unsafe {
                    libc::kill(libc::getpid(), signal);
                },
                Action::Error(number) => return Err(io::Error::from_raw_os_error(number)),
            }
        }
        Ok(())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn items_are_read() {
            let read = |item| parse(item).map(|armed| (armed.point, armed.action, armed.hits));
            assert_eq!(
                read("journal.fsync=kill@3"),
                Some(("journal.fsync", Action::Signal(libc::SIGKILL), 3..=3))
            );
            assert_eq!(
                read("sources.write=enospc@2..5"),
                Some(("sources.write", Action::Error(libc::ENOSPC), 2..=5))
            );
            assert_eq!(
                read("clear.midst=stop@1.."),
                Some(("clear.midst", Action::Signal(libc::SIGSTOP), 1..=u64::MAX))
            );
            for wrong in [
                "journal=kill@1",
                "journal.fsync=kill",
                "journal.fsync=die@1",
            ] {
                assert!(read(wrong).is_none(), "{wrong}");
            }
        }

        #[test]
        fn a_file_is_known_by_its_path() {
            let cases = [
                (
                    "/d/journal/00000000000000000007-00000000000000000007.drain",
                    "journal",
                ),
                (
                    "/d/journal/00000000000000000007-00000000000000000008.drain",
                    "merge",
                ),
                ("/d/closing/2026-11-21.records.json", "intent"),
                (
                    "/d/records/sources/day=2026-11-21/coverage.parquet",
                    "sources",
                ),
                ("/d/records/ports/day=2026-11-21/a.parquet", "ports"),
                ("/d/records/coverage/day=2026-11-21/a.parquet", "coverage"),
                (
                    "/d/records/coverage/day=2026-11-21/_a.sha256",
                    "coverage-hash",
                ),
                ("/d/records/coverage/day=2026-11-21", "directory"),
                ("/d/tmp/nameless.1.2", "sorting"),
                ("/d", "directory"),
            ];
            for (path, expected) in cases {
                assert_eq!(
                    scope(Operation::Create, Path::new(path)),
                    expected,
                    "{path}"
                );
            }
            let old = Path::new("/d/records/ports/day=2026-11-21/a.parquet");
            assert_eq!(scope(Operation::Delete, old), "expiry");
        }
    }
}
