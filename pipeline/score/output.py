"""Rows out: JSONL for programs, CSV and Parquet for tables."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

import pyarrow as pa

from pipeline.errors import InputError
from pipeline.model.store import Model
from pipeline.score.inputs import Batch
from pipeline.score.rows import Asked, score_batch, score_table

FORMATS = ("table", "jsonl", "csv", "parquet")
_GROUP = 50_000  # rows of a CSV piece on standard output


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


def encode(model: Model, batch: Batch, asked: Asked, kind: str) -> tuple[bytes | pa.Table, list[str], int]:
    """The scored rows of a batch as they stand in a file, their columns and their number."""
    if kind == "jsonl":
        lines = [_line(row) for row in score_batch(model, batch, asked)]
        return b"".join(lines), [], len(lines)
    table = score_table(model, batch, asked)
    columns = table.column_names
    return (_csv(table) if kind == "csv" else table), columns, table.num_rows


def header(columns: list[str]) -> bytes:
    """The first line of a CSV file."""
    return (",".join(f'"{name}"' for name in columns) + "\n").encode()


def print_rows(rows: Iterable[dict], kind: str) -> int:
    """Write rows as JSONL or CSV to standard output as they come, and return their number."""
    file, number = sys.stdout.buffer, 0
    if kind == "csv":
        for number, table in _tables(rows):
            if number == table.num_rows:
                file.write(header(table.column_names))
            file.write(_csv(table))
    else:
        for number, row in enumerate(rows, start=1):
            file.write(_line(row))
            if not number % 100:
                file.flush()
    file.flush()
    return number


def _line(row: dict) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"


def _csv(table: pa.Table) -> bytes:
    """The rows of a table as CSV, evidence as one string, such as ``halted +1.20; aid -0.31``."""
    from pyarrow import csv

    if "evidence" in table.column_names:
        written = [
            "; ".join(f"{e['words']} {e['weight']:+.2f}" for e in cell) for cell in table.column("evidence").to_pylist()
        ]
        place = table.column_names.index("evidence")
        table = table.set_column(place, "evidence", pa.array(written, pa.string()))
    sink = pa.BufferOutputStream()
    csv.write_csv(table, sink, csv.WriteOptions(include_header=False))
    return sink.getvalue().to_pybytes()


def _tables(rows: Iterable[dict]) -> Iterator[tuple[int, pa.Table]]:
    """Arrow tables of up to `_GROUP` rows, all with the columns of the first row, with the number of rows so far."""
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        raise InputError("nothing was scored; expected at least one text")
    schema, number = None, 0
    rows = chain([first], rows)
    while group := list(islice(rows, _GROUP)):
        if any(row.keys() != first.keys() for row in group):
            raise InputError(UNLIKE)
        table = pa.Table.from_pylist(group, schema=schema)
        schema = schema or table.schema
        number += table.num_rows
        yield number, table


UNLIKE = "snippets and articles do not fit in one table; score them apart, or use --sentences"
