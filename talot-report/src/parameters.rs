//! What a report was asked for, as the tables that its queries read.

use std::{collections::BTreeSet, fmt::Write as _};

use datafusion::arrow::datatypes::DataType;
use jiff::{ToSpan as _, civil::Date};

use crate::{
    exclusion::Exclusion,
    month::Month,
    records::{Consequence, PointDay, Records, Table},
};

/// The days before the month that rising ports are compared with.
const BASELINE: i32 = 28;

/// What a report is about.
#[derive(Clone, Debug)]
pub struct Parameters {
    /// The month.
    pub month: Month,
    /// The first month of which there are records, or the month itself.
    pub first: Month,
    /// Days of points that do not count, and why.
    pub left_out: Vec<(Date, String, String)>,
    /// The files of each table that are read, below the folder of the records.
    pub files: [(Table, Vec<String>); 3],
    /// Days of points whose records were refused, and what is wrong with them.
    pub refused: Vec<(Date, String, String)>,
    /// Days of points whose sources were refused.
    pub without_sources: BTreeSet<(Date, String)>,
    /// Port types that are shown as one, under a name.
    pub port_groups: Vec<(String, String)>,
}

impl Parameters {
    /// Those of a month.
    pub fn new(
        month: Month,
        records: &Records,
        exclusions: &[Exclusion],
        port_groups: &[(String, String)],
    ) -> Self {
        let first = records
            .point_days
            .iter()
            .map(|day| Month::of(day.date))
            .min();
        let named = |consequence| {
            let of_days = records
                .problems
                .iter()
                .filter(move |problem| problem.consequence == consequence);
            of_days
                .filter_map(|problem| problem.date.zip(problem.point.clone()))
                .collect()
        };
        let mut left_out = Vec::new();
        for (date, point) in records.days() {
            let reasons: Vec<_> = exclusions
                .iter()
                .filter(|exclusion| exclusion.covers(date, point))
                .map(|exclusion| exclusion.reason.as_str())
                .collect();
            if !reasons.is_empty() {
                left_out.push((date, point.to_owned(), reasons.join("; ")));
            }
        }
        let owned =
            |(date, point, what): (_, &str, &str)| (date, point.to_owned(), what.to_owned());
        Self {
            month,
            first: first.unwrap_or(month).min(month),
            left_out,
            files: [Table::Sources, Table::Ports, Table::Coverage].map(|table| {
                let days = records.point_days.iter();
                let days = days.filter(|day| table != Table::Sources || day.sources.is_some());
                let file = |day: &PointDay| {
                    format!("{}/day={}/{}.parquet", table.name(), day.date, day.point)
                };
                (table, days.map(file).collect())
            }),
            refused: records.refused().map(owned).collect(),
            without_sources: named(Consequence::WithoutSources),
            port_groups: port_groups.to_vec(),
        }
    }

    /// The first day that the comparisons of ports look at.
    pub fn recent(&self) -> Date {
        recent(self.month)
    }

    /// The tables, as SQL.
    pub fn sql(&self) -> String {
        let mut sql = format!(
            "-- What the report of {} was asked for.\n\n-- Every day from the first record to the end of the month.\n",
            self.month.name()
        );
        let mut days = Vec::new();
        let mut day = self.first.first();
        while day <= self.month.last() {
            let month = Month::of(day);
            let ago = month.months_before(self.month);
            let baseline = i32::from(day < self.month.first() && day >= baseline(self.month));
            days.push(format!("(DATE '{day}', '{month}', {ago}, {baseline})"));
            day = day.saturating_add(1.day());
        }
        table(
            &mut sql,
            "calendar",
            "date, month, ago, baseline",
            &days,
            "",
        );
        let (from, until) = (self.recent(), self.month.last());
        for of in ["ports", "sources"] {
            let _ = write!(
                sql,
                "\nCREATE VIEW recent_{of} AS\nSELECT * FROM {of} WHERE date >= DATE '{from}' AND date <= DATE '{until}';\n"
            );
        }
        for (comment, name, columns, days) in [
            (
                "Days of points that the report leaves out by choice.",
                "left_out",
                "date, point, reason",
                &self.left_out,
            ),
            (
                "Days of points whose records were refused.",
                "refused",
                "date, point, what",
                &self.refused,
            ),
        ] {
            let _ = writeln!(sql, "\n-- {comment}");
            let rows = days.iter().map(|(date, point, why)| {
                format!("(DATE '{date}', {}, {})", quoted(point), quoted(why))
            });
            let none = "(DATE '1970-01-01', '', '')";
            table(&mut sql, name, columns, &rows.collect::<Vec<_>>(), none);
        }
        sql.push_str("\n-- Days of points whose sources could not be trusted.\n");
        let rows = self.without_sources.iter().map(point_day);
        let none = "(DATE '1970-01-01', '')";
        table(
            &mut sql,
            "without_sources",
            "date, point",
            &rows.collect::<Vec<_>>(),
            none,
        );
        sql.push_str("\n-- Port types that are shown as one.\n");
        let rows = self
            .port_groups
            .iter()
            .map(|(port_type, name)| format!("({}, {})", quoted(port_type), quoted(name)));
        table(
            &mut sql,
            "port_groups",
            "port_type, name",
            &rows.collect::<Vec<_>>(),
            "('', '')",
        );
        sql
    }

