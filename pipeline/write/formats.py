"""Where scored rows are kept while a run goes on, batch by batch, and how they become the file that was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from pipeline.errors import InputError
from pipeline.write.output import UNLIKE, csv_header, encoded

if TYPE_CHECKING:
    from pyarrow import parquet

ROW_GROUP = 100_000  # rows of a Parquet row group, whatever the batches were


class RowWriter(Protocol):
    """Rows on their way into a file."""

    def add(self, payload: pa.Table | bytes) -> int:
        """Keep the payload of a batch (`encode_rows`), and return how many bytes are kept then."""

    def finish(self, size: int, n_rows: int) -> Path:
        """Complete the file, check that it holds what was written and nothing else, and return its path.

        Parameters
        ----------
        size : bytes kept after the last batch.
        n_rows : rows of all batches.
        """


def encode_rows(table: pa.Table, kind: str) -> bytes | pa.Table:
    """What a sink takes of a scored batch; made where the batch is scored, since it costs time."""
    return table.combine_chunks() if kind == "parquet" else encoded(table, kind)


def open_writer(folder: Path, kind: str, columns: list[str], ends: list[int]) -> RowWriter:
    """The sink in a folder.

    Parameters
    ----------
    columns : the columns of the table.
    ends : how many bytes were kept after each batch that is finished; what stands behind the last is cut off.
    """
    rows = folder / "rows"
    with rows.open("ab") as file:
        file.truncate(ends[-1] if ends else 0)
    if kind == "parquet":
        return _Columns(rows, folder / "whole", ends)
    return _Lines(rows, csv_header(columns) if kind == "csv" and not ends else b"")


class _Lines:
    """Rows of JSONL or CSV: the file itself, growing."""

    def __init__(self, rows: Path, head: bytes) -> None:
        self._rows = rows
        self._file = rows.open("ab")
        self._file.write(head)

    def add(self, payload: bytes) -> int:
        self._file.write(payload)
        self._file.flush()
        return self._file.tell()

    def finish(self, size: int, n_rows: int) -> Path:
        self._file.close()
        _check(self._rows, self._rows.stat().st_size, size, "bytes")
        return self._rows


class _Columns:
    """Rows of Parquet: kept as Arrow batches, since a Parquet file is of no use until its end is written, and written
    into the Parquet file as they come."""

    def __init__(self, rows: Path, whole: Path, ends: list[int]) -> None:
        self._rows, self._whole = rows, whole
        self._writer: parquet.ParquetWriter | None = None
        self._waiting: list[pa.Table] = []
        for begin, end in zip([0, *ends], ends):
            with rows.open("rb") as file:
                file.seek(begin)
                self._write(pa.ipc.open_stream(file.read(end - begin)).read_all())
        self._file = rows.open("ab")

    def add(self, payload: pa.Table) -> int:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, payload.schema) as stream:
            stream.write_table(payload)
        self._file.write(sink.getvalue())
        self._file.flush()
        self._write(payload)
        return self._file.tell()

    def finish(self, size: int, n_rows: int) -> Path:
        from pyarrow import parquet

        self._flush(1)
        if self._writer is not None:
            self._writer.close()
        self._file.close()
        _check(self._whole, parquet.read_metadata(self._whole).num_rows, n_rows, "rows")
        return self._whole

    def _write(self, table: pa.Table) -> None:
        if self._writer is None:
            from pyarrow import parquet

            named = [name for name in ("stance", "event") if name in table.column_names]
            self._writer = parquet.ParquetWriter(self._whole, table.schema, use_dictionary=named)
        elif self._writer.schema != table.schema:
            raise InputError(UNLIKE)
        self._waiting.append(table)
        self._flush(ROW_GROUP)

    def _flush(self, least: int) -> None:
        while self._writer is not None and sum(map(len, self._waiting)) >= least:
            table = pa.concat_tables(self._waiting)
            self._writer.write_table(table.slice(0, ROW_GROUP), row_group_size=ROW_GROUP)
            self._waiting = [table.slice(ROW_GROUP)]


def _check(path: Path, found: int, expected: int, unit: str) -> None:
    """Raise `InputError` where a finished file does not hold what was written into it."""
    if found != expected:
        raise InputError(
            f"{path}: expected {expected:,} {unit}, found {found:,}; something else wrote here; start again"
        )
