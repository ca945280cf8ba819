"""Tables of every format: a stream of rows, or the stream put together; every fault names its row."""

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
from pipeline.read.feeds import FEED_COLUMNS, read_feed_entries
from pipeline.read.jsonl import json_columns, read_json_array, read_jsonl
from pipeline.read.mail import MAIL_COLUMNS, read_mailbox
from pipeline.read.office import office_columns, read_office
from pipeline.read.rows import SHOWN, Choose, Reject, Rows
from pipeline.read.separated import header, read_separated
from pipeline.read.source import COMPRESSED, Source, Written, dialect, on_disk, suffix_of

TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".json", ".parquet", ".xlsx", ".dta")
FEED_SUFFIXES = (".rss", ".atom", ".xml", ".mbox")  # tables of articles
TABULAR = (*TABLE_SUFFIXES, *FEED_SUFFIXES)
TEXT_COLUMNS = ("text", "sentence", "headline", "snippet", "phrase")
T = TypeVar("T", bound=Sized)
_ARRAY = re.compile(rb"\s*\[\s*[{\]]")
NO_TEXT = ("NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null", "None")  # how tables write that there is none


def is_table(path: PurePath) -> bool:
    """Whether the name is that of a table, compressed or not (Parquet compresses inside)."""
    suffix = suffix_of(path)
    return suffix in TABLE_SUFFIXES and (suffix != ".parquet" or path.suffix.lower() == ".parquet")


def read_rows(source: Source, choose: Choose, delimiter: str | None = None) -> Iterator[Rows]:
    """The rows of a table as they come.

    Parameters
    ----------
    choose : of the names of its columns, or of a sheet's, those to read.
    delimiter : separator of a CSV or TSV file; None: told by its header.

    Raises
    ------
    InputError
        Where the file is empty, of another format, or lacks a column.
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
    """The rows, with those that hold a text over the size limit moved to the rejects."""
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
    """The columns of a table that are to be read and their types, from its head."""
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
    """Read a whole table, and where each row stands in the file (`Rows.numbers`).

    Compression, and what ``written`` leaves open, are detected (`pipeline.read.source`).

    Parameters
    ----------
    choose : given the names of its columns, those to read; all by default.
    rejects : rows that cannot be read are added to this list; None: the first of them is an error.

    Raises
    ------
    InputError
        If the file is missing, empty or of another format, or a row, or every row, cannot be read.
    """
    path, found = Path(path), []
    require_table(path)
    parts, numbers = [], []
    for rows in read_rows(on_disk(path, written.encoding), alike(choose), written.delimiter):
        found += rows.rejects
        parts.append(pa.table(rows.columns))
        numbers.append(rows.numbers)
        if found and rejects is None:
            raise InputError(f"{path}, row {found[0].row}: {found[0].reason}; correct it")
    if rejects is not None:
        rejects += found
    return require_rows(pa.concat_tables(parts), path, found), np.concatenate(numbers)


def require_table(path: Path) -> None:
    """Raise `InputError` unless the file name is that of a table."""
    if not path.is_dir() and suffix_of(path) not in TABULAR:
        raise unreadable(path, TABULAR)


def unreadable(path: Path | str, suffixes: Sequence[str]) -> InputError:
    """The error for a file whose kind is not among those that can be read."""
    kinds = f"{', '.join(suffixes)}, tables other than Parquet also with {' or '.join(COMPRESSED)}"
    return InputError(f"{path}: cannot read {PurePath(path).suffix or 'these'} files; expected {kinds}")


def require_rows(table: T, path: Path, rejects: Sequence[Reject]) -> T:
    """The table; raises `InputError`, with the first reason, if none of its rows could be read."""
    if len(table):
        return table
    why = f"; the first fault: row {rejects[0].row}: {rejects[0].reason}" if rejects else ""
    raise InputError(f"{path}: expected at least one row that can be read, found none{why}")


def alike(choose: Choose = list) -> Choose:
    """The choice of columns for those who make one table of a workbook: every sheet must have those of the first."""
    first: list[str] = []

    def chosen(names: list[str]) -> list[str]:
        first[:] = first or choose(names)
        if missing := [name for name in first if name not in names]:
            raise InputError(f"no column {missing[0]!r}, which the first sheet has")
        return first

    return chosen


def plain_names(names: Sequence[str]) -> dict[str, str]:
    """Column names by their spelling in lower case, without outer spaces; of several alike the first."""
    return {name.strip().lower(): name for name in reversed(names)}


def column_of(names: list[str], wanted: str | None, usual: tuple[str, ...], path: str | Path) -> str:
    """Of a table's column names the wanted one, or the first of the usual ones that is there."""
    plain = plain_names(names)
    if wanted is not None:
        if wanted in names or wanted.lower() in plain:
            return wanted if wanted in names else plain[wanted.lower()]
        raise InputError(f"{path}: no column {wanted!r}; the file has {', '.join(names)}")
    for name in usual:
        if name in names or name in plain:
            return name if name in names else plain[name]
    raise InputError(
        f"{path}: expected a column named {' or '.join(usual)}, found {', '.join(names)}; "
        "name yours on the command line"
    )


def texts_of(column: pa.Array) -> pa.Array:
    """A column of texts; null, and what tables write in its place (`NO_TEXT`), becomes the empty string.

    Examples
    --------
    >>> texts_of(pa.array(["Talks resume", "NA", None])).to_pylist()
    ['Talks resume', '', '']
    """
    column = as_strings(column)
    absent = pc.is_in(column, value_set=as_strings(NO_TEXT))
    return pc.if_else(absent, string(""), column) if pc.any(absent).as_py() else column
