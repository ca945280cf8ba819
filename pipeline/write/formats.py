"""Row writers for JSONL, CSV and Parquet, which can resume after a crash."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa

from pipeline.errors import InputError
from pipeline.write.output import MIXED_COLUMNS, csv_header

if TYPE_CHECKING:
    from pyarrow import parquet

ROW_GROUP = 100_000  # rows per Parquet row group, independent of batch sizes


class RowWriter:
    """Appends batches of JSONL or CSV to a file."""

    def __init__(self, rows: Path) -> None:
        self._rows, self._file = rows, rows.open("ab")

    def add(self, payload: pa.Table | bytes) -> int:
        """Append a batch encoded by `pipeline.write.output.encoded` and flush; returns the size of the file in bytes."""
        self._file.write(payload)
        self._file.flush()
        return self._file.tell()

    def finish(self, size: int, n_rows: int) -> Path:
        """Close the file and return its path; raises `InputError` if it does not contain the given bytes or rows."""
        self._file.close()
        _check_size(self._rows, self._rows.stat().st_size, size, "bytes")
        return self._rows


class _ParquetWriter(RowWriter):
    """Writes a Parquet file, and its batches as Arrow IPC streams: a Parquet file is unreadable without its footer,
    so a resumed run rebuilds it from the streams."""

    def __init__(self, rows: Path, path: Path, ends: list[int]) -> None:
        super().__init__(rows)
        self._path, self._buffer = path, list[pa.Table]()
        self._writer: parquet.ParquetWriter | None = None
        for start, end in zip([0, *ends], ends):
            with rows.open("rb") as file:
                file.seek(start)
                self._write(pa.ipc.open_stream(file.read(end - start)).read_all())

    def add(self, payload: Any) -> int:
        buffer = pa.BufferOutputStream()
        with pa.ipc.new_stream(buffer, payload.schema) as stream:
            stream.write_table(payload)
        size = super().add(buffer.getvalue())
        self._write(payload)
        return size

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


def open_writer(folder: Path, kind: str, columns: list[str], ends: list[int]) -> RowWriter:
    """Open the writer in a folder.

    ``columns``: names of the table's columns. ``ends``: size of the file in bytes after each finished batch; anything
    after the last is truncated.
    """
    rows = folder / "rows"
    with rows.open("ab") as file:
        cut_back(file, ends[-1] if ends else 0)
        file.write(csv_header(columns) if kind == "csv" and not ends else b"")
    return _ParquetWriter(rows, folder / "whole", ends) if kind == "parquet" else RowWriter(rows)


def cut_back(file: IO[bytes], size: int) -> None:
    """Remove what follows the first ``size`` bytes of a file of a run; raises `InputError` if there are fewer."""
    if (found := file.seek(0, os.SEEK_END)) < size:
        _check_size(Path(file.name), found, size, "bytes")
    file.truncate(size)


def _check_size(path: Path, found: int, expected: int, unit: str) -> None:
    if found != expected:
        raise InputError(
            f"{path}: expected {expected:,} {unit}, found {found:,}: changed by another program; "
            f"delete {path.parent} and start over"
        )
