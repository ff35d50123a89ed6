//! Time zones of the tests' own, as TZif files (RFC 9636).

use std::time::UNIX_EPOCH;

/// Seconds since 1970.
///
/// # Panics
/// When the clock is before 1970.
pub fn now() -> i64 {
    let since = UNIX_EPOCH.elapsed().expect("a clock after 1970");
    i64::try_from(since.as_secs()).expect("a clock of this era")
}

/// The offset from UTC (seconds, east positive, within half a day) whose local midnight falls on
/// this moment.
pub const fn offset_of_midnight(moment: i64) -> i32 {
    let behind = (-moment).rem_euclid(86_400) as i32;
    if behind > 43_200 {
        behind - 86_400
    } else {
        behind
    }
}

/// A TZif file, version 2, of a zone with one fixed offset from UTC in seconds.
pub fn fixed(offset: i32) -> Vec<u8> {
    let mut file = block(offset);
    file.extend(block(offset));
    // POSIX counts west positive.
    let sign = if offset > 0 { '-' } else { '+' };
    let (seconds, minutes, hours) = (
        offset.abs() % 60,
        offset.abs() / 60 % 60,
        offset.abs() / 3600,
    );
    let footer = format!("\n<TLT>{sign}{hours:02}:{minutes:02}:{seconds:02}\n");
    file.extend(footer.bytes());
    file
}

/// One header and its data: no transitions, one local time type, one designation. Without
/// transitions the data of both versions is the same.
fn block(offset: i32) -> Vec<u8> {
    let designation = b"TLT\0";
    let mut block = Vec::from(b"TZif2");
    block.extend([0; 15]);
    for count in [0, 0, 0, 0, 1, designation.len() as u32] {
        block.extend(count.to_be_bytes());
    }
    block.extend(offset.to_be_bytes());
    block.extend([0, 0]);
    block.extend(designation);
    block
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::{run, text};
    use std::process::Command;

    #[test]
    fn date_reads_the_zone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("zone");
        // 2026-11-21T12:34:56Z, in the morning and in the evening of some other place.
        for (moment, clock) in [
            (1_795_264_496, "00:00:00 TLT"),
            (1_795_264_496 - 7, "00:00:07 TLT"),
            (1_795_264_496 - 25_205, "07:00:05 TLT"),
            (1_795_264_496 + 25_205, "16:59:55 TLT"),
        ] {
            std::fs::write(&file, fixed(offset_of_midnight(moment))).unwrap();
            let mut date = Command::new("date");
            date.env("TZ", format!(":{}", file.display()));
            let words = ["-d", "@1795264496", "+%H:%M:%S %Z"];
            let said = text(&run(date.args(words)).stdout);
            assert_eq!(said.trim(), clock, "midnight at {moment}");
        }
    }
}
