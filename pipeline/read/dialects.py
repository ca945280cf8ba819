"""Detect how separated values are written: the delimiter, and whether fields are quoted."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from pipeline.errors import InputError
from pipeline.read.bounds import MARK
from pipeline.read.records import QuoteCheck, records
from pipeline.read.source import Source, separator

_COMPARED = 20  # first lines in which a rare delimiter must occur equally often
_SEVERAL = 3
_CONTROL = re.compile("[\x01-\x08\x0e-\x1f]")
_SEPARATOR = re.compile(r'"?sep=.?"?', re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    """How a CSV or TSV file is written: its delimiter, whether fields may be in quotation marks, whether some rows exceed
    the size limit, and whether all bytes are UTF-8."""

    delimiter: str
    quoted: bool
    long_rows: bool = False
    utf8: bool = True


def dialect(source: Source, delimiter: str | None = None, closed: bool = True) -> Dialect:
    """Detect the delimiter and quoting of a table.

    The delimiter is a comma in ``.csv`` and a tab in ``.tsv``, or another common one if only that occurs in the
    header, or one of ``^ ~ # :`` if all of the first lines have it equally often.
    In a tab-separated file quotation marks are ordinary characters, unless a quoted field spans lines, or the first rows
    have as many columns as the header only if quoted fields may hold tabs.

    ``closed``: require every quotation mark to be closed; False if the caller handles unclosed ones. Raises
    `InputError` if the delimiter is not valid, or a file with quoting has an unclosed quotation mark: everything after
    it would become one text.
    """
    if delimiter is not None:
        delimiter = separator(delimiter)
    head = source.peek()
    start = (head if b"\n" in head else head.replace(b"\r", b"\n")).split(b"\n", _COMPARED)[:_COMPARED]
    lines = [line.decode(errors="replace") for line in start if line.strip()]
    usual = "\t" if source.suffix == ".tsv" else ","
    delimiter = delimiter or _delimiter(lines, usual)
    _require_header("".join(lines[:1]), delimiter, source.address)
    check = QuoteCheck(delimiter)
    found = _looked_through(source, Dialect(delimiter, True), check)
    marks = check.tabs or not check.spans  # where marks begin texts, not quoted texts
    if delimiter == "\t" and (check.row or (marks and not _needs_quoting(head, delimiter))):
        unquoted = replace(found, quoted=False)
        return _looked_through(source, unquoted, None) if check.row or check.spans else unquoted
    if check.row and closed:
        raise InputError(
            f"{source.address}, row {check.row}: unclosed quotation mark: the rows after it would become one text; "
            "close it, or double it if it belongs to the text"
        )
    return found


def _needs_quoting(head: bytes, delimiter: str) -> bool:
    """Whether all first rows have as many columns as the header if marks quote fields, and not if they are characters.

    Or also if they are, where several fields hold both tabs and line ends: by chance marks do not pair off so often.
    """
    if b'"' not in head:
        return False
    text = head.decode(errors="replace").replace("\r\n", "\n")
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row][:-1]
    except csv.Error:
        return False
    quoted, unquoted = set(map(len, rows)), {line.count(delimiter) + 1 for line in text.split("\n")[:-1] if line}
    spanning = sum("\n" in cell and delimiter in cell for row in rows for cell in row)
    return len(rows) > 1 and quoted == {len(rows[0])} and (unquoted != quoted or spanning >= _SEVERAL)


def _delimiter(lines: list[str], usual: str) -> str:
    """Return the usual delimiter or another common one that the header has, or a rare one that all lines have alike."""
    first = "".join(lines[:1])
    if usual in first:
        return usual
    alike = (mark for mark in "^~#:" if {line.count(mark) for line in lines} == {first.count(mark)})
    return next((mark for mark in (*";\t|,", *alike) if mark in first), usual)


def _require_header(first: str, delimiter: str, address: str) -> None:
    """Raise `InputError` if the first line is written for a spreadsheet, or its names are in apostrophes."""
    if "\0" in first:
        raise InputError(f"{address}: expected text, found NUL bytes; set --encoding, for example utf-16-le")
    if _CONTROL.search(first[:4].replace(delimiter, "")):  # as archives begin; a cell may hold any character
        raise InputError(f"{address}: expected text, found other bytes; check that the file is what its name says")
    if names_separator(first):
        raise InputError(
            f"{address}: the first line, {first.strip()}, is meant for Excel; delete it, and pass --delimiter if the "
            "separator is not found"
        )
    cells = [cell.strip() for cell in first.split(delimiter)]
    if len(cells) > 1 and all(len(cell) > 1 and cell[0] == cell[-1] == "'" for cell in cells):
        raise InputError(f"{address}: the column names are in apostrophes; write fields in quotation marks or in none")


def names_separator(line: str) -> bool:
    """Return whether a line only names the separator of a table, for Excel.

    Examples
    --------
    >>> names_separator("sep=;"), names_separator("sep=text")
    (True, False)
    """
    return _SEPARATOR.fullmatch(line.strip()) is not None


def is_utf8(data: bytes) -> bool:
    """Return whether bytes are UTF-8; Arrow is faster than ``bytes.decode``."""
    ends = pa.py_buffer(np.array([0, len(data)], np.int64))
    try:
        pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(data)]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _looked_through(source: Source, written: Dialect, check: QuoteCheck | None) -> Dialect:
    """Read the whole table, or up to its first unclosed mark, and return what was found."""
    long_rows, utf8 = False, True
    for block in records(source.stream()[1], check):
        long_rows = long_rows or MARK in block
        utf8 = utf8 and is_utf8(block)
        if check is not None and check.row:
            break
    return replace(written, long_rows=long_rows, utf8=utf8)
