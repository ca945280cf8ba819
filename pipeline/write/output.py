"""Output formats, and encoders for JSONL and CSV. Tables are encoded by column, not row by row."""

from __future__ import annotations

import io
import json
import math
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrays.arrow import as_strings, booleans, cast_to_strings, int64_column, integers, named, string
from pipeline.errors import InputError
from pipeline.messages import plain

FORMATS = ("table", "jsonl", "csv", "parquet")
MIXED_COLUMNS = "snippets and articles have different columns; use --articles or --sentences, or separate runs"
EVIDENCE = pa.large_list(pa.struct([("words", pa.large_string()), ("weight", pa.float64())]))
_STRINGS = pa.large_list(pa.large_string())
_TO_ESCAPE = r'["\\\x00-\x1f]'


def format_of(wanted: str | None, out: Path | None, terminal: bool) -> str:
    """The output format: ``wanted``, else by the file's suffix, else a table on a terminal and JSONL in a pipe.

    Raises `InputError` if the format is unknown or contradicts the suffix, or Parquet has no file.
    """
    if out is not None and out.is_dir():
        raise InputError(f"{out}: is a folder; name a file with --out")
    suffix = "" if out is None else out.suffix.lower().lstrip(".")
    if wanted is None:
        if out is None:
            return "table" if terminal else "jsonl"
        if suffix not in FORMATS:
            raise InputError(f"{out}: expected a name that ends in .jsonl, .csv or .parquet; rename it or set --format")
        return suffix
    if out is not None and wanted != "table" and suffix in set(FORMATS) - {wanted}:
        raise InputError(f"--format {wanted} contradicts the suffix of {out.name}; omit --format or rename the file")
    if wanted not in FORMATS:
        raise InputError(f"unknown output format {wanted!r}; expected one of {', '.join(FORMATS)} (--format)")
    if wanted == "parquet" and out is None:
        raise InputError("Parquet cannot be printed; name a file with --out")
    return wanted


def print_rows(batches: Iterable[tuple[bytes, list[str]]], kind: str) -> None:
    """Write encoded batches, each with its columns, to standard output as JSONL or CSV; flush after each batch.

    Raises `InputError` if there are no batches, or those of a CSV file differ in their columns.
    """
    file, columns, on_terminal = _buffered(sys.stdout), None, sys.stdout.isatty()
    for rows, names in batches:
        if kind == "csv" and columns is None:
            file.write(plain(csv_header(names).decode()).encode() if on_terminal else csv_header(names))
        if kind == "csv" and columns not in (None, names):
            raise InputError(MIXED_COLUMNS)
        columns = names
        file.write(plain(rows.decode()).encode() if on_terminal else rows)
        file.flush()
    if columns is None:
        raise InputError("expected at least one text, found none; give a text, a file or a folder")


def _buffered(stream: TextIO) -> BinaryIO:
    """The binary file of a stream. With PYTHONUNBUFFERED it would write only as much as there is room for, and say nothing; a
    pipe that does not wait is made to."""
    with suppress(OSError, ValueError):
        os.set_blocking(stream.fileno(), True)
    if isinstance(stream.buffer, io.RawIOBase):
        return open(stream.fileno(), "wb", closefd=False)
    return stream.buffer


def encoded(table: pa.Table, kind: str) -> bytes | pa.Table:
    """A batch for its writer: JSONL, CSV without a header, or the table; slow, so it runs in the thread that scores it."""
    return table.combine_chunks() if kind == "parquet" else json_lines(table) if kind == "jsonl" else _csv(table)


def csv_header(columns: list[str]) -> bytes:
    """The first line of a CSV file."""
    return (",".join('"' + name.replace('"', '""') + '"' for name in columns) + "\n").encode()


def json_lines(table: pa.Table) -> bytes:
    """A table as one JSON object per line.

    Examples
    --------
    >>> json_lines(pa.table({"id": ['a "b"'], "n": [2], "x": [0.5]}))
    b'{"id": "a \\\\"b\\\\"", "n": 2, "x": 0.5}\\n'
    """
    if not table.num_rows:
        return b""
    parts: list = []
    for index, name in enumerate(table.column_names):
        parts += [f"{', ' if index else '{'}{json.dumps(name)}: ", _json(table.column(name).combine_chunks())]
    return _bytes_of(_concatenated(*parts, "}\n"))


