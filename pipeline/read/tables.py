"""Read tables of any format in batches or as a whole; errors name the row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Sized
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrays.arrow import as_strings, int64_column, string
from pipeline.errors import InputError, first_line
from pipeline.read.bounds import too_large
from pipeline.read.columnar import parquet_columns, read_parquet
from pipeline.read.dialects import dialect
from pipeline.read.feeds import FEED_COLUMNS, read_feed_entries
from pipeline.read.jsonl import json_columns, read_json_array, read_jsonl
from pipeline.read.mail import MAIL_COLUMNS, read_mailbox
from pipeline.read.office import office_columns, read_office
from pipeline.read.rows import SHOWN, Choose, Reject, Rows
from pipeline.read.separated import header, read_separated
from pipeline.read.source import COMPRESSED, Source, Written, on_disk, suffix_of, watched

TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".json", ".parquet", ".xlsx", ".dta")
FEED_SUFFIXES = (".rss", ".atom", ".xml", ".mbox")  # tables of articles
TABULAR = (*TABLE_SUFFIXES, *FEED_SUFFIXES)
TEXT_COLUMNS = ("text", "sentence", "headline", "snippet", "phrase")
T = TypeVar("T", bound=Sized)
_ARRAY = re.compile(rb"\s*\[\s*[{\]]")
ONE_COLUMN = "; if another mark separates the columns, name it with --delimiter"
# Spellings of a missing value.
NO_TEXT = tuple("NA <NA> N/A n/a #N/A #NA NaN nan NaT NULL null None".split())


def is_table(path: PurePath) -> bool:
    """Return whether a file name is that of a table, compressed or not (Parquet has its own compression)."""
    suffix = suffix_of(path)
    return suffix in TABLE_SUFFIXES and (suffix != ".parquet" or path.suffix.lower() == ".parquet")


def read_rows(source: Source, choose: Choose, delimiter: str | None = None) -> Iterator[Rows]:
    """Yield the rows of a table in batches.

    Raises `InputError` if the file is empty, in another format, or lacks a column.

    ``choose``: selects the columns to read from those of the table or sheet. ``delimiter``: delimiter of a CSV or TSV
    file; None to detect it from the header.
    """
    suffix, seen = source.suffix, False
    try:
        for rows in _rows(source, suffix, choose, delimiter):
            seen = seen or rows.read > 0
            yield _bounded(rows, source.address)
    except (pa.ArrowException, OSError, EOFError) as error:
        raise InputError(f"{source.address}: cannot be read as {suffix[1:].upper()}: {first_line(error)}") from None
    if not seen:
        raise InputError(f"{source.address}: expected at least one row under the header, found none")


def _rows(source: Source, suffix: str, choose: Choose, delimiter: str | None) -> Iterator[Rows]:
    if suffix in (".csv", ".tsv"):
        return read_separated(source, dialect(source, delimiter), choose)
    if suffix in (".jsonl", ".json"):
        return (read_json_array if _is_array(source) else read_jsonl)(source, choose)
    readers = {".parquet": read_parquet, ".xlsx": read_office, ".dta": read_office, ".mbox": read_mailbox}
    return readers.get(suffix, read_feed_entries)(source, choose)


def _bounded(rows: Rows, address: str) -> Rows:
    """Move rows with a text over the size limit to the rejects."""
    over: dict[int, Reject] = {}
    for column in rows.columns.values():
        for row, why in too_large(column).items() if pa.types.is_large_string(column.type) else ():
            over[row] = Reject(address, int(rows.numbers[row]), why, column[row].as_py()[:SHOWN])
    if not over:
        return rows
    left = np.setdiff1d(np.arange(len(rows.numbers)), list(over))
    columns = {name: cells.take(int64_column(left)) for name, cells in rows.columns.items()}
    rejects = sorted([*rows.rejects, *over.values()], key=lambda reject: reject.row)
    return replace(rows, columns=columns, numbers=rows.numbers[left], rejects=rejects)


def table_columns(source: Source, delimiter: str | None = None, choose: Choose = list) -> dict[str, pa.DataType]:
    """Return the columns to read and their types, detected from the start of the table.

    Raises `InputError`, `pyarrow.ArrowException` or `OSError` if the table cannot be read.
    """
    suffix = source.suffix
    if suffix in (".csv", ".tsv"):
        return dict.fromkeys(header(source, dialect(source, delimiter), choose), pa.large_string())
    if suffix in (".xlsx", ".dta"):
        return dict.fromkeys(office_columns(source, choose), pa.large_string())
    if suffix in FEED_SUFFIXES:
        types = dict.fromkeys(MAIL_COLUMNS if suffix == ".mbox" else FEED_COLUMNS, pa.large_string())
    elif suffix == ".parquet":
        types = parquet_columns(source)
    elif _is_array(source):
        types = {name: column.type for name, column in next(read_rows(source, list)).columns.items()}
    else:
        types = json_columns(source)
    return {name: types[name] for name in choose(list(types))}


def _is_array(source: Source) -> bool:
    return _ARRAY.match(source.peek()) is not None


def read_table(path: str | Path, choose: Choose = list) -> pa.Table:
    """Read a whole table; a row that cannot be read is an error. See `read_numbered`."""
    return read_numbered(path, choose)[0]


def read_numbered(
    path: str | Path, choose: Choose = list, written: Written = Written(), rejects: list[Reject] | None = None
) -> tuple[pa.Table, np.ndarray]:
    """Read a whole table and the row numbers in the file (`Rows.numbers`).

    Compression, and the encoding and delimiter that ``written`` leaves out, are detected (`pipeline.read.source`).

    Raises `InputError` if the file is missing, empty or in another format, no row can be read, or one cannot and
    ``rejects`` is None.

    ``choose``: selects the columns to read; all by default. ``rejects``: list to which rows that cannot be read are
    added; None to raise an error for the first of them.
    """
    path, found = Path(path), []
    require_table(path)
    parts, numbers = [], []
    with watched(path):
        for rows in read_rows(on_disk(path, written.encoding), alike(choose), written.delimiter):
            found += rows.rejects
            parts.append(pa.table(rows.columns))
            numbers.append(rows.numbers)
            if found and rejects is None:
                raise InputError(f"{found[0].said}; correct it")
    if rejects is not None:
        rejects += found
    return require_rows(pa.concat_tables(parts), path, found), np.concatenate(numbers)


def require_table(path: Path, suffixes: Sequence[str] = TABULAR) -> None:
    """Raise `InputError` if the file name is not that of a table."""
    if not path.is_dir() and suffix_of(path) not in suffixes:
        raise unreadable(path, suffixes)


def unreadable(path: Path | str, suffixes: Sequence[str]) -> InputError:
    """Return the error for a file of an unsupported type."""
    kinds = f"{', '.join(suffixes)}, all but Parquet also with {' or '.join(COMPRESSED)}"
    return InputError(f"{path}: cannot read {PurePath(path).suffix or 'these'} files; expected {kinds}")


def require_rows(table: T, path: Path, rejects: Sequence[Reject]) -> T:
    """Return the table; raises `InputError` with the first reason if it has no readable rows."""
    if len(table):
        return table
    why = f"; first error in row {rejects[0].row}: {rejects[0].reason}" if rejects else ""
    raise InputError(f"{path}: expected at least one readable row, found none{why}")


def alike(choose: Choose = list) -> Choose:
    """Return a column choice for reading a workbook as one table.

    It raises `InputError` if a sheet lacks a column of the first.
    """
    first: list[str] = []

    def chosen(names: list[str]) -> list[str]:
        first[:] = first or choose(names)
        if missing := [name for name in first if name not in names]:
            raise InputError(f"no column {missing[0]!r}, but the first sheet has one")
        return first

    return chosen


def having(named: Sequence[str], path: str | Path) -> Choose:
    """Return a column choice: all columns; it raises `InputError` if a named one is not among them."""

    def chosen(names: list[str]) -> list[str]:
        for name in named:
            column_of(names, name, (), path)
        return names

    return chosen


def plain_names(names: Sequence[str]) -> dict[str, str]:
    """Map column names in lower case, without surrounding spaces, to the names; of duplicates, the first is used."""
    return {name.strip().lower(): name for name in reversed(names)}


def column_of(names: list[str], wanted: str | None, usual: tuple[str, ...], path: str | Path) -> str:
    """Return the name of the requested column, or of the first usual one; raises `InputError` if the table lacks it."""
    hint = ONE_COLUMN if len(names) == 1 and suffix_of(PurePath(path)) in (".csv", ".tsv") else ""
    plain = plain_names(names)
    known = plain | {name: name for name in names}
    if wanted is not None:
        if (found := known.get(wanted, plain.get(wanted.lower()))) is not None:
            return found
        raise InputError(f"{path}: no column {wanted!r}; the file has {', '.join(names)}{hint}")
    for name in usual:
        if name in known:
            return known[name]
    raise InputError(
        f"{path}: expected a column named {' or '.join(usual)}, found {', '.join(names) or 'none'}; "
        f"name yours with {'--date-column' if 'date' in usual else '--text-column'}{hint}"
    )


def texts_of(column: pa.Array) -> pa.Array:
    """Return a column of texts; null and the spellings of missing values (`NO_TEXT`) become the empty string.

    Examples
    --------
    >>> texts_of(pa.array(["Talks resume", "NA", "<NA>", None])).to_pylist()
    ['Talks resume', '', '', '']
    """
    column = as_strings(column)
    absent = pc.is_in(column, value_set=as_strings(NO_TEXT))
    return pc.if_else(absent, string(""), column) if pc.any(absent).as_py() else column
