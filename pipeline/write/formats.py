"""Row writers for JSONL, CSV and Parquet, which can resume after a crash."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from pipeline.errors import InputError
from pipeline.write.output import MIXED_COLUMNS, csv_header

if TYPE_CHECKING:
    from pyarrow import parquet

ROW_GROUP = 100_000  # rows per Parquet row group, independent of batch sizes


class RowWriter(Protocol):
    """Appends encoded batches to a file."""

    def add(self, payload: pa.Table | bytes) -> int:
        """Append a batch encoded by `pipeline.write.output.encoded` and flush; returns the size of the file in bytes."""

    def finish(self, size: int, n_rows: int) -> Path:
        """Close the file, check that it contains exactly what was written, and return its path.

        Parameters
        ----------
        size : size of the file in bytes after the last batch.
        n_rows : number of rows in all batches.
        """


def open_writer(folder: Path, kind: str, columns: list[str], ends: list[int]) -> RowWriter:
    """Open the writer in a folder.

    Parameters
    ----------
    columns : names of the table's columns.
    ends : size of the file in bytes after each finished batch; anything after the last is truncated.
    """
    rows = folder / "rows"
    with rows.open("ab") as file:
        file.truncate(ends[-1] if ends else 0)
    if kind == "parquet":
        return _ParquetWriter(rows, folder / "whole", ends)
    return _LineWriter(rows, csv_header(columns) if kind == "csv" and not ends else b"")


class _LineWriter:
    """Appends JSONL or CSV lines."""

    def __init__(self, rows: Path, header: bytes) -> None:
        self._rows = rows
        self._file = rows.open("ab")
        self._file.write(header)

    def add(self, payload: bytes) -> int:
        self._file.write(payload)
        self._file.flush()
        return self._file.tell()

    def finish(self, size: int, n_rows: int) -> Path:
        self._file.close()
        _check_size(self._rows, self._rows.stat().st_size, size, "bytes")
        return self._rows


class _ParquetWriter:
    """Writes a Parquet file, and its batches as Arrow IPC streams: a Parquet file is unreadable without its footer,
    so a resumed run rebuilds it from the streams."""

    def __init__(self, rows: Path, path: Path, ends: list[int]) -> None:
        self._rows, self._path = rows, path
        self._writer: parquet.ParquetWriter | None = None
        self._buffer: list[pa.Table] = []
        for start, end in zip([0, *ends], ends):
            with rows.open("rb") as file:
                file.seek(start)
                self._write(pa.ipc.open_stream(file.read(end - start)).read_all())
        self._file = rows.open("ab")

    def add(self, payload: pa.Table) -> int:
        buffer = pa.BufferOutputStream()
        with pa.ipc.new_stream(buffer, payload.schema) as stream:
            stream.write_table(payload)
        self._file.write(buffer.getvalue())
        self._file.flush()
        self._write(payload)
        return self._file.tell()

    def finish(self, size: int, n_rows: int) -> Path:
        from pyarrow import parquet

        self._flush(1)
        if self._writer is not None:
            self._writer.close()
        self._file.close()
        _check_size(self._path, parquet.read_metadata(self._path).num_rows, n_rows, "rows")
        return self._path

    def _write(self, table: pa.Table) -> None:
        if self._writer is None:
            from pyarrow import parquet

            dictionary = [name for name in ("stance", "event") if name in table.column_names]
            self._writer = parquet.ParquetWriter(self._path, table.schema, use_dictionary=dictionary)
        elif self._writer.schema != table.schema:
            raise InputError(MIXED_COLUMNS)
        self._buffer.append(table)
        self._flush(ROW_GROUP)

    def _flush(self, at_least: int) -> None:
        while self._writer is not None and sum(map(len, self._buffer)) >= at_least:
            table = pa.concat_tables(self._buffer)
            self._writer.write_table(table.slice(0, ROW_GROUP), row_group_size=ROW_GROUP)
            self._buffer = [table.slice(ROW_GROUP)]


def _check_size(path: Path, found: int, expected: int, unit: str) -> None:
    """Raise `InputError` if the size of a finished file is not what was written."""
    if found != expected:
        raise InputError(
            f"{path}: expected {expected:,} {unit}, found {found:,}: changed by another program; "
            f"delete {path.parent} and start over"
        )
