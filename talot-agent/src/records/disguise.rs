//! The rows of `sources`, from those of the journal: with the source as it is to be written, and
//! beside it the address by which it is looked up.

use std::{
    iter::{self, Peekable},
    net::IpAddr,
    path::Path,
};

use anyhow::Result;

use crate::{
    journal::{self, Rows},
    privacy::{SourcesForm, truncate},
    row::{Row, RowKey},
};

/// A row, and the address whose country and network it has.
pub(super) type Disguised = (Row, IpAddr);
type Stream<'a> = Box<dyn Iterator<Item = Result<Disguised>> + 'a>;

/// The rows in the order of the table, each key once; overflow, which has no source, is left out.
/// Needs little memory; pseudonyms, whose order is another, a file beside `tmp_dir`'s.
pub(super) fn disguise<'a>(
    rows: Rows,
    form: &'a SourcesForm,
    tmp_dir: &Path,
) -> Result<Stream<'a>> {
    Ok(match form {
        SourcesForm::Plain => Box::new(with_source(rows)),
        SourcesForm::None => Box::new(iter::empty()),
        SourcesForm::Truncated { v4, v6 } => {
            let truncated = with_source(rows).map(|row| {
                let (row, source) = row?;
                Ok((named(row, truncate(source, *v4, *v6)), source))
            });
            let mut truncated = truncated.peekable();
            Box::new(iter::from_fn(move || merge_next(&mut truncated)))
        }
        SourcesForm::Anonymised { pseudonyms, .. } => {
            let anonymised = with_source(rows).map(|row| {
                let (row, source) = row?;
                Ok(named(row, pseudonyms.anonymise(source)))
            });
            let sorted = journal::sorted(anonymised, tmp_dir)?;
            Box::new(with_source(sorted).map(|row| {
                let (row, pseudonym) = row?;
                Ok((row, pseudonyms.restore(pseudonym)))
            }))
        }
    })
}

fn with_source(rows: Rows) -> impl Iterator<Item = Result<Disguised>> {
    rows.filter_map(|row| match row {
        Ok(row) => row.key.source.map(|source| Ok((row, source))),
        Err(error) => Some(Err(error)),
    })
}

fn named(row: Row, source: IpAddr) -> Row {
    let key = RowKey {
        source: Some(source),
        ..row.key
    };
    Row { key, ..row }
}

/// The next truncated source: truncating keeps the order, so its addresses come one after the
/// other. It has the origin of the one that sent most, the lowest of those.
fn merge_next(
    rows: &mut Peekable<impl Iterator<Item = Result<Disguised>>>,
) -> Option<Result<Disguised>> {
    let (mut sum, mut origin) = match rows.next()? {
        Ok(first) => first,
        Err(error) => return Some(Err(error)),
    };
    let (key, mut most) = (sum.key, sum.packets);
    let is_same = |next: &Result<Disguised>| matches!(next, Ok((row, _)) if row.key == key);
    while let Some(Ok((row, source))) = rows.next_if(is_same) {
        if row.packets > most {
            (most, origin) = (row.packets, source);
        }
        sum.absorb(&row);
    }
    Some(Ok((sum, origin)))
}
