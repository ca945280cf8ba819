"""Rows out: JSONL for programs, CSV and Parquet for tables; a file is written whole or not at all."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path

import pyarrow as pa

from pipeline.errors import InputError

FORMATS = ("table", "jsonl", "csv", "parquet")
_GROUP = 50_000  # rows of a Parquet row group


def format_of(wanted: str | None, out: Path | None, terminal: bool) -> str:
    """The output format: the one asked for, else by the file's suffix, else a table on a terminal and JSONL in a pipe."""
    if wanted is None:
        if out is None:
            return "table" if terminal else "jsonl"
        wanted = out.suffix.lower().lstrip(".")
    if wanted not in FORMATS:
        raise InputError(f"unknown output format {wanted!r}; expected one of {', '.join(FORMATS)} (--format)")
    if wanted == "parquet" and out is None:
        raise InputError("Parquet cannot be printed; name a file with --out")
    return wanted


def write(rows: Iterable[dict], kind: str, out: Path | None) -> int:
    """Write rows as JSONL, CSV or Parquet to a file or to standard output, and return their number."""
    if out is None:
        return _write_lines(rows, kind, sys.stdout.buffer)
    with _whole(out) as part:
        if kind == "parquet":
            return _write_parquet(rows, part)
        with part.open("wb") as file:
            return _write_lines(rows, kind, file)


@contextmanager
def _whole(out: Path) -> Iterator[Path]:
    """A neighbouring file that takes the name of ``out`` once it is complete."""
    if not out.parent.is_dir():
        raise InputError(f"{out}: no folder {out.parent}; make it first")
    part = out.with_name(f".{out.name}.part-{os.getpid()}")
    try:
        yield part
        os.replace(part, out)
    finally:
        part.unlink(missing_ok=True)


def _write_lines(rows: Iterable[dict], kind: str, file) -> int:
    if kind == "csv":
        return _write_csv(rows, file)
    number = 0
    for number, row in enumerate(rows, start=1):
        file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
        if file is sys.stdout.buffer and not number % 100:
            file.flush()
    file.flush()
    return number


def _write_csv(rows: Iterable[dict], file) -> int:
    from pyarrow import csv

    number = 0
    for table in _tables(rows, flat=True):
        csv.write_csv(table, file, csv.WriteOptions(include_header=number == 0))
        number += table.num_rows
    file.flush()
    return number


def _write_parquet(rows: Iterable[dict], path: Path) -> int:
    from pyarrow import parquet

    number, writer = 0, None
    try:
        for table in _tables(rows, flat=False):
            writer = writer or parquet.ParquetWriter(path, table.schema)
            writer.write_table(table)
            number += table.num_rows
    finally:
        if writer:
            writer.close()
    return number


def _tables(rows: Iterable[dict], flat: bool) -> Iterator[pa.Table]:
    """Arrow tables of up to `_GROUP` rows, all with the columns of the first row."""
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        raise InputError("nothing was scored; expected at least one text")
    schema = None
    rows = chain([first], rows)
    while group := list(islice(rows, _GROUP)):
        if any(row.keys() != first.keys() for row in group):
            raise InputError("snippets and articles do not fit in one table; score them apart, or use --sentences")
        table = pa.Table.from_pylist([flattened(row) if flat else row for row in group], schema=schema)
        schema = schema or table.schema
        yield table


def flattened(row: dict) -> dict:
    """A row whose evidence is one string, such as ``halted +1.20; aid -0.31``."""
    if "evidence" not in row:
        return row
    return row | {"evidence": "; ".join(f"{e['words']} {e['weight']:+.2f}" for e in row["evidence"])}
