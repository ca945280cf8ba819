"""Fault-tolerant table reading: invalid lines are rejected, the others are kept."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.errors import InputError, first_line
from pipeline.read.dialects import Dialect, dialect
from pipeline.read.rows import SHOWN, Reject, not_utf8
from pipeline.read.separated import distinct
from pipeline.read.source import Source, on_disk, suffix_of
from pipeline.read.tables import TABULAR, alike, having, read_rows, require_rows, require_table
from pipeline.read.watch import watched

_LONGEST = 200  # lines that one quoted field may span
_KEYS = 6  # shown
_LOOSE = (".txt", ".dat", ".tab")


@dataclass(frozen=True)
class Table:
    """A whole table.

    Attributes
    ----------
    path : file of the table.
    columns : (n,) object arrays of strings by name, the empty string if missing.
    rows : (n,) int64, the line on which each row begins (CSV, TSV, JSONL), or its row number; the header is 1.
    rejects : rows that cannot be read.
    """

    path: Path
    columns: dict[str, np.ndarray]
    rows: np.ndarray
    rejects: list[Reject]

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: np.ndarray) -> Table:
        """Return the selected rows (indices or a mask)."""
        return Table(self.path, {name: cells[rows] for name, cells in self.columns.items()}, self.rows[rows], [])


def read_lines(
    path: str | Path,
    encoding: str | None = None,
    delimiter: str | None = None,
    headed: bool = True,
    loose: bool = False,
    named: Sequence[str] = (),
) -> Table:
    """Read a table of any format as strings.

    Parameters
    ----------
    headed : the first line of a CSV or TSV file is a header; if False, the columns are named ``column1``, ``column2``.
    loose : files named `.txt`, `.dat` or `.tab` are tables too, with any delimiter that a CSV or TSV file may have.
    named : columns that the table must have. Of a workbook, the sheets that have them are read; if none are named,
        the sheets that have all columns of the first. The others are named on standard error.

    Raises
    ------
    InputError
        If the file is missing, empty or in another format, or no row can be read.
    """
    path = Path(path)
    is_loose = loose and suffix_of(path) in _LOOSE
    if not is_loose:
        require_table(path, (*TABULAR, *_LOOSE) if loose else TABULAR)
    source = _loose(on_disk(path, encoding)) if is_loose else on_disk(path, encoding)
    separated = source.suffix in (".csv", ".tsv")
    try:
        with watched(path):
            require_records(source)
            table = _separated(path, source, delimiter, headed) if separated else _typed(path, source, named)
    except (pa.ArrowException, OSError, EOFError) as error:
        kind = source.suffix[1:].upper()
        raise InputError(f"{path}: cannot be read as {kind}: {first_line(error)}; check that it is complete") from None
    if is_loose and len(table.columns) == 1:
        raise InputError(
            f"{path}: expected a table, found a single column; name the mark between columns with --delimiter"
        )
    return require_rows(table, path, table.rejects)


def _loose(source: Source) -> Source:
    """Return a source read as TSV if its first line has a tab, else as CSV."""
    head = source.peek().lstrip().split(b"\n", 1)[0]
    return replace(source, format=".tsv" if b"\t" in head else ".csv")


def column_name(name: str | int, headed: bool) -> str:
    """The name that `read_lines` gives a column: its own, or for a number from 0, if there is no header, `column1`…"""
    return str(name) if headed else f"column{int(name) + 1}"


def require_records(source: Source) -> None:
    """Raise `InputError` if a JSON file is an empty list, or one object that holds columns or a list of rows."""
    if source.suffix not in (".json", ".jsonl"):
        return
    start = source.peek().lstrip()
    if start.startswith(b"["):
        if start[1:].strip() == b"]":
            raise InputError(f"{source.address}: the file holds no rows; expected at least one")
        return
    one = _only_object(source) if start.startswith(b"{") else {}
    if one and (isinstance(one.get("data"), list) or all(isinstance(value, (dict, list)) for value in one.values())):
        raise InputError(
            f"{source.address}: expected one JSON object per row, found one object with the keys "
            f"{', '.join(list(one)[:_KEYS])}, not a list of records; write it with orient='records'"
        )


def _only_object(source: Source) -> dict:
    """Return the only JSON object of a file; empty if there are several, as in JSONL, or it is invalid."""
    try:
        text = source.stream()[1].read().decode()
        value, end = json.JSONDecoder(strict=False).raw_decode(text := text.lstrip())
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) and not text[end:].strip() else {}


def _typed(path: Path, source: Source, named: Sequence[str]) -> Table:
    """Read JSON, JSONL, Parquet, Excel or Stata."""
    parts: list[dict[str, np.ndarray]] = []
    numbers, rejects = [], []
    for rows in read_rows(source, having(named, path) if named else alike()):
        parts.append({name: _as_text(column) for name, column in rows.columns.items()})
        numbers.append(rows.numbers)
        rejects += rows.rejects
    blank = [np.full(len(part), "", object) for part in numbers]  # cells of columns that a sheet lacks
    names = dict.fromkeys(name for part in parts for name in part)
    columns = {name: np.concatenate([part.get(name, none) for part, none in zip(parts, blank)]) for name in names}
    return Table(path, columns, np.concatenate(numbers), rejects)


def _as_text(column: pa.Array) -> np.ndarray:
    """Convert values to strings: integers without a decimal point, lists and objects as JSON."""
    out = np.empty(len(column), object)
    for row, given in enumerate(column.to_pylist()):
        value = int(given) if isinstance(given, float) and given.is_integer() else given
        nested = isinstance(value, (list, dict))
        out[row] = "" if value is None or value != value else json.dumps(value) if nested else str(value)
    return out


def _separated(path: Path, source: Source, delimiter: str | None, headed: bool) -> Table:
    source = _with_line_feeds(source)
    written = dialect(source, delimiter, closed=False)
    lines = source.stream()[1].read().split(b"\n")
    if b"\0" in lines[0]:
        raise InputError(f"{path}: expected text, found NUL bytes; set --encoding, for example utf-16-le")
    records = _records(lines, written, str(path))
    head = next(records, None)
    if head is None or isinstance(head, Reject):
        raise InputError(f"{path}: expected a header, found {head.reason if head else 'nothing'}")
    names, cells, numbers, rejects = head[1], [], [], []
    if not headed:
        names, records = [f"column{k}" for k in range(1, len(names) + 1)], chain([head], records)
    for record in records:
        if isinstance(record, Reject):
            rejects.append(record)
        elif len(record[1]) != len(names):
            number, found = record
            reason = f"expected {len(names)} columns, found {len(found)}"
            rejects.append(Reject(str(path), number, reason, written.delimiter.join(found)[:SHOWN]))
        else:
            numbers.append(record[0])
            cells.append(record[1])
    columns = dict(zip(distinct(names), np.array(cells, object).reshape(len(cells), len(names)).T))
    return Table(path, columns, np.array(numbers, np.int64), rejects)


def _with_line_feeds(source: Source) -> Source:
    """Return the source, with line feeds if its lines end in carriage returns alone, as those of old Macs do."""
    start = source.peek()
    if b"\n" in start or b"\r" not in start.rstrip(b"\r"):
        return source
    data = source.stream()[1].read()
    if b"\n" in data:
        return source
    return Source("", partial(pa.BufferReader, data.replace(b"\r", b"\n")), format=source.suffix)


def _records(lines: list[bytes], written: Dialect, path: str) -> Iterator[tuple[int, list[str]] | Reject]:
    """Yield the number of each record's first line and its cells, or a reject; blank lines are skipped.

    A quoted field may span lines. After an unclosed quotation mark, lines with the expected number of cells are read as
    separate rows.
    """
    at, width = 0, None
    while at < len(lines):
        line, number = lines[at].rstrip(b"\r"), at + 1
        n = _span(lines, at, written, width)
        at += max(n, 1)
        if not line.strip():
            continue
        if n == 0:
            shown = line.decode(errors="replace")[:SHOWN]
            yield Reject(path, number, "unclosed quotation mark", shown)
            continue
        whole = b"\n".join(lines[number - 1 : number - 1 + n]).rstrip(b"\r")
        try:
            cells = _cells(whole.decode(), written)
        except UnicodeDecodeError as error:
            yield not_utf8(path, number, whole, error)
            continue
        except csv.Error as error:
            yield Reject(path, number, str(error), whole.decode(errors="replace")[:SHOWN])
            continue
        width = width or len(cells)
        yield number, cells


def _span(lines: list[bytes], at: int, written: Dialect, width: int | None) -> int:
    """Return the number of lines in the record that begins at a line; 0 if it has an unclosed quotation mark."""
    if not written.quoted or lines[at].count(b'"') % 2 == 0:
        return 1
    marks = lines[at].count(b'"')
    for n in range(2, min(_LONGEST, len(lines) - at) + 1):
        line = lines[at + n - 1]
        here = line.count(b'"')
        if here % 2 == 0 and width and width > 1 and len(_cells(line.decode(errors="replace"), written)) == width:
            return 0
        marks += here
        if marks % 2 == 0:
            whole = b"\n".join(lines[at : at + n]).decode(errors="replace")
            return n if width is None or len(_cells(whole, written)) == width else 0
    return 0


def _cells(record: str, written: Dialect) -> list[str]:
    if not written.quoted:
        return record.split(written.delimiter)
    return next(csv.reader([record], delimiter=written.delimiter), [])