def _csv(table: pa.Table) -> bytes:
    """The rows of a table as CSV; evidence becomes one string, such as ``halted +1.20; aid -0.31``."""
    from pyarrow import csv

    for index, name in enumerate(table.column_names):
        cells = table.column(name).combine_chunks()
        if pa.types.is_nested(cells.type):
            table = table.set_column(index, name, _list_as_string(cells))
        elif pa.types.is_timestamp(cells.type):  # Arrow's writer fails in a zone that it does not know
            table = table.set_column(index, name, cast_to_strings(cells))
    buffer = pa.BufferOutputStream()
    csv.write_csv(table, buffer, csv.WriteOptions(include_header=False))
    return buffer.getvalue().to_pybytes()


def _list_as_string(cells: pa.Array) -> pa.Array:
    """Lists as strings: evidence as words with weights, strings joined, other types as JSON."""
    if cells.type == EVIDENCE:
        words, weight = cells.flatten().flatten()
        return _joined(cells, _concatenated(words, " ", _signed(weight)), "; ")
    if cells.type == _STRINGS:
        return _joined(cells, cells.flatten(), "; ")
    return _json(cells)


def _json(column: pa.Array) -> pa.Array:
    """Each value of a column as JSON, nulls as ``null``."""
    if column.type == _STRINGS:
        return _concatenated("[", _joined(column, _json(column.flatten()), ", "), "]")
    if column.type == EVIDENCE:
        words, weight = column.flatten().flatten()
        pairs = _concatenated('{"words": ', _json(words), ', "weight": ', _json(weight), "}")
        return _concatenated("[", _joined(column, pairs, ", "), "]")
    return pc.fill_null(_json_of_scalars(column), string("null"))


def _finite(value: Any) -> Any:
    """A nested value with None for numbers that JSON lacks: NaN and infinity."""
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _json_of_scalars(column: pa.Array) -> pa.Array:
    """Values of other types as JSON; null if missing or not representable, such as NaN."""
    if pa.types.is_nested(column.type):
        try:
            values = column.to_pylist()
        except ValueError as error:  # a struct with two fields of one name
            raise InputError(
                f"a column of {column.type} cannot be written as JSON: {error}; leave it out with --columns"
            ) from None
        return as_strings([json.dumps(_finite(value), ensure_ascii=False, default=str) for value in values])
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_finite(column), column, pa.nulls(1, column.type)[0])
        # Whole numbers keep a decimal point, so that readers that infer types from the first rows see floats.
        return pc.replace_substring_regex(column.cast(pa.large_string()), r"^(-?\d+)$", r"\1.0")
    if pa.types.is_integer(column.type) or pa.types.is_boolean(column.type):
        return column.cast(pa.large_string())
    written = _concatenated('"', _escaped(as_strings(column)), '"')
    return pc.if_else(column.is_valid(), written, pa.nulls(1, written.type)[0]) if column.null_count else written


def _escaped(column: pa.Array) -> pa.Array:
    """Strings escaped for use between JSON quotation marks."""
    to_escape = np.flatnonzero(booleans(pc.match_substring_regex(column, _TO_ESCAPE)))
    if not len(to_escape):
        return column
    written = column.to_pylist()
    for row in to_escape:
        written[row] = json.dumps(written[row], ensure_ascii=False)[1:-1]
    return as_strings(written)


def _concatenated(*parts: str | pa.Array) -> pa.Array:
    columns = (string(part) if isinstance(part, str) else part for part in (*parts, ""))
    return pc.binary_join_element_wise(*columns)


def _joined(lists: pa.Array, elements: pa.Array, separator: str) -> pa.Array:
    """Join each list to one string, with ``elements`` in place of the lists' own elements."""
    offsets = np.append(0, np.cumsum(integers(pc.list_value_length(lists))))
    return pc.binary_join(pa.LargeListArray.from_arrays(int64_column(offsets), elements), string(separator))


def _signed(weight: pa.Array) -> pa.Array:
    """Numbers with a sign and two decimals."""
    values = np.frombuffer(weight.buffers()[1], np.float64)[weight.offset : weight.offset + len(weight)]
    cents = np.round(np.abs(values) * 100).astype(np.int64)
    hundredths = tuple(f".{n:02}" for n in range(100))
    whole = int64_column(cents // 100).cast(pa.large_string())
    return _concatenated(named(values < 0, ("+", "-")), whole, named(cents % 100, hundredths))


def _bytes_of(column: pa.Array) -> bytes:
    """All strings of a column, concatenated."""
    offsets = np.frombuffer(column.buffers()[1], np.int64)[column.offset : column.offset + len(column) + 1]
    return column.buffers()[2][offsets[0] : offsets[-1]].to_pybytes()
