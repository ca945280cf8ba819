"""CSV, TSV and their kin, block by block, by Arrow."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Literal

import numpy as np
import pyarrow as pa

from pipeline.arrays.arrow import as_strings
from pipeline.read.bounds import BLOCK, MARK, TOO_LONG, Shortened, require_columns
from pipeline.read.rows import SHOWN, Choose, Reject, Rows, decoded
from pipeline.read.source import Dialect, Source


def read_separated(source: Source, written: Dialect, choose: Choose) -> Iterator[Rows]:
    """The rows of a table of separated values; every cell is a string."""
    from pyarrow import csv

    invalid: list[Reject] = []

    def refuse(row: pa.csv.InvalidRow) -> str:
        reason, text = f"expected {row.expected_columns} columns, found {row.actual_columns}", row.text[:SHOWN]
        if text.startswith(MARK.decode()):
            reason, text = TOO_LONG, ""
        invalid.append(Reject(source.address, row.number, reason, text))
        return "skip"

    read = csv.ReadOptions(block_size=BLOCK, use_threads=False)
    parse = csv.ParseOptions(
        delimiter=written.delimiter,
        quote_char='"' if written.quoted else False,
        newlines_in_values=written.quoted,
        invalid_row_handler=refuse,
    )
    names = choose(header(source, written))
    convert = csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.large_binary()), include_columns=names, strings_can_be_null=False
    )
    raw, stream = source.stream(checked=False)  # `dialect` has looked through it
    if written.long_rows:  # a row with one cell too many stands for each of them
        cells = header(source, written, every=True)
        stream = pa.PythonFile(Shortened(stream, written.quoted, MARK + written.delimiter.encode() * len(cells)), "r")
    place = 1  # the header is row 1
    with csv.open_csv(stream, read, parse, convert) as batches:
        for batch in batches:
            numbers = _numbers(place, len(batch), [reject.row for reject in invalid])
            place = int(numbers[-1]) if len(numbers) else place
            columns, kept, bad = decoded(dict(zip(names, batch.columns)), numbers, source.address)
            ready = [reject for reject in invalid if reject.row < place]
            invalid[:] = [reject for reject in invalid if reject.row >= place]
            rejects = sorted([*ready, *bad], key=lambda reject: reject.row)
            yield Rows(columns, kept, rejects, len(batch) + len(ready), raw.tell())
    if invalid:
        nothing = dict.fromkeys(names, as_strings([]))
        yield Rows(nothing, np.zeros(0, np.int64), list(invalid), len(invalid), raw.tell())


def header(source: Source, written: Dialect, every: bool = False) -> list[str]:
    """The names of the columns; of two with one name, the first, or ``every`` one.

    Not by Arrow, which would read on in a thread of its own, and crash at exit where the names are in error.
    """
    import csv

    start = source.stream()[1].read(BLOCK).decode("utf-8-sig", errors="replace")
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if written.quoted else csv.QUOTE_NONE
    try:
        lines = csv.reader(StringIO(start, newline=""), delimiter=written.delimiter, quoting=quoting)
        names = next(filter(None, lines), [])
    except csv.Error as error:
        raise pa.ArrowInvalid(f"header: {error}") from None
    if not names:
        raise pa.ArrowInvalid("expected a header, found nothing")
    require_columns(names, source.address)
    return names if every else list(dict.fromkeys(names))


def _numbers(place: int, n: int, skipped: list[int]) -> np.ndarray:
    """The numbers of the next n rows after ``place``, those skipped left out."""
    beyond = np.array([row for row in skipped if row > place], np.int64)
    candidates = np.arange(place + 1, place + 1 + n + len(beyond))
    return candidates[~np.isin(candidates, beyond)][:n]
