//! The names of the scanners' fingerprints.

use std::fmt::{self, Write};

/// The name of each bit of a row's marks, from bit 0 on; sorted.
pub const MARKS: [&str; 3] = ["masscan", "mirai", "zmap"];

/// Writes the names of the bits, joined by commas.
pub(super) fn write(bits: u8, out: &mut impl Write) -> fmt::Result {
    let mut separator = "";
    for (bit, name) in MARKS.iter().enumerate() {
        if bits >> bit & 1 == 1 {
            write!(out, "{separator}{name}")?;
            separator = ",";
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_joined_by_commas() {
        let expected = [
            "",
            "masscan",
            "mirai",
            "masscan,mirai",
            "zmap",
            "masscan,zmap",
            "mirai,zmap",
            "masscan,mirai,zmap",
        ];
        for (bits, expected) in (0..8).zip(expected) {
            let mut names = String::new();
            write(bits, &mut names).unwrap();
            assert_eq!(names, expected);
        }
    }
}
