"""Writes a file of the records anew, by DuckDB: rewrite.py FILE "SELECT … FROM file" [HASH FILE]

The hash beside a coverage file is renewed if it is given."""

import hashlib
import pathlib
import sys

import duckdb


def main(file, query, beside=None):
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    db.execute(f"CREATE TABLE file AS SELECT * FROM read_parquet('{file}', hive_partitioning = false)")
    db.execute(f"COPY ({query}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
    if beside:
        digest = hashlib.sha256(pathlib.Path(file).read_bytes()).hexdigest()
        pathlib.Path(beside).write_text(f"{digest}  {pathlib.Path(file).name}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
