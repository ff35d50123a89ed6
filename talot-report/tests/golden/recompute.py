"""Computes every CSV of a report again, by DuckDB: recompute.py RECORDS REPORT

Runs the report's own sql/ files, unchanged, and compares what DuckDB answers with data/*.csv, value by value.
"""

import csv
import os
import pathlib
import sys
import tempfile

import duckdb

SHARED = ["records-duckdb", "shared"]


def shown(value):
    if value is None:
        return ""
    if isinstance(value, (int, str)) and not isinstance(value, bool):
        return str(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise SystemExit(f"a query answers {value!r}: neither integer, text nor day")


def main(records, report):
    report = pathlib.Path(report).absolute()
    records = pathlib.Path(records).absolute()
    db = duckdb.connect()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.symlink(records, "records")
        for name in SHARED:
            db.execute((report / "sql" / f"{name}.sql").read_text())
        compared = 0
        for query in sorted((report / "sql").glob("*.sql")):
            if query.stem in SHARED:
                continue
            answer = db.execute(query.read_text())
            columns = [column[0] for column in answer.description]
            ours = [[shown(value) for value in row] for row in answer.fetchall()]
            with open(report / "data" / f"{query.stem}.csv", newline="") as file:
                theirs = list(csv.reader(file))
            if [columns, *ours] != theirs:
                pairs = zip([columns, *ours], theirs)
                first = next((pair for pair in pairs if pair[0] != pair[1]), (len(ours) + 1, len(theirs)))
                raise SystemExit(f"{query.stem}: DuckDB and the report differ: {first[0]} and {first[1]}")
            compared += 1
        print(compared)


if __name__ == "__main__":
    main(*sys.argv[1:])
