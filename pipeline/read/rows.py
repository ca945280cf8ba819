"""Rows of a table as they are read: columns, places in the file, and what could not be read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from pipeline.arrays.arrow import int64_column, nullable_strings
from pipeline.read.source import looks_western

SHOWN = 200  # characters of a row that a reject quotes
Choose = Callable[[list[str]], list[str]]  # of the columns that a file has, those to read


@dataclass(frozen=True)
class Reject:
    """A row that cannot be read: its file, its number (a line's in JSONL, a header counting), why, how it begins."""

    file: str
    row: int
    reason: str
    text: str


@dataclass(frozen=True)
class Rows:
    """Rows of a table, in order.

    Attributes
    ----------
    columns : (n,) arrays by name; strings are ``large_string``, Parquet and JSONL keep their other types.
    numbers : (n,) int64, where each stands in the file: a line of JSONL, a row of a table with its header as row 1.
    rejects : rows that could not be read, between these or after them.
    read : how many rows the file has here, readable or not, counted apart from both.
    done : bytes of the file read so far, as they lie on the disk.
    sheet : the sheet, where several of a workbook are read; the numbers are those of its rows.
    """

    columns: dict[str, pa.Array]
    numbers: np.ndarray
    rejects: list[Reject] = field(default_factory=list)
    read: int = 0
    done: int = 0
    sheet: str = ""

    def cut(self, size: int) -> Iterator[Rows]:
        """The same in parts of at most ``size`` rows; rejects and counts go with the first."""
        for start in range(0, max(len(self.numbers), 1), size):
            part = {name: column.slice(start, size) for name, column in self.columns.items()}
            here = self.numbers[start : start + size]
            yield replace(
                self, columns=part, numbers=here, rejects=[] if start else self.rejects, read=0 if start else self.read
            )


def strings_of(column: pa.Array) -> pa.Array:
    """A column of any type as strings, lists and the like as JSON; null stays null.

    Examples
    --------
    >>> strings_of(pa.array([[1, 2], None])).to_pylist()
    ['[1, 2]', None]
    """
    try:
        return column.cast(pa.large_string())
    except pa.ArrowNotImplementedError:
        values = column.to_pylist()
        return nullable_strings([v if v is None else json.dumps(v, ensure_ascii=False, default=str) for v in values])


def not_utf8(file: str, row: int, data: bytes, error: UnicodeDecodeError, hint: str = "") -> Reject:
    """The reject of a row whose bytes are not UTF-8; ``hint`` says what to do."""
    reason = f"expected UTF-8, found byte 0x{data[error.start]:02x}{hint}"
    return Reject(file, row, reason, data.decode(errors="replace")[:SHOWN])


def decoded(columns: dict[str, pa.Array], numbers: np.ndarray, address: str) -> tuple[dict, np.ndarray, list[Reject]]:
    """Columns of bytes as strings. Rows with bytes that are not UTF-8 become rejects; the others keep their numbers."""
    raw = {name: column for name, column in columns.items() if pa.types.is_large_binary(column.type)}
    try:
        return columns | {name: column.cast(pa.large_string()) for name, column in raw.items()}, numbers, []
    except pa.ArrowInvalid:
        bad: dict[int, Reject] = {}
        for column in raw.values():
            for row, value in enumerate(column.to_pylist()):
                try:
                    (value or b"").decode()
                except UnicodeDecodeError as error:
                    hint = "; it looks like windows-1252 (--encoding)" if looks_western(value) else ""
                    bad[row] = not_utf8(address, int(numbers[row]), value, error, hint)
        good = np.setdiff1d(np.arange(len(numbers)), list(bad))
        kept = {name: column.take(int64_column(good)) for name, column in columns.items()}
        kept |= {name: kept[name].cast(pa.large_string()) for name in raw}
        return kept, numbers[good], [bad[row] for row in sorted(bad)]
