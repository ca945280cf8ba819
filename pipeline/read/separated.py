"""Read CSV and TSV files in blocks with Arrow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import count
from typing import Literal

import numpy as np
import pyarrow as pa

from pipeline.arrays.arrow import as_strings
from pipeline.errors import InputError
from pipeline.messages import count_of
from pipeline.read.bounds import BLOCK, MARK, TOO_LONG, Readable, require_columns
from pipeline.read.dialects import Dialect
from pipeline.read.records import QuoteCheck, Shortened, records
from pipeline.read.rows import SHOWN, Choose, Reject, Rows, decoded
from pipeline.read.source import Source


def read_separated(source: Source, written: Dialect, choose: Choose) -> Iterator[Rows]:
    """Yield the rows of a CSV or TSV file; every cell is a string.

    Raises `InputError` if there are too many columns or a name to read is not UTF-8, and `pyarrow.ArrowInvalid` if there
    is no header.
    """
    from pyarrow import csv

    invalid: list[Reject] = []

    def refuse(row: pa.csv.InvalidRow) -> str:
        reason = f"expected {count_of(row.expected_columns, 'column')}, found {row.actual_columns}"
        text = row.text if written.utf8 else row.text.encode("latin-1").decode(errors="replace")
        if text.startswith(MARK.decode()):
            reason, text = TOO_LONG, ""
        invalid.append(Reject(source.address, row.number, reason, text[:SHOWN]))
        return "skip"

    # A character of Latin-1 that is not ASCII takes two bytes in UTF-8.
    read = csv.ReadOptions(block_size=BLOCK if written.utf8 else 2 * BLOCK, use_threads=False)
    parse = csv.ParseOptions(
        delimiter=written.delimiter,
        quote_char='"' if written.quoted else False,
        newlines_in_values=written.quoted,
        invalid_row_handler=refuse,
    )
    head = _head(source, written, choose)
    raw, content = source.stream(checked=False)  # `dialect` has checked it
    stream = content  # which would close the file when deleted
    if written.long_rows or not written.utf8:
        stream = pa.PythonFile(_readable(content, written, len(head.written)), "r")
    place = 1  # the header is row 1
    with csv.open_csv(stream, read, parse, head.conversion()) as batches:
        for batch in batches:
            numbers = _numbers(place, len(batch), [reject.row for reject in invalid])
            place = _last(int(numbers[-1]) if len(numbers) else place, invalid)
            columns, kept, bad = decoded(head.columns(batch, written.utf8), numbers, source.address)
            ready = [reject for reject in invalid if reject.row <= place]
            invalid[:] = [reject for reject in invalid if reject.row > place]
            rejects = sorted([*ready, *bad], key=lambda reject: reject.row)
            yield Rows(columns, kept, rejects, len(batch) + len(ready), raw.tell())
    if invalid:
        nothing = dict.fromkeys(head.chosen, as_strings([]))
        yield Rows(nothing, np.zeros(0, np.int64), list(invalid), len(invalid), raw.tell())


def _readable(stream: Readable, written: Dialect, width: int) -> Shortened:
    """Return a stream that Arrow can read: long rows have one cell too many; each byte is a character unless all are UTF-8."""
    mark = MARK + written.delimiter.encode() * width
    blocks = records(stream, QuoteCheck(written.delimiter) if written.quoted else None, mark)
    return Shortened(blocks if written.utf8 else (block.decode("latin-1").encode() for block in blocks))


@dataclass(frozen=True)
class _Head:
    """The column names of a table: as Arrow reads them, made unique, and the unique ones of the columns to read."""

    written: list[str]
    names: list[str]
    chosen: list[str]

    @property
    def repeats(self) -> bool:
        """Whether two columns have the same name, so that Arrow cannot select them by name."""
        return len({*self.written}) < len(self.written)

    def conversion(self) -> pa.csv.ConvertOptions:
        """Return the Arrow options: read the chosen columns, or all columns if names repeat."""
        from pyarrow import csv

        return csv.ConvertOptions(
            column_types=dict.fromkeys(self.written, pa.large_binary()),
            include_columns=None if self.repeats else [self.written[self.names.index(name)] for name in self.chosen],
            strings_can_be_null=False,
        )

    def columns(self, batch: pa.RecordBatch, utf8: bool) -> dict[str, pa.Array]:
        """Select the chosen columns from an Arrow batch, with the bytes that the file has."""
        found = dict(zip(self.names if self.repeats else self.chosen, batch.columns))
        cells = {name: found[name] for name in self.chosen}
        if utf8:
            return cells
        values = {name: [cell.decode().encode("latin-1") for cell in cells[name].to_pylist()] for name in cells}
        return {name: pa.array(bytes_of, pa.large_binary()) for name, bytes_of in values.items()}


def header(source: Source, written: Dialect, choose: Choose = list) -> list[str]:
    """Return the names of the columns to read; raises as `read_separated` does."""
    return _head(source, written, choose).chosen


def _head(source: Source, written: Dialect, choose: Choose) -> _Head:
    cells = _cells(source, written)
    raw = [cell.encode(errors="surrogateescape") for cell in cells]
    shown = [name.decode(errors="replace") for name in raw]
    names = distinct(shown)
    head = _Head(shown if written.utf8 else [name.decode("latin-1") for name in raw], names, choose(names))
    for cell, plain, name in zip(cells, shown, names):
        if cell != plain and (name in head.chosen or head.repeats):
            raise InputError(
                f"{source.address}: the column name {plain!r} is not UTF-8; set --encoding, for example windows-1252"
            )
    return head


def distinct(names: list[str]) -> list[str]:
    """Make column names unique: number repeated names, and name repeated empty ones after their column number.

    Examples
    --------
    >>> distinct(["date", "text", "date", "date_2", "date", "", ""])
    ['date', 'text', 'date_3', 'date_2', 'date_4', '', 'column_7']
    """
    taken, seen, out = {*names}, set[str](), []
    for place, name in enumerate(names, start=1):
        new, numbers = name, count(2 if name else place)
        while new in seen or (new != name and new in taken):
            new = f"{name or 'column'}_{next(numbers)}"
        seen.add(new)
        out.append(new)
    return out


def _cells(source: Source, written: Dialect) -> list[str]:
    """Return the column names as in the file; bytes that are not UTF-8 become surrogate escapes.

    Arrow is not used here: it would keep reading in a background thread and crash at exit if the names are invalid.
    """
    import csv

    start = source.stream()[1].read(BLOCK).decode(errors="surrogateescape")
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if written.quoted else csv.QUOTE_NONE
    try:
        lines = csv.reader(StringIO(start, newline=""), delimiter=written.delimiter, quoting=quoting)
        names = next(filter(None, lines), [])
    except csv.Error as error:
        raise pa.ArrowInvalid(f"header: {error}") from None
    if not names:
        raise pa.ArrowInvalid("expected a header, found nothing")
    return require_columns(names, source.address)


def _last(place: int, skipped: list[Reject]) -> int:
    """Return the number of the last of the skipped rows that follow ``place`` directly; ``place`` if there are none."""
    for reject in skipped:
        place += reject.row == place + 1
    return place


def _numbers(place: int, n: int, skipped: list[int]) -> np.ndarray:
    """Return the numbers of the next n rows after ``place``, leaving out skipped rows."""
    beyond = np.array([row for row in skipped if row > place], np.int64)
    candidates = np.arange(place + 1, place + 1 + n + len(beyond))
    return candidates[~np.isin(candidates, beyond)][:n]
