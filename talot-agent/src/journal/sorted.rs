//! Rows that come in another order than that of their keys.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
    sync::Arc,
};

use anyhow::{Context as _, Result};

use super::{
    Rows,
    file::DrainFile,
    packed::{LEN, Packed},
    rows::Part,
    span::Span,
};
use crate::{
    durable,
    failpoint::{self, Operation},
    row::Row,
};

/// Rows that are sorted in memory: 12 MiB. So many rows need a buffer of 48 KiB later.
const RUN: usize = 1 << 18;

/// Rows in the order of their keys, those of the same key as one. Needs little memory, and for as
/// long as they are read a file of their size on the file system of `tmp_dir`.
///
/// # Errors
/// When a row cannot be had, or the file not be written.
pub fn sorted(rows: impl Iterator<Item = Result<Row>>, tmp_dir: &Path) -> Result<Rows> {
    sorted_by_runs(rows, tmp_dir, RUN)
}

pub(super) fn sorted_by_runs(
    mut rows: impl Iterator<Item = Result<Row>>,
    tmp_dir: &Path,
    run: usize,
) -> Result<Rows> {
    let file = durable::nameless(tmp_dir)?;
    let mut lengths = Vec::new();
    let mut out = BufWriter::with_capacity(1 << 16, &file);
    let mut packed = Vec::new();
    loop {
        packed.clear();
        for row in rows.by_ref().take(run) {
            packed.push(Packed::new(&row?));
        }
        if packed.is_empty() {
            break;
        }
        packed.sort_unstable();
        let written = failpoint::file(Operation::Write, Path::new("tmp/nameless"))
            .and_then(|()| packed.iter().try_for_each(|row| out.write_all(&row.0)));
        written.with_context(|| writing(tmp_dir))?;
        lengths.push(packed.len() as u64);
    }
    out.flush().with_context(|| writing(tmp_dir))?;
    drop(out);
    Rows::new(&parts(file, tmp_dir, &lengths))
}

fn parts(file: File, tmp_dir: &Path, lengths: &[u64]) -> Vec<Part> {
    let file = Arc::new(DrainFile {
        span: Span::one(0),
        path: tmp_dir.to_owned(),
        file,
        marks: Vec::new(),
        entries: Vec::new(),
    });
    let mut offset = 0;
    let part = |rows: &u64| {
        let part = Part::at(&file, offset, *rows);
        offset += rows * LEN as u64;
        part
    };
    lengths.iter().map(part).collect()
}

fn writing(tmp_dir: &Path) -> String {
    format!("sorting by means of a file in {}", tmp_dir.display())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        journal::model::{Random, random_row},
        row::RowKey,
    };

    #[test]
    fn rows_come_in_order_and_each_key_once() {
        let dir = tempfile::tempdir().unwrap();
        let mut random = Random(3);
        for (count, run) in [(0, 4), (1, 4), (4, 4), (5, 4), (3000, 64), (3000, 1 << 18)] {
            let rows: Vec<Row> = (0..count).map(|_| random_row(&mut random)).collect();
            let mut expected = BTreeMap::<RowKey, Row>::new();
            for row in &rows {
                let sum = expected.entry(row.key);
                sum.and_modify(|sum| sum.absorb(row)).or_insert(*row);
            }
            let sorted = sorted_by_runs(rows.into_iter().map(Ok), dir.path(), run).unwrap();
            assert_eq!(dir.path().read_dir().unwrap().count(), 0, "it has no name");
            let sorted: Vec<Row> = sorted.map(Result::unwrap).collect();
            assert_eq!(sorted, expected.into_values().collect::<Vec<_>>());
        }
    }
}
