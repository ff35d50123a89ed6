//! The journal's files: whatever stands in them, they are read, or set aside as damaged.
//!
//! The first byte of an input chooses: bit 0: the rest is a file as it stands; else it is an index,
//! a zero byte and rows, of which a file with a right hash is made. Bit 1: the same file twice, so
//! that its figures are added up. Bit 2: the days are also closed. Bit 3: the file is merged with
//! others. Bits 4 and 5: the form of the export.
#![no_main]

mod scratch;

use std::fs;

use jiff::{
    Timestamp,
    civil::{Date, date},
    tz::TimeZone,
};
use libfuzzer_sys::fuzz_target;
use scratch::Scratch;
use sha2::{Digest as _, Sha256};
use talot_agent::{
    journal::{Journal, Observation, Section, Tally},
    records::{Export, Format, Manner, Table, close_day},
};

fuzz_target!(|data: &[u8]| {
    let Some((options, data)) = data.split_first() else {
        return;
    };
    let file = if options & 1 != 0 {
        data.to_vec()
    } else {
        sealed(data)
    };
    let scratch = Scratch::new();
    let journal = scratch.path().join("journal");
    fs::create_dir_all(&journal).unwrap();
    for number in 1..=1 + u64::from(options >> 1 & 1) {
        fs::write(journal.join(file_name(number)), &file).unwrap();
    }
    read(
        &scratch,
        Format::ALL[usize::from(options >> 4 & 3) % Format::ALL.len()],
    );
    write(&scratch, options & 8 != 0, options & 4 != 0);
});

fn file_name(number: u64) -> String {
    format!("{number:020}-{number:020}.drain")
}

/// A file of this index and these rows, whose hash is right.
fn sealed(data: &[u8]) -> Vec<u8> {
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let [index, rows] = [parts.next(), parts.next()].map(Option::unwrap_or_default);
    let length = (index.len() as u32).to_be_bytes();
    let mut file = [b"TALOTJNL\0\0\0\x01", rows, index, &length].concat();
    let hash = Sha256::digest(&file);
    file.extend(hash);
    file
}

/// Reads it as `export` does: to the end, or to an error.
fn read(scratch: &Scratch, format: Format) {
    let Ok(drains) = Journal::read_only(scratch.path()) else {
        return;
    };
    for (day, point) in drains.days() {
        let merged = drains
            .section(day, &point)
            .expect("a day of which there is something");
        if let Ok(rows) = merged.rows() {
            let _ = rows.take_while(Result::is_ok).count();
        }
    }
    let export = Export {
        data_dir: scratch.path(),
        zone: &TimeZone::UTC,
        manner: Manner::PLAIN,
        verify: true,
    };
    for table in Table::ALL {
        let _ = export.write(table, None, format, &mut Vec::new());
    }
}

/// Opens it as the agent does, and goes on with it.
fn write(scratch: &Scratch, merge: bool, close: bool) {
    let Ok(mut journal) = Journal::open(scratch.path()) else {
        return;
    };
    let before = journal.days();
    let mut section = Section {
        day: date(2026, 11, 21),
        point: "another".to_owned(),
        tally: Tally {
            seen: 1,
            ..Tally::default()
        },
        observation: Observation::default(),
        rows: Vec::new(),
    };
    // So many neighbouring files become one.
    for _ in 0..if merge { 16 } else { 1 } {
        let appended = journal.append(std::slice::from_mut(&mut section));
        appended.expect("a journal that goes on");
    }
    if close {
        for (day, point) in before {
            // A name that would lead elsewhere is none that the agent writes.
            if !point.contains(['/', '\0']) && close_one(scratch, &journal, day, &point) {
                journal.forget(day, &point).unwrap();
            }
        }
    }
    let after = journal.days();
    drop(journal);
    let again = Journal::open(scratch.path()).expect("a journal that was in order");
    assert!(after.is_subset(&again.days()), "what is there stays");
}

fn close_one(scratch: &Scratch, journal: &Journal, day: Date, point: &str) -> bool {
    let (zone, closed_at) = (TimeZone::UTC, Timestamp::UNIX_EPOCH);
    let drains = journal.drains();
    let closed = close_day(
        scratch.path(),
        &zone,
        drains,
        day,
        point,
        closed_at,
        Manner::PLAIN,
    );
    closed.is_ok()
}
