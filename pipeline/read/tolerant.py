"""Fault-tolerant table reading: invalid lines are rejected, the others are kept."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from io import StringIO
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.errors import InputError, first_line
from pipeline.messages import count_of
from pipeline.read.dialects import Dialect, dialect
from pipeline.read.rows import SHOWN, Reject, not_utf8
from pipeline.read.separated import distinct
from pipeline.read.source import Source, Written, on_disk, suffix_of, watched
from pipeline.read.tables import TABULAR, alike, having, read_rows, require_rows, require_table

_LONGEST = 200  # lines that one quoted field may span
_KEYS = 6  # shown
_LOOSE = (".txt", ".dat", ".tab")


@dataclass(frozen=True)
class Table:
    """A whole table: (n,) object arrays of strings by name, the empty string if missing, and the rows that cannot be read.

    ``rows`` (n,) int64 is the line on which each row begins (CSV, TSV, JSONL), or its row number; the header is 1.
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
    written: Written = Written(),
    headed: bool = True,
    loose: bool = False,
    named: Sequence[str] = (),
) -> Table:
    """Read a table of any format as strings.

    Raises `InputError` if the file is missing, empty or in another format, or no row can be read.

    Parameters
    ----------
    headed : the first line of a CSV or TSV file is a header; if False, the columns are named ``column1``, ``column2``.
    loose : files named `.txt`, `.dat` or `.tab` are tables too, with any delimiter that a CSV or TSV file may have.
    named : columns that the table must have. Of a workbook, the sheets that have them are read; if none are named,
        the sheets that have all columns of the first. The others are named on standard error.
    """
    path = Path(path)
    is_loose = loose and suffix_of(path) in _LOOSE
    if not is_loose:
        require_table(path, (*TABULAR, *_LOOSE) if loose else TABULAR)
    source = on_disk(path, written.encoding)
    if is_loose:
        source = replace(source, format=".tsv" if b"\t" in source.peek().lstrip().split(b"\n", 1)[0] else ".csv")
    separated = source.suffix in (".csv", ".tsv")
    try:
        with watched(path):
            require_records(source)
            table = _separated(path, source, written.delimiter, headed) if separated else _typed(path, source, named)
    except (pa.ArrowException, OSError, EOFError) as error:
        kind = source.suffix[1:].upper()
        raise InputError(f"{path}: cannot be read as {kind}: {first_line(error)}; check that it is complete") from None
    if is_loose and len(table.columns) == 1:
        raise InputError(
            f"{path}: expected a table, found a single column; name the mark between columns with --delimiter"
        )
    return require_rows(table, path, table.rejects)


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
    written = dialect(source, delimiter, closed=False)
    text = source.stream()[1].read().decode(errors="surrogateescape")
    lines = list(StringIO(text if "\n" in text else text.replace("\r", "\n"), newline="\n"))
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
            reason = f"expected {count_of(len(names), 'column')}, found {len(found)}"
            rejects.append(Reject(str(path), number, reason, written.delimiter.join(found)[:SHOWN]))
        else:
            numbers.append(record[0])
            cells.append(record[1])
    columns = dict(zip(distinct(names), np.array(cells, object).reshape(len(cells), len(names)).T))
    return Table(path, columns, np.array(numbers, np.int64), rejects)


def _records(lines: list[str], written: Dialect, path: str) -> Iterator[tuple[int, list[str]] | Reject]:
    """Yield the number of each record's first line and its cells, or a reject; blank lines are skipped.

    Only the first line of a record that has an unclosed quotation mark is rejected; the next one begins another record.
    """
    at, width = 0, 0
    while at < len(lines):
        number, fault = at + 1, "unclosed quotation mark"
        try:
            cells, n = _record(lines, at, written, width)
        except csv.Error as error:
            n, fault = 0, str(error)
        whole = "".join(lines[at : at + max(n, 1)]).rstrip("\r\n").encode(errors="surrogateescape")
        at += max(n, 1)
        try:
            shown = whole.decode()
            if n == 0:
                yield Reject(path, number, fault, shown[:SHOWN])
            elif shown.strip():
                width = width or len(cells)
                yield number, cells
        except UnicodeDecodeError as error:
            yield not_utf8(path, number, whole, error)


def _record(lines: list[str], at: int, written: Dialect, width: int) -> tuple[list[str], int]:
    """Return the cells of the record that begins at a line, and its number of lines; 0 if a quotation mark is unclosed.

    A quoted field may span lines, but none that is a record of the given width by itself; of the header it is 0.
    """
    if not written.quoted:
        return lines[at].rstrip("\r\n").split(written.delimiter), 1
    end = min(at + _LONGEST, len(lines))
    reader = csv.reader((lines[k] if k < end else "" for k in range(at, end + 1)), delimiter=written.delimiter)
    cells, n = next(reader), reader.line_num
    if n == 1:
        return cells, 1
    alone = False
    for line in lines[at + 1 : at + n] if width > 1 else ():
        with suppress(csv.Error):
            alone = alone or (line.count('"') % 2 == 0 and len(next(csv.reader([line], reader.dialect))) == width)
    lost = len(cells) != width if width else "".join(lines[at : at + n]).count('"') % 2
    return cells, 0 if at + n > end or alone or lost else n