    /// The records, as views of DuckDB on the folder `records`.
    pub fn duckdb(&self) -> String {
        let mut sql = String::from(
            "-- The records that the report read, for DuckDB: run in the folder that holds `records`, or correct the paths.\n",
        );
        for (table, files) in &self.files {
            // Types are named, as a column of nulls may have none in its file.
            let columns = table.schema();
            let columns = columns.fields().iter().map(|field| {
                let (name, kind) = (field.name(), duckdb_type(field.data_type()));
                let value = if files.is_empty() { "NULL" } else { name };
                format!("CAST({value} AS {kind}) AS {name}")
            });
            let columns: Vec<_> = columns.collect();
            let (name, columns) = (table.name(), columns.join(", "));
            let _ = write!(sql, "\nCREATE VIEW {name} AS\nSELECT {columns}");
            if files.is_empty() {
                sql.push_str("\nWHERE 1 = 0;\n");
            } else {
                let files = files.iter().map(|file| quoted(&format!("records/{file}")));
                let files: Vec<_> = files.collect();
                let _ = writeln!(
                    sql,
                    "\nFROM read_parquet([\n    {}\n], hive_partitioning = false, union_by_name = true);",
                    files.join(",\n    ")
                );
            }
        }
        sql
    }
}

fn duckdb_type(of: &DataType) -> &'static str {
    match of {
        DataType::Date32 => "DATE",
        DataType::Int32 => "INTEGER",
        DataType::Int64 => "BIGINT",
        DataType::Boolean => "BOOLEAN",
        DataType::Timestamp(..) => "TIMESTAMPTZ",
        _ => "VARCHAR",
    }
}

/// The ports in focus, as the table that the queries read.
pub fn focus_sql(focus: &[String]) -> String {
    let mut sql = String::from("-- The ports in focus.\n");
    let rows = focus.iter().enumerate();
    let rows = rows.map(|(place, port)| format!("({}, {})", place + 1, quoted(port)));
    table(
        &mut sql,
        "focus_ports",
        "place, port",
        &rows.collect::<Vec<_>>(),
        "(0, '')",
    );
    sql
}

/// The first day that the comparisons of ports look at.
pub fn recent(month: Month) -> Date {
    let before = month.back(1).unwrap_or(month).first();
    before.min(baseline(month))
}

fn baseline(month: Month) -> Date {
    month.first().saturating_sub(BASELINE.days())
}

fn point_day((date, point): &(Date, String)) -> String {
    format!("(DATE '{date}', {})", quoted(point))
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A table of these rows; of the types of `none` if there are no rows.
fn table(sql: &mut String, name: &str, columns: &str, rows: &[String], none: &str) {
    let (values, only) = if rows.is_empty() {
        (none.to_owned(), " WHERE 1 = 0")
    } else {
        (rows.join(",\n    "), "")
    };
    let _ = write!(
        sql,
        "CREATE TABLE {name} AS\nSELECT * FROM (VALUES\n    {values}\n) AS t({columns}){only};\n"
    );
}
