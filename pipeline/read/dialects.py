"""Detect how separated values are written: the delimiter, and whether fields are quoted."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.errors import InputError
from pipeline.read.bounds import MARK, records
from pipeline.read.quotes import QuoteCheck
from pipeline.read.source import Source, separator

_ODD_QUOTE = re.compile(rb'(?:^|\t)"[^"\t]*$', re.MULTILINE)


@dataclass(frozen=True)
class Dialect:
    """The delimiter and quoting of a CSV or TSV file."""

    delimiter: str
    quoted: bool
    long_rows: bool = False  # some rows exceed the size limit


def dialect(source: Source, delimiter: str | None = None, closed: bool = True) -> Dialect:
    """Detect the delimiter and quoting of a table.

    The delimiter is a comma in ``.csv`` and a tab in ``.tsv``, or another common one if only that occurs in the header.
    In a tab-separated file quotation marks are ordinary characters, unless a quoted field spans lines.

    Parameters
    ----------
    closed : require every quotation mark to be closed; False if the caller handles unclosed ones.

    Raises
    ------
    InputError
        If the delimiter is not valid, or a file with quoting has an unclosed quotation mark: everything after it would
        become one text.
    """
    if delimiter is not None:
        delimiter = separator(delimiter)
    head = source.peek()
    first = head.split(b"\n", 1)[0].decode(errors="replace")
    usual = "\t" if source.suffix == ".tsv" else ","
    if delimiter is None:
        delimiter = usual if usual in first else next((mark for mark in ";\t|," if mark in first), usual)
    quoted = delimiter != "\t" or _spans_lines(head)
    if not closed:
        return Dialect(delimiter, quoted)
    check, long_rows = _looked_through(source, delimiter, quoted)
    if quoted and check.row and delimiter == "\t":  # two texts that begin with a mark, not a quoted text
        quoted = False
        check, long_rows = _looked_through(source, delimiter, quoted)
    if quoted:
        _require_closed(source, check, long_rows)
    return Dialect(delimiter, quoted, long_rows)


def _spans_lines(head: bytes) -> bool:
    """Return whether a tab-separated file has quoted fields that span lines, as pandas writes them."""
    opened = sum(1 for line in head.split(b"\n") if _ODD_QUOTE.search(line))
    return opened > 0 and head.count(b'"') % 2 == 0


def _looked_through(source: Source, delimiter: str, quoted: bool) -> tuple[QuoteCheck, bool]:
    """Return the check of a table's quotation marks, and whether it has rows over the size limit."""
    check = QuoteCheck(source.stream()[1], delimiter)
    return check, sum(MARK in block for block in records(check, quoted)) > 0


def _require_closed(source: Source, check: QuoteCheck, long_rows: bool) -> None:
    """Raise `InputError` if quotation marks would merge rows into one text."""
    if check.row or check.quotes % 2:
        raise InputError(
            f"{source.address}, row {check.row or _open_row(source)}: unclosed quotation mark: the rows after it would "
            "become one text; close it, or double it if it belongs to the text"
        )
    if long_rows and check.inner_row:
        raise InputError(
            f"{source.address}, row {check.inner_row}: a quotation mark within a field, and rows too long to read; "
            "put the field in quotation marks and double the mark"
        )


def _open_row(source: Source) -> int:
    """Return the number of the first line with an unclosed quotation mark; the header is 1."""
    lines = source.stream()[1].read().decode(errors="replace").splitlines()
    return next((row for row, line in enumerate(lines, start=1) if line.count('"') % 2), 1)
