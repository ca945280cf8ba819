"""Tables read piece by piece: memory stays bounded whatever the file's size, and bad rows are told apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path, PurePath, PurePosixPath

import numpy as np
import pyarrow as pa

from pipeline.arrays.arrow import as_strings, int64_column, integers
from pipeline.errors import InputError
from pipeline.read.jsonl import SHOWN, Reject, blocks, first_keys, parsed
from pipeline.read.source import COMPRESSED, Source, dialect, looks_western
from pipeline.read.tables import TABLE_SUFFIXES, column_of, read_table, strings

_BLOCK = 4 << 20  # bytes read together


@dataclass(frozen=True)
class Wanted:
    """What to read: text column (None: the usual names), those names, whether titles too, how many rows together, and the
    separator (None: told by the header)."""

    text: str | None
    usual: tuple[str, ...]
    titles: bool = False
    rows: int = 25_000
    delimiter: str | None = None

    def of(self, names: list[str], path: str) -> list[str]:
        """The columns of a file: the text's first, then ``id`` and ``title`` where they are there and wanted."""
        text = column_of(names, self.text, self.usual, path)
        rest = ("id", "title") if self.titles else ("id",)
        return [text, *(name for name in rest if name in names and name != text)]


@dataclass(frozen=True)
class Chunk:
    """Rows of a table, in order.

    Attributes
    ----------
    columns : (n,) large_string arrays: ``text``, ``id`` (its place in the file where it has none), ``title``.
    rejects : rows that could not be read, between these or after them.
    read : how many rows the file has here, readable or not, counted apart from both.
    done : bytes of the file read so far, as they lie on the disk.
    """

    columns: dict[str, pa.Array]
    rejects: list[Reject] = field(default_factory=list)
    read: int = 0
    done: int = 0


def suffix_of(path: PurePath) -> str:
    """The suffix that says the format: ``.csv`` of ``news.csv.gz``."""
    return (path.with_suffix("") if path.suffix.lower() in COMPRESSED else path).suffix.lower()


def is_table(path: PurePath) -> bool:
    """Whether the name is that of a table, compressed or not (Parquet compresses inside)."""
    suffix = suffix_of(path)
    return suffix in TABLE_SUFFIXES and (suffix != ".parquet" or path.suffix.lower() == ".parquet")


def read_chunks(source: Source, wanted: Wanted) -> Iterator[Chunk]:
    """The rows of a table, ``wanted.rows`` at a time.

    Raises
    ------
    InputError
        Where the file is empty, of another format, or lacks the column.
    """
    readers = {".csv": _csv, ".tsv": _csv, ".jsonl": _jsonl, ".parquet": _parquet}
    readers |= dict.fromkeys((".json", ".xlsx", ".dta"), _whole)
    suffix, seen = suffix_of(PurePosixPath(source.address)), False
    try:
        for piece in readers[suffix](source, wanted):
            seen = seen or piece.read > 0
            yield piece
    except (pa.ArrowException, OSError, EOFError) as error:
        reason = str(error).splitlines()[0][:160]
        raise InputError(f"{source.address}: cannot be read as {suffix[1:].upper()}: {reason}") from None
    if not seen:
        raise InputError(f"{source.address}: expected at least one row under the header, found none")


def _csv(source: Source, wanted: Wanted) -> Iterator[Chunk]:
    from pyarrow import csv

    written = dialect(source, suffix_of(PurePosixPath(source.address)), wanted.delimiter)
    invalid: list[Reject] = []

    def refuse(row) -> str:
        reason = f"expected {row.expected_columns} columns, found {row.actual_columns}"
        invalid.append(Reject(source.address, row.number, reason, row.text[:SHOWN]))
        return "skip"

    read = csv.ReadOptions(block_size=_BLOCK, use_threads=False)
    parse = csv.ParseOptions(
        delimiter=written.delimiter,
        quote_char='"' if written.quoted else False,
        newlines_in_values=written.quoted,
        invalid_row_handler=refuse,
    )
    names = wanted.of(_header(source, written.delimiter, written.quoted), source.address)
    convert = csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.large_binary()), include_columns=names, strings_can_be_null=False
    )
    raw, stream = source.stream()
    place = 1  # the header is row 1
    with csv.open_csv(stream, read, parse, convert) as batches:
        for batch in batches:
            numbers = _numbers(place, len(batch), [reject.row for reject in invalid])
            place = int(numbers[-1]) if len(numbers) else place
            columns, bad = _decoded(batch, names, numbers, source.address)
            ready = [reject for reject in invalid if reject.row < place]
            invalid[:] = [reject for reject in invalid if reject.row >= place]
            rejects = sorted([*ready, *bad], key=lambda reject: reject.row)
            yield from _cut(columns, numbers - 1, rejects, len(batch) + len(ready), raw.tell(), wanted.rows)
    if invalid:
        yield Chunk(dict.fromkeys(("text", "id"), as_strings([])), list(invalid), len(invalid), raw.tell())


