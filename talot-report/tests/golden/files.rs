//! The files that are written, and those that lie there.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use datafusion::arrow::array::{ArrayRef, NullArray, RecordBatch};
use parquet::arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder};

use crate::{
    hand_made::make,
    support::{Report, fail, python, script, succeed},
};

/// Records of one access.
fn records(python: &Path, folder: &Path) -> PathBuf {
    let records = folder.join("records");
    make(
        python,
        &[("2011-07-01", "point-01", Some(&[(22, 1)]))],
        &records,
    );
    records
}

#[test]
fn files_of_an_earlier_report_are_taken_away_and_no_others() {
    let Some(python) = python("files_of_an_earlier_report_are_taken_away_and_no_others") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (records, out) = (records(&python, folder.path()), folder.path().join("out"));
    let mut report = Report::make("2011-07", &records, &out, &["--no-verify"]);
    let files = report.json["files"].as_array_mut().unwrap();
    assert!(files.iter().any(|file| file == "data/1-1.csv"), "{files:?}");
    for name in [
        "data/gone.csv",
        "sql/gone.sql",
        "../beside.csv",
        "notes.txt",
    ] {
        files.push(name.into());
    }
    fs::write(out.join("report.json"), report.json.to_string()).unwrap();
    let own = ["data/mine.csv", "../beside.csv", "notes.txt"];
    for name in own.into_iter().chain(["data/gone.csv", "sql/gone.sql"]) {
        fs::write(out.join(name), "x").unwrap();
    }
    Report::make("2011-07", &records, &out, &["--no-verify"]);
    for name in own {
        assert!(out.join(name).exists(), "{name}");
    }
    for name in ["data/gone.csv", "sql/gone.sql"] {
        assert!(!out.join(name).exists(), "{name}");
    }
    let hidden = |path: &Path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with('.')
    };
    for folder in ["", "data", "sql"] {
        let mut entries = fs::read_dir(out.join(folder)).unwrap();
        assert!(
            entries.all(|entry| !hidden(&entry.unwrap().path())),
            "{folder}"
        );
    }
}

#[test]
fn the_page_is_written_last() {
    let Some(python) = python("the_page_is_written_last") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (records, out) = (records(&python, folder.path()), folder.path().join("out"));
    // A folder in the place of a file: it cannot be written.
    fs::create_dir_all(out.join("report.json")).unwrap();
    let (from, to) = (records.to_str().unwrap(), out.to_str().unwrap());
    let arguments = [
        "month",
        "2011-07",
        "--records",
        from,
        "--out",
        to,
        "--no-verify",
    ];
    fail(&arguments, 1, "report.json");
    assert!(out.join("data/1-1.csv").exists() && !out.join("index.html").exists());
}

#[test]
fn a_bad_report_is_left_out_of_the_back_numbers() {
    let Some(python) = python("a_bad_report_is_left_out_of_the_back_numbers") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let records = records(&python, folder.path());
    let reports = folder.path().join("reports");
    Report::make(
        "2011-07",
        &records,
        &reports.join("2011 #7"),
        &["--no-verify"],
    );
    let index = ["index", "--out", reports.to_str().unwrap()];
    succeed(&index);
    fs::create_dir(reports.join("2011-06")).unwrap();
    fs::write(reports.join("2011-06/report.json"), "{").unwrap();
    fs::remove_file(reports.join("index.html")).unwrap();
    fail(&index, 1, "left out: ");
    fail(&index, 1, "2011-06/report.json is not a report");
    fail(
        &index,
        1,
        "one report is left out, see above; make it again",
    );
    let page = fs::read_to_string(reports.join("index.html")).unwrap();
    assert!(
        page.contains("2011%20%237/index.html") && !page.contains("2011-06"),
        "{page}"
    );
    fs::remove_dir_all(reports.join("2011 #7")).unwrap();
    fail(&index, 1, "there is no report");
}

/// Writes these columns as nulls without a type.
fn without_types(file: &Path, columns: &[&str]) {
    let bytes = fs::read(file).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).unwrap();
    let batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
    let untyped = |batch: &RecordBatch| {
        let schema = batch.schema();
        let names = schema.fields().iter().map(|field| field.name().as_str());
        let columns = names.zip(batch.columns()).map(|(name, column)| {
            let column: ArrayRef = match columns.contains(&name) {
                true => Arc::new(NullArray::new(batch.num_rows())),
                false => Arc::clone(column),
            };
            (name.to_owned(), column, true)
        });
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    };
    let batches: Vec<_> = batches.iter().map(untyped).collect();
    let to = fs::File::create(file).unwrap();
    let mut writer = ArrowWriter::try_new(to, batches[0].schema(), None).unwrap();
    for batch in &batches {
        writer.write(batch).unwrap();
    }
    writer.close().unwrap();
}

/// A column of nothing but nulls has no type in some writers' files.
#[test]
fn columns_of_nulls_need_no_type() {
    let Some(python) = python("columns_of_nulls_need_no_type") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let records = folder.path().join("records");
    let days = [
        ("2011-07-01", "point-01", Some(&[(22, 1)][..])),
        ("2011-07-02", "point-01", Some(&[(22, 1)][..])),
    ];
    make(&python, &days, &records);
    for (table, columns) in [
        (
            "coverage",
            &["country_database", "country_database_date", "asn_database"][..],
        ),
        ("sources", &["asn", "as_name"]),
        ("ports", &["sources_64"]),
    ] {
        let file = records.join(format!("{table}/day=2011-07-01/point-01.parquet"));
        without_types(&file, columns);
    }
    let out = folder.path().join("out");
    let report = Report::make("2011-07", &records, &out, &["--no-verify"]);
    assert!(
        report.json["problems"].as_array().unwrap().is_empty(),
        "{}",
        report.json["problems"]
    );
    let databases = report.figure("databases")["rows"].as_array().unwrap();
    assert_eq!(databases.len(), 2, "{databases:?}");
    let folders = [records.to_str().unwrap(), out.to_str().unwrap()];
    assert_eq!(script(&python, "recompute.py", &folders).trim(), "41");
}
