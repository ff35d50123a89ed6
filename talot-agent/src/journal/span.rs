//! Which drains a file of the journal holds, and how its name says so.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

const EXTENSION: &str = ".drain";
const DIGITS: usize = 20;

/// Sequence numbers of the first and the last drain in a file. Ordered by the first; of those with
/// the same first, the longest comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first: u64,
    pub(super) last: u64,
}

impl Span {
    pub(super) const fn one(number: u64) -> Self {
        Self {
            first: number,
            last: number,
        }
    }

    pub(super) fn file_name(self) -> String {
        let Self { first, last } = self;
        format!("{first:0DIGITS$}-{last:0DIGITS$}{EXTENSION}")
    }

    fn parse(file_name: &str) -> Option<Self> {
        let (first, last) = file_name.strip_suffix(EXTENSION)?.split_once('-')?;
        let span = Self {
            first: first.parse().ok()?,
            last: last.parse().ok()?,
        };
        (span.first <= span.last && span.file_name() == file_name).then_some(span)
    }

    pub(super) const fn contains(self, other: Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }

    /// How many times its drains were merged: each time multiplies them by about `fan_in`.
    pub(super) const fn tier(self, fan_in: u64) -> u32 {
        (self.last - self.first).saturating_add(1).ilog(fan_in)
    }
}

impl PartialOrd for Span {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Span {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.first
            .cmp(&other.first)
            .then(other.last.cmp(&self.last))
    }
}

/// The files of a directory that claim to belong to the journal.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listing {
    /// Those whose name is right, sorted by their span.
    pub(super) named: Vec<(Span, PathBuf)>,
    pub(super) misnamed: Vec<PathBuf>,
}

/// Lists a directory. One that is not there has no files.
pub(super) fn list(dir: &Path) -> Result<Listing> {
    let mut listing = Listing::default();
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(listing),
        entries => entries.with_context(|| format!("listing {}", dir.display()))?,
    };
    for entry in entries {
        let path = entry
            .with_context(|| format!("listing {}", dir.display()))?
            .path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match Span::parse(&name) {
            Some(span) => listing.named.push((span, path)),
            None if name.ends_with(EXTENSION) => listing.misnamed.push(path),
            None => {}
        }
    }
    listing.named.sort();
    Ok(listing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_the_span_and_nothing_else_does() {
        let span = Span {
            first: 7,
            last: 123,
        };
        let name = "00000000000000000007-00000000000000000123.drain";
        assert_eq!(span.file_name(), name);
        assert_eq!(Span::parse(name), Some(span));
        let backwards = "00000000000000000008-00000000000000000007.drain";
        let too_large = "00000000000000000007-99999999999999999999.drain";
        for wrong in [
            "7-123.drain",
            "lock",
            "x-y.drain",
            backwards,
            too_large,
            &name[..46],
        ] {
            assert_eq!(Span::parse(wrong), None, "{wrong}");
        }
        let all = Span {
            first: 0,
            last: u64::MAX,
        };
        assert_eq!(Span::parse(&all.file_name()), Some(all));
        assert_eq!(all.tier(16), 15);
    }

    #[test]
    fn a_longer_span_comes_before_those_inside_it() {
        let [long, short] = [Span { first: 1, last: 9 }, Span { first: 1, last: 8 }];
        assert!(long < short && short < Span::one(2));
        assert!(long.contains(short) && !short.contains(long));
        assert_eq!(
            [Span::one(5).tier(16), Span { first: 1, last: 16 }.tier(16)],
            [0, 1]
        );
    }
}
