"""Conversions between Python, NumPy and Arrow that do not import pandas.

``pyarrow.array`` and ``Array.to_numpy`` import pandas if it is installed, which takes 0.4 s: more
than scoring a sentence. These functions access Arrow's buffers directly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

# Accepted collections of texts; none is modified.
Texts: TypeAlias = "Sequence[str | None] | np.ndarray | pd.Series | pa.Array | pa.ChunkedArray"
# Missing values as strings: None, NaN, and pandas' NA and NaT. Comparing with pandas' objects would import it.
_MISSING = frozenset(("None", "nan", "NaN", "<NA>", "NaT"))


def as_strings(texts: Texts) -> pa.Array:
    """Convert a list, Series or Arrow column of texts to one Arrow ``large_string`` array.

    A missing value becomes the empty string, and a character that UTF-8 cannot encode (a lone surrogate) becomes "?".

    Raises `InputError` if a list element is not a string, or an Arrow column cannot be cast to strings.
    """
    if not isinstance(texts, (pa.Array, pa.ChunkedArray)):
        return _from_python(texts)  # because `pa.array` imports pandas
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    if texts.type != pa.large_string():
        try:
            texts = cast_to_strings(texts)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise InputError(f"expected strings, got a column of type {texts.type}") from None
    return texts.fill_null(string("")) if texts.null_count else texts


def cast_to_strings(column: pa.Array) -> pa.Array:
    """Cast a column to ``large_string``; a time in a zone that this machine does not know is given in UTC."""
    try:
        return column.cast(pa.large_string())
    except pa.ArrowInvalid:  # many containers have no database of time zones
        if not pa.types.is_timestamp(column.type) or column.type.tz is None:
            raise
        utc = column.cast(pa.timestamp(column.type.unit)).cast(pa.large_string())
        return pc.binary_join_element_wise(utc, string("Z"), string(""))


def string(value: str) -> pa.Scalar:
    """A Python string as an Arrow scalar; ``pa.scalar`` imports pandas."""
    return _from_python([value])[0]


def _from_python(texts: Iterable[str | None]) -> pa.Array:
    encoded = [
        text.encode("utf-8", "replace") if isinstance(text, str) else _encode_missing(text, row)
        for row, text in enumerate(texts)
    ]
    offsets = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum([len(text) for text in encoded], out=offsets[1:])
    return pa.LargeStringArray.from_buffers(len(encoded), pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded)))


def _encode_missing(text: object, row: int) -> bytes:
    """The empty string for a missing value; raises `InputError` for any other type."""
    if _is_missing(text):
        return b""
    raise InputError(f"text {row + 1}: expected a string, got {type(text).__name__}")


def _is_missing(value: object) -> bool:
    """Whether a value is None, NaN, or pandas' NA or NaT."""
    return not isinstance(value, str) and str(value) in _MISSING


def column_called(frame: pd.DataFrame, name: str, where: str) -> pd.Series:
    """The column of a DataFrame with this name as a string; raises `InputError` if several columns have it."""
    names = list(map(str, frame.columns))
    if names.count(name) > 1:
        raise InputError(f"{where}: {names.count(name)} columns are called {name!r}; rename all but one")
    return frame.iloc[:, names.index(name)]


def from_pandas(column: pd.Series) -> pa.Array:
    """A pandas column as an Arrow array; values without a common Arrow type become strings."""
    if hasattr(column.dtype, "freq"):  # periods
        column = column.dt.to_timestamp()
    try:
        made = pa.Array.from_pandas(column)
    except (pa.ArrowException, ValueError, OverflowError):
        made = as_strings(["" if _is_missing(value) else str(value) for value in column])
    if isinstance(made, pa.ChunkedArray):
        made = made.combine_chunks()
    return as_strings(made) if pa.types.is_string(made.type) else made


def int64_column(values: np.ndarray) -> pa.Array:
    """An (n,) int64 NumPy array as an Arrow column, without a copy."""
    return pa.Int64Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def float64_column(values: np.ndarray) -> pa.Array:
    """An (n,) float64 NumPy array as an Arrow column, without a copy."""
    return pa.DoubleArray.from_buffers(pa.float64(), len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def named(codes: np.ndarray, names: tuple[str, ...]) -> pa.Array:
    """The name for each of (n,) codes, indices into ``names``, as an Arrow column of strings; -1 is the last name."""
    return as_strings(names).take(int64_column(codes.astype(np.int64) % len(names)))


def integers(column: pa.Array, missing: int = -1) -> np.ndarray:
    """(n,) an Arrow integer array as a NumPy array of its type, with ``missing`` in place of nulls."""
    kind = np.dtype(str(column.type))
    values = np.frombuffer(column.buffers()[1], kind)[column.offset : column.offset + len(column)]
    if not column.null_count:
        return values
    return np.where(_bits(column.buffers()[0], column), values, missing).astype(kind)


def booleans(column: pa.Array) -> np.ndarray:
    """(n,) bool: an Arrow boolean array without nulls as a NumPy array."""
    return _bits(column.buffers()[1], column)


def _bits(buffer: pa.Buffer, column: pa.Array) -> np.ndarray:
    """The bits of a bitmap that belong to the column."""
    if not len(column):
        return np.zeros(0, bool)
    bits = np.unpackbits(np.frombuffer(buffer, np.uint8), bitorder="little")
    return bits[column.offset : column.offset + len(column)].astype(bool)


def mask(flags: np.ndarray) -> pa.Array:
    """A NumPy mask, (n,) bool, as an Arrow boolean array."""
    packed = np.packbits(flags, bitorder="little")
    return pa.BooleanArray.from_buffers(pa.bool_(), len(flags), [None, pa.py_buffer(packed)])


def nullable_strings(values: Sequence[str | None]) -> pa.Array:
    """A list of strings and None as an Arrow ``large_string`` array that keeps the nulls."""
    column = _from_python(values)
    is_null = np.array([value is None for value in values], bool)
    if not is_null.any():
        return column
    packed = pa.py_buffer(np.packbits(~is_null, bitorder="little"))
    return pa.LargeStringArray.from_buffers(len(column), *column.buffers()[1:], packed)
