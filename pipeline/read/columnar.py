"""Read Parquet files by row group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import InputError
from pipeline.read.bounds import AT_ONCE, BLOCK, MANY, portions, require_columns, require_ratio
from pipeline.read.rows import Choose, Rows, decoded
from pipeline.read.source import Source

if TYPE_CHECKING:
    import pyarrow.parquet as pq

_PIECEWISE = {"pre_buffer": False, "buffer_size": BLOCK}  # else Arrow holds a whole row group of the file
# Types read as text, beside `pa.types.is_fixed_size_binary`.
_TEXT = (pa.string(), pa.string_view(), pa.binary(), pa.binary_view(), pa.large_binary())


def parquet_file(raw: pa.NativeFile, **options: Any) -> pq.ParquetFile:
    """Open a Parquet file; raises `pyarrow.ArrowInvalid` if it is not valid or a column name is not UTF-8."""
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(raw, **options)
        file.schema_arrow  # noqa: B018  raises if a damaged footer has invalid names
    except UnicodeDecodeError as error:
        raise pa.ArrowInvalid(f"a column name is not UTF-8: {error}") from None
    return file


def _seekable(source: Source) -> pa.NativeFile:
    """Open a file; a small remote one is read at once, as its server may not support range requests.

    Raises `InputError` if the server of a large file does not support them.
    """
    raw = source.open()
    if not isinstance(raw, pa.PythonFile):
        return raw
    if raw.size() <= AT_ONCE:
        return pa.BufferReader(raw.read_buffer())
    try:
        raw.seek(raw.size() - 8)
        raw.read(8)
    except ValueError:
        raise InputError(f"{source.address}: the server cannot send parts of a file; download it first") from None
    raw.seek(0)
    return raw


def read_parquet(source: Source, choose: Choose) -> Iterator[Rows]:
    """Yield the rows of a Parquet file, or of its selected row groups.

    Raises `InputError` if a column looks like a decompression bomb, there are too many, or a server cannot send parts of
    a large file; `pyarrow.ArrowInvalid` if the file is not valid, or two columns have the same name.
    """
    raw = _seekable(source)
    with parquet_file(raw, **_PIECEWISE) as file:
        names = choose(require_columns(_distinct(file.schema_arrow.names), source.address))
        texts = [name for name in names if _plain(file.schema_arrow.field(name).type) == pa.large_string()]
        size, whole = raw.size(), max(file.metadata.num_rows, 1)
        groups = range(file.num_row_groups) if source.groups is None else source.groups
        with parquet_file(_seekable(source), read_dictionary=texts, metadata=file.metadata, **_PIECEWISE) as coded:
            for group in groups:
                place = sum(file.metadata.row_group(before).num_rows for before in range(group))
                end = place + file.metadata.row_group(group).num_rows
                _require_honest(file.metadata.row_group(group), names, source.address)
                for batch in _batches(file, coded, group, names, texts):
                    numbers = np.arange(place + 1, place + 1 + len(batch))
                    place += len(batch)
                    columns = {name: _as_bytes(batch.column(name)) for name in names}
                    columns, kept, rejects = decoded(columns, numbers, source.address)
                    yield Rows(columns, kept, rejects, len(batch), size * place // whole)
                if (missing := end - place) > 0:
                    raise InputError(f"{source.address}: ends {missing:,} rows before the end that its footer states")


def _distinct(names: list[str]) -> list[str]:
    """Return the names; raises `pyarrow.ArrowInvalid` if one occurs twice: Arrow cannot select such columns by name."""
    if twice := [name for name, n in Counter(names).items() if n > 1]:
        raise pa.ArrowInvalid(f"two columns are named {twice[0]!r}; rename one")
    return names


def _require_honest(group: pq.RowGroupMetaData, names: list[str], address: str) -> None:
    """Raise `InputError` if a column to read looks like a decompression bomb."""
    for k in range(group.num_columns):
        column = group.column(k)
        if column.path_in_schema.split(".")[0] in names:
            require_ratio(column.total_uncompressed_size, column.total_compressed_size, address)


def _batches(
    file: pq.ParquetFile, coded: pq.ParquetFile, group: int, names: list[str], texts: list[str]
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a row group, at most about `AT_ONCE` bytes at a time.

    A repeated text is stored once, so a small file may expand to terabytes of text. If the longest text could
    fill a batch, the texts are read as references (``coded``) and expanded only as far as there is room.
    """
    sizes = file.metadata.row_group(group)
    together = min(MANY, max(AT_ONCE // max(sizes.total_byte_size // max(sizes.num_rows, 1), 1), 1))
    first = next(coded.iter_batches(1, row_groups=[group], columns=texts), None) if texts else None
    longest = sum(int(pc.max(_sizes(column.dictionary)).as_py() or 0) for column in first or () if _is_coded(column))
    if longest * together <= AT_ONCE:
        yield from file.iter_batches(together, row_groups=[group], columns=names)
        return
    for batch in coded.iter_batches(together, row_groups=[group], columns=names):
        size = np.zeros(len(batch), np.int64)
        for column in batch.columns:
            if _is_coded(column):
                size += _sizes(column.dictionary).take(column.indices).fill_null(0).to_numpy(zero_copy_only=False)
        yield from (batch[part] for part in portions(size))


def _is_coded(column: pa.Array) -> bool:
    return pa.types.is_dictionary(column.type) and _plain(column.type) == pa.large_string()


def _sizes(texts: pa.Array) -> pa.Array:
    return pc.binary_length(texts).cast(pa.int64())


def parquet_columns(source: Source) -> dict[str, pa.DataType]:
    """Return the columns of a Parquet file and their types, as `read_parquet` yields them; raises as it does."""
    with parquet_file(_seekable(source)) as file:
        schema = file.schema_arrow
    return {name: _plain(kind) for name, kind in zip(_distinct(schema.names), schema.types)}


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return pa.large_string() if kind in _TEXT or pa.types.is_fixed_size_binary(kind) else kind


def _as_bytes(column: pa.Array) -> pa.Array:
    """Convert a text column to bytes: the file may declare bytes as text that are not UTF-8."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.cast(pa.large_binary()) if _plain(column.type) == pa.large_string() else column
