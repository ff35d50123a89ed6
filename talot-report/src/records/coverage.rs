//! What a coverage record says of itself and of its two tables.

use anyhow::{Context as _, Result, ensure};
use datafusion::arrow::{
    array::{Array as _, AsArray as _, RecordBatch},
    datatypes::{Int32Type, Int64Type},
};

use super::{
    DEFINITION,
    ports::{Class, MOST, Sum},
};

/// What decides how a point's day is read.
#[derive(Debug, Default)]
pub(super) struct Coverage {
    pub(super) ports_sha256: String,
    pub(super) sources_sha256: Option<String>,
    pub(super) sources_form: String,
    pub(super) is_maintenance: bool,
    pub(super) access: i64,
    pub(super) backscatter: i64,
    pub(super) stray: i64,
    pub(super) overflow: i64,
    /// The largest of its counts.
    pub(super) largest: i64,
}

const STATUS: [&str; 4] = ["full", "partial", "maintenance", "down"];

/// What may become of a packet: each has one of these.
const DISPOSITIONS: [&str; 9] = [
    "non_ip",
    "malformed",
    "link_control",
    "elsewhere",
    "excluded",
    "solicited",
    "backscatter",
    "stray",
    "access",
];

impl Coverage {
    /// Reads a coverage record, and checks that it is one, and of a day that can be.
    pub(super) fn of(record: &RecordBatch) -> Result<Self> {
        let rows = record.num_rows();
        ensure!(rows == 1, "it has {rows} rows instead of one");
        let definition = record
            .column_by_name("definition")
            .and_then(|column| column.as_primitive_opt::<Int32Type>())
            .filter(|column| column.is_valid(0))
            .map(|column| column.value(0))
            .context("it does not say by which definition it counts")?;
        ensure!(
            definition == DEFINITION,
            "it was counted by definition {definition}; this report knows {DEFINITION} only"
        );
        let is_maintenance = check_time(record)?;
        let coverage = Self {
            ports_sha256: text(record, "ports_sha256").context("it names no ports_sha256")?,
            sources_sha256: text(record, "sources_sha256"),
            sources_form: text(record, "sources_form").context("it has no sources_form")?,
            is_maintenance,
            access: count(record, "access")?,
            backscatter: count(record, "backscatter")?,
            stray: count(record, "stray")?,
            overflow: count(record, "overflow")?,
            largest: check_identity(record)?,
        };
        let (overflow, unsolicited) = (coverage.overflow, coverage.unsolicited());
        ensure!(
            overflow <= unsolicited,
            "{overflow} of {unsolicited} unsolicited packets found no room: no day is like that"
        );
        let is_lower_bound = boolean(record, "sources_lower_bound")?;
        ensure!(
            overflow == 0 || is_lower_bound,
            "{overflow} packets found no room, yet its sources are said to be no lower bound"
        );
        Ok(coverage)
    }

    /// Whether sources were written.
    pub(super) fn has_sources(&self) -> bool {
        self.sources_sha256.is_some() || self.sources_form != "none"
    }

    /// Whether they were written as they are.
    pub(super) fn is_plain(&self) -> bool {
        self.sources_form == "plain"
    }

    /// Checks what a file of `ports` adds up to.
    pub(super) fn check_ports(&self, sums: impl Iterator<Item = (Class, Sum)>) -> Result<()> {
        let (mut access, mut backscatter, mut stray, mut overflow) = (0_i64, 0_i64, 0_i64, 0_i64);
        for (class, sum) in sums {
            let packets = match class {
                Class::Access => &mut access,
                Class::Backscatter => &mut backscatter,
                Class::Stray => &mut stray,
            };
            *packets = packets.saturating_add(sum.packets);
            overflow = overflow.saturating_add(sum.overflow);
        }
        ensure!(
            (access, backscatter, stray) == (self.access, self.backscatter, self.stray),
            "it contradicts the coverage record: it holds {access} accesses, {backscatter} backscatter and {stray} strays, that \
             says {}, {} and {}",
            self.access,
            self.backscatter,
            self.stray
        );
        ensure!(
            overflow == self.overflow,
            "it contradicts the coverage record: {overflow} packets of it have no source, by that {}",
            self.overflow
        );
        Ok(())
    }

    /// Checks what a file of `sources` adds up to.
    pub(super) fn check_sources(&self, packets: i64) -> Result<()> {
        let keyed = self.unsolicited() - self.overflow;
        ensure!(
            packets == keyed,
            "it holds {packets} packets; by the coverage record {keyed} have a source"
        );
        Ok(())
    }

    fn unsolicited(&self) -> i64 {
        self.backscatter + self.stray + self.access
    }
}

/// Whether the day is one of maintenance, if its seconds and its status agree.
fn check_time(record: &RecordBatch) -> Result<bool> {
    let expected = integer(record, "expected_seconds")?;
    let observed = integer(record, "observed_seconds")?;
    let maintenance = integer(record, "maintenance_seconds")?;
    ensure!(
        (1..=93_600).contains(&expected) && (0..=expected).contains(&observed) && maintenance >= 0,
        "{observed} of {expected} seconds observed, {maintenance} of maintenance: no day is like that"
    );
    let status = text(record, "status").context("it has no status")?;
    ensure!(
        STATUS.contains(&status.as_str()),
        "the status `{status}` is unknown"
    );
    let meant = match (maintenance, observed) {
        (1.., _) => "maintenance",
        (_, observed) if observed == expected => "full",
        (_, 0) => "down",
        _ => "partial",
    };
    ensure!(
        status == meant,
        "{observed} of {expected} seconds observed, {maintenance} of maintenance: that is no day of status `{status}`"
    );
    Ok(status == "maintenance")
}

/// The largest of the counts, if each packet seen has one disposition.
fn check_identity(record: &RecordBatch) -> Result<i64> {
    let seen = count(record, "seen")?;
    let mut all = 0;
    for name in DISPOSITIONS {
        all += count(record, name)?;
    }
    ensure!(
        seen == all,
        "{seen} packets seen, but {all} that something became of: no day is like that"
    );
    let missed = count(record, "missed")?;
    let forgotten = count(record, "conversations_forgotten")?;
    Ok(seen.max(missed).max(forgotten))
}

fn count(record: &RecordBatch, column: &str) -> Result<i64> {
    let count = integer(record, column)?;
    ensure!(
        (0..=MOST).contains(&count),
        "its {column} is {count}: no day is like that"
    );
    Ok(count)
}

fn integer(record: &RecordBatch, column: &str) -> Result<i64> {
    record
        .column_by_name(column)
        .and_then(|values| values.as_primitive_opt::<Int64Type>())
        .filter(|values| values.is_valid(0))
        .map(|values| values.value(0))
        .with_context(|| format!("it has no {column}"))
}

fn boolean(record: &RecordBatch, column: &str) -> Result<bool> {
    record
        .column_by_name(column)
        .and_then(|values| values.as_boolean_opt())
        .filter(|values| values.is_valid(0))
        .map(|values| values.value(0))
        .with_context(|| format!("it has no {column}"))
}

fn text(record: &RecordBatch, column: &str) -> Option<String> {
    let values = record.column_by_name(column)?.as_string_view_opt()?;
    values.is_valid(0).then(|| values.value(0).to_owned())
}
