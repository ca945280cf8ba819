"""Batches of table rows: columns, row numbers and rejected rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from pipeline.arrays.arrow import cast_to_strings, int64_column, nullable_strings
from pipeline.errors import InputError
from pipeline.read.source import western_hint

SHOWN = 200  # characters of a rejected row to show
Choose = Callable[[list[str]], list[str]]  # selects the columns to read from those of the file


@dataclass(frozen=True, slots=True)  # there may be a million of them
class Reject:
    """A row that cannot be read: its file, row number (as in `Rows.numbers`), the reason, and the start of its text."""

    file: str
    row: int
    reason: str
    text: str

    @property
    def said(self) -> str:
        """Where and why, as one line."""
        return f"{self.file}{f', row {self.row}' if self.row else ''}: {self.reason}"


@dataclass(frozen=True)
class Rows:
    """A batch of table rows, in order.

    Attributes
    ----------
    columns : (n,) arrays by name; strings are ``large_string``, Parquet and JSONL keep their other types.
    numbers : (n,) int64, row numbers in the file: line numbers of JSONL; the header of a table is row 1.
    rejects : rows that could not be read, between these rows or after them.
    read : number of rows in this part of the file, including rejected ones, counted independently of both.
    done : bytes of the file read so far, before decompression.
    sheet : the sheet name if several sheets of a workbook are read; row numbers are per sheet.
    """

    columns: dict[str, pa.Array]
    numbers: np.ndarray
    rejects: list[Reject] = field(default_factory=list)
    read: int = 0
    done: int = 0
    sheet: str = ""

    def cut(self, size: int) -> Iterator[Rows]:
        """Yield parts of at most ``size`` rows; the first part has all rejects and the count."""
        for start in range(0, max(len(self.numbers), 1), size):
            part = {name: column.slice(start, size) for name, column in self.columns.items()}
            here = self.numbers[start : start + size]
            yield replace(
                self, columns=part, numbers=here, rejects=[] if start else self.rejects, read=0 if start else self.read
            )


def strings_of(column: pa.Array) -> pa.Array:
    """Convert a column of any type to strings, nested values to JSON; null stays null.

    Examples
    --------
    >>> strings_of(pa.array([[1, 2], None])).to_pylist()
    ['[1, 2]', None]
    """
    try:
        return cast_to_strings(column)
    except pa.ArrowNotImplementedError:
        values = column.to_pylist()
        return nullable_strings([v if v is None else json.dumps(v, ensure_ascii=False, default=str) for v in values])


def whole_file(name: str, error: Exception) -> Reject:
    """Return the reject for a file that cannot be read at all, with the reason that the error gives."""
    return Reject(name, 0, str(error).removeprefix(name).lstrip(":, ")[:200], "")


def refusal(reject: Reject) -> InputError:
    """Return the error for a row that cannot be read, for runs that stop at the first."""
    return InputError(f"{reject.said}; correct it; without --strict such rows are skipped, and listed with --out")


def not_utf8(file: str, row: int, data: bytes, error: UnicodeDecodeError, encoding: str = "UTF-8") -> Reject:
    """Return the reject for a row that is not UTF-8, or not in another given encoding."""
    hint = western_hint(data) if encoding == "UTF-8" else ""
    reason = f"expected {encoding}, found byte 0x{data[error.start]:02x}{hint}"
    return Reject(file, row, reason, data.decode(errors="replace")[:SHOWN])


def decoded(columns: dict[str, pa.Array], numbers: np.ndarray, address: str) -> tuple[dict, np.ndarray, list[Reject]]:
    """Decode binary columns to strings.

    Returns the columns and the (n,) row numbers of the n rows that are UTF-8, and the rejects for the others.
    """
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
                    bad[row] = not_utf8(address, int(numbers[row]), value, error)
        good = np.setdiff1d(np.arange(len(numbers)), list(bad))
        kept = {name: column.take(int64_column(good)) for name, column in columns.items()}
        kept |= {name: kept[name].cast(pa.large_string()) for name in raw}
        return kept, numbers[good], [bad[row] for row in sorted(bad)]
