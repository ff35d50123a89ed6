//! The closed files, of whatever bytes: `export` gives out what it reads, or says what is wrong.
//!
//! The first byte of an input chooses: bits 0 and 1 the table whose file the rest is, bits 2 and 3
//! the form of the export, bit 4 whether hashes are compared.
#![no_main]

mod scratch;

use std::{
    fs,
    panic::{self, Location},
    path::PathBuf,
    sync::{LazyLock, Once},
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use libfuzzer_sys::fuzz_target;
use scratch::Scratch;
use talot_agent::{
    journal::{Journal, Observation, Section, Tally},
    records::{Export, Format, Manner, Table, close_day},
};

const DAY: Date = jiff::civil::date(2026, 11, 21);
const POINT: &str = "fuzz";

/// The files of a closed day, in the order of the tables.
static SOUND: LazyLock<[Vec<u8>; 3]> = LazyLock::new(|| {
    let scratch = Scratch::new();
    let mut journal = Journal::open(scratch.path()).unwrap();
    let mut section = Section {
        day: DAY,
        point: POINT.to_owned(),
        tally: Tally::default(),
        observation: Observation::default(),
        rows: Vec::new(),
    };
    journal.append(std::slice::from_mut(&mut section)).unwrap();
    let (dir, drains) = (scratch.path(), journal.drains());
    let (zone, closed_at) = (TimeZone::UTC, Timestamp::UNIX_EPOCH);
    close_day(dir, &zone, drains, DAY, POINT, closed_at, Manner::PLAIN).unwrap();
    Table::ALL.map(|table| fs::read(file(&scratch, table)).unwrap())
});

fn file(scratch: &Scratch, table: Table) -> PathBuf {
    let folder = scratch.path().join("records").join(table.name());
    let folder = folder.join(format!("day={DAY}"));
    folder.join(format!("{POINT}.parquet"))
}

/// Panics of the Parquet library are caught and become errors; they end the run only if they get
/// as far as libFuzzer. All others end it at once.
fn let_parquet_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let abort = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let file = info.location().map_or("", Location::file);
            if !file.contains("/parquet-") && !file.contains("/arrow-") {
                abort(info);
            }
        }));
    });
}

fuzz_target!(|data: &[u8]| {
    let_parquet_panic();
    let Some((options, bytes)) = data.split_first() else {
        return;
    };
    let index = usize::from(options & 3) % Table::ALL.len();
    let format = match options >> 2 & 3 {
        0 => Format::Json,
        1 => Format::Parquet,
        _ => Format::Csv,
    };
    let scratch = Scratch::new();
    for (number, table) in Table::ALL.into_iter().enumerate() {
        let path = file(&scratch, table);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(
            path,
            if number == index {
                bytes
            } else {
                &SOUND[number]
            },
        )
        .unwrap();
    }
    let table = Table::ALL[index];
    let export = Export {
        data_dir: scratch.path(),
        zone: &TimeZone::UTC,
        manner: Manner::PLAIN,
        verify: options & 16 != 0,
    };
    let written = export.write(table, Some(DAY), format, &mut Vec::new());
    let is_sound = bytes == SOUND[index];
    if is_sound {
        written.expect("what was closed can be read");
    } else if export.verify && table != Table::Coverage {
        written.expect_err("what is not what was closed is refused");
    }
});