def _header(source: Source, delimiter: str, quoted: bool) -> list[str]:
    """The names of the columns.

    Not by Arrow, which would read on in a thread of its own, and crash at exit where the names are in error.
    """
    import csv

    start = source.stream()[1].read(_BLOCK).decode("utf-8-sig", errors="replace")
    quoting = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    try:
        names = next(filter(None, csv.reader(StringIO(start, newline=""), delimiter=delimiter, quoting=quoting)), [])
    except csv.Error as error:
        raise pa.ArrowInvalid(f"header: {error}") from None
    if not names:
        raise pa.ArrowInvalid("expected a header, found nothing")
    return names


def _numbers(place: int, n: int, skipped: list[int]) -> np.ndarray:
    """The numbers of the next n rows after ``place``, those skipped left out."""
    beyond = np.array([row for row in skipped if row > place], np.int64)
    candidates = np.arange(place + 1, place + 1 + n + len(beyond))
    return candidates[~np.isin(candidates, beyond)][:n]


def _decoded(batch, names: list[str], numbers: np.ndarray, address: str) -> tuple[dict, list[Reject]]:
    """Columns of bytes as text; a row with bytes that are no UTF-8 is a reject, its cells become empty."""
    cells = [batch.column(name) for name in names]
    try:
        return {name: cell.cast(pa.large_string()) for name, cell in zip(names, cells)}, []
    except pa.ArrowInvalid:
        bad = {}
        for cell in cells:
            for row, value in enumerate(cell.to_pylist()):
                try:
                    value.decode()
                except UnicodeDecodeError as error:
                    hint = "; it looks like windows-1252 (--encoding)" if looks_western(value) else ""
                    reason = f"expected UTF-8, found byte 0x{value[error.start]:02x}{hint}"
                    bad[row] = Reject(address, int(numbers[row]), reason, value.decode(errors="replace")[:SHOWN])
        good = int64_column(np.setdiff1d(np.arange(len(batch)), list(bad)))
        columns = {name: cell.take(good).cast(pa.large_string()) for name, cell in zip(names, cells)}
        return columns | {"": good}, list(bad.values())


def _cut(columns: dict, numbers: np.ndarray, rejects: list[Reject], read: int, done: int, rows: int) -> Iterator[Chunk]:
    """Columns of a batch, the text's first, as pieces; rejects go with the first."""
    kept = columns.pop("", None)
    if kept is not None:
        numbers = numbers[integers(kept)]
    text, *rest = columns
    whole = {name: columns[name] for name in rest} | {"text": columns[text]}
    if "id" not in whole:
        whole["id"] = int64_column(numbers).cast(pa.large_string())
    for start in range(0, max(len(numbers), 1), rows):
        part = {name: as_strings(column.slice(start, rows)) for name, column in whole.items()}
        yield Chunk(part, [] if start else rejects, 0 if start else read, done)


def _jsonl(source: Source, wanted: Wanted) -> Iterator[Chunk]:
    raw, stream = source.stream()
    names, number, place = None, 0, 0
    for block in blocks(stream, _BLOCK):
        lines = block.split(b"\n")
        if names is None:
            names = wanted.of(first_keys(lines, source.address), source.address)
        columns, taken, rejects = parsed(block, lines, names, number, source.address)
        number += len(lines) - 1
        read = sum(1 for line in lines if line.strip())
        yield from _cut(columns, place + 1 + taken, rejects, read, raw.tell(), wanted.rows)
        place += read


def _parquet(source: Source, wanted: Wanted) -> Iterator[Chunk]:
    from pyarrow import parquet

    raw = source.open()
    with parquet.ParquetFile(raw) as file:
        names = wanted.of(file.schema_arrow.names, source.address)
        size, whole = raw.size(), max(file.metadata.num_rows, 1)
        groups = range(file.num_row_groups) if source.groups is None else source.groups
        for group in groups:
            place = sum(file.metadata.row_group(before).num_rows for before in range(group))
            for batch in file.iter_batches(wanted.rows, row_groups=[group], columns=names):
                numbers = np.arange(place + 1, place + 1 + len(batch))
                place += len(batch)
                columns, bad = _decoded(_as_bytes(batch), names, numbers, source.address)
                yield from _cut(columns, numbers, bad, len(batch), size * place // whole, wanted.rows)


def _whole(source: Source, wanted: Wanted) -> Iterator[Chunk]:
    """A table that can only be read as a whole."""
    table = read_table(source.address, source.encoding, wanted.delimiter)
    names = wanted.of(table.column_names, source.address)
    columns = {name: strings(table, name, source.address) for name in names}
    n = table.num_rows
    yield from _cut(columns, np.arange(1, n + 1), [], n, Path(source.address).stat().st_size, wanted.rows)


def _as_bytes(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The columns of a batch as bytes, since a writer may have called bytes text that are none."""
    kinds = [
        pa.large_string() if pa.types.is_integer(c.type) or pa.types.is_floating(c.type) else None
        for c in batch.columns
    ]
    cells = [c.cast(kind) if kind else c for c, kind in zip(batch.columns, kinds)]
    return pa.record_batch([cell.cast(pa.large_binary()) for cell in cells], batch.schema.names)
