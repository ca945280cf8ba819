"""Detect how separated values are written: the delimiter, and whether fields are quoted."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.errors import InputError
from pipeline.read.bounds import MARK
from pipeline.read.escapes import is_utf8
from pipeline.read.quotes import QuoteCheck
from pipeline.read.records import records
from pipeline.read.source import Source, separator


@dataclass(frozen=True)
class Dialect:
    """How a CSV or TSV file is written.

    Attributes
    ----------
    quoted : fields may be in quotation marks.
    long_rows : some rows exceed the size limit.
    utf8 : all bytes are UTF-8.
    """

    delimiter: str
    quoted: bool
    long_rows: bool = False
    utf8: bool = True


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
    first = source.peek().split(b"\n", 1)[0].decode(errors="replace")
    usual = "\t" if source.suffix == ".tsv" else ","
    if delimiter is None:
        delimiter = usual if usual in first else next((mark for mark in ";\t|," if mark in first), usual)
    check = QuoteCheck(delimiter)
    found = _looked_through(source, Dialect(delimiter, True), check)
    if delimiter == "\t" and (check.row or check.tabs or not check.spans):  # marks begin texts, not quoted texts
        unquoted = replace(found, quoted=False)
        return _looked_through(source, unquoted, None) if check.row or check.spans else unquoted
    if check.row and closed:
        raise InputError(
            f"{source.address}, row {check.row}: unclosed quotation mark: the rows after it would become one text; "
            "close it, or double it if it belongs to the text"
        )
    return found


def _looked_through(source: Source, written: Dialect, check: QuoteCheck | None) -> Dialect:
    """Read the whole table, or up to its first unclosed mark, and return what was found."""
    long_rows, utf8 = False, True
    for block in records(source.stream()[1], check):
        long_rows = long_rows or MARK in block
        utf8 = utf8 and is_utf8(block)
        if check is not None and check.row:
            break
    return replace(written, long_rows=long_rows, utf8=utf8)
