"""Python and NumPy to Arrow columns and back.

``pyarrow.array`` and ``Array.to_numpy`` import pandas if it is installed, which takes 0.4 s: more
than scoring a sentence. These functions read and write Arrow's buffers instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa

from pipeline.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

# Accepted containers of texts; none is modified.
Texts: TypeAlias = "Sequence[str] | np.ndarray | pd.Series | pa.Array | pa.ChunkedArray"


def as_strings(texts: Texts) -> pa.Array:
    """Any list, Series or Arrow column of texts as one Arrow ``large_string`` array; null is empty."""
    if not isinstance(texts, (pa.Array, pa.ChunkedArray)):
        return _from_python(texts)  # because `pa.array` imports pandas
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    if texts.type != pa.large_string():
        texts = texts.cast(pa.large_string())
    return texts.fill_null(string("")) if texts.null_count else texts


def string(value: str) -> pa.Scalar:
    """A Python string as Arrow's; ``pa.scalar`` imports pandas."""
    return _from_python([value])[0]


def _from_python(texts: Iterable[str | None]) -> pa.Array:
    encoded = [text.encode() if isinstance(text, str) else _missing(text, row) for row, text in enumerate(texts)]
    offsets = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum([len(text) for text in encoded], out=offsets[1:])
    return pa.LargeStringArray.from_buffers(len(encoded), pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded)))


def _missing(text: object, row: int) -> bytes:
    """Empty for None and NaN; raises `InputError` for anything else."""
    if text is None or text != text:
        return b""
    raise InputError(f"text {row + 1}: expected a string, got {type(text).__name__}")


def int64_column(values: np.ndarray) -> pa.Array:
    """A NumPy int64 array as an Arrow column, without a copy."""
    return pa.Int64Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def float64_column(values: np.ndarray) -> pa.Array:
    """A NumPy float64 array as an Arrow column, without a copy."""
    return pa.DoubleArray.from_buffers(pa.float64(), len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def named(codes: np.ndarray, names: tuple[str, ...]) -> pa.Array:
    """The name of each code, as an Arrow column of strings."""
    return as_strings(names).take(int64_column(codes.astype(np.int64)))


def integers(column: pa.Array, missing: int = -1) -> np.ndarray:
    """An Arrow integer array as NumPy's, nulls replaced."""
    kind = np.dtype(str(column.type))
    values = np.frombuffer(column.buffers()[1], kind)[column.offset : column.offset + len(column)]
    if not column.null_count:
        return values
    return np.where(_bits(column.buffers()[0], column), values, missing).astype(kind)


def booleans(column: pa.Array) -> np.ndarray:
    """An Arrow boolean array without nulls as NumPy's."""
    return _bits(column.buffers()[1], column)


def _bits(buffer: pa.Buffer, column: pa.Array) -> np.ndarray:
    """The bits of a bitmap that belong to the column."""
    if not len(column):
        return np.zeros(0, bool)
    bits = np.unpackbits(np.frombuffer(buffer, np.uint8), bitorder="little")
    return bits[column.offset : column.offset + len(column)].astype(bool)


def mask(flags: np.ndarray) -> pa.Array:
    """A NumPy mask as an Arrow boolean array."""
    packed = np.packbits(flags, bitorder="little")
    return pa.BooleanArray.from_buffers(pa.bool_(), len(flags), [None, pa.py_buffer(packed)])


def nullable_strings(values: Sequence[str | None]) -> pa.Array:
    """A list of strings and None as an Arrow ``large_string`` array that keeps the nulls."""
    column = _from_python(values)
    absent = np.array([value is None for value in values], bool)
    if not absent.any():
        return column
    packed = pa.py_buffer(np.packbits(~absent, bitorder="little"))
    return pa.LargeStringArray.from_buffers(len(column), *column.buffers()[1:], packed)
