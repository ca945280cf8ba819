"""Size limits for texts, records, tables and archives.

News stays far below these limits. Larger input is rejected with a reason before it is loaded into memory, so that no
feed can crash a run, by accident or on purpose. Sizes are in bytes of decompressed UTF-8.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrays.arrow import integers
from pipeline.errors import InputError

BLOCK = 4 << 20  # bytes per read; Arrow cannot read a row longer than its block
TEXT = 1 << 20  # one snippet or article; about the length of a long novel
RECORD = 2 << 20  # one JSON line or table row
WHOLE = 256 << 20  # a file that must be read at once: feed, Excel, Stata, encodings other than UTF-8
PAGE = 16 << 20  # one web page, e-mail or PDF, which is larger than its text
ELEMENTS = 50_000  # tags of a web page; finding the main text of more takes minutes
NESTING = 64  # depth of JSON; Arrow's reader crashes at a depth of some thousands
COLUMNS = 1_024  # per table
CELLS = 10_000_000  # of a sheet: its rows that are not empty times its columns
MANY, AT_ONCE = 16_000, 64 * TEXT  # rows, and their bytes, that are held at a time
RATIO, RATIO_FROM = 200, 64 << 20  # decompression bomb: over 64 MB and over 200 times the compressed size

# Replaces a record over the size limit; it is neither a valid table row nor valid JSON.
MARK = b"\x01record beyond the bound\x01"
TOO_LONG = f"longer than {RECORD >> 20} MB, the limit for one row; split the text into articles"
TOO_NESTED = f"nested deeper than {NESTING} levels, the limit for JSON"


def text_reason(size: int) -> str:
    """Return the reason for rejecting a text of ``size`` bytes."""
    return f"{size:,} bytes, over the limit of {TEXT:,} for one text; split it into articles"


def too_large(texts: pa.Array) -> dict[int, str]:
    """Return the reason for each text over the size limit, by index.

    Examples
    --------
    >>> too_large(pa.array(["short", "x" * 1_048_577], pa.large_string()))
    {1: '1,048,577 bytes, over the limit of 1,048,576 for one text; split it into articles'}
    """
    if texts.nbytes <= TEXT:
        return {}
    sizes = integers(pc.binary_length(texts))
    return {int(row): text_reason(int(sizes[row])) for row in (sizes > TEXT).nonzero()[0]}


def require_columns(names: list[str], address: str) -> list[str]:
    """Return the names; raises `InputError` if there are too many."""
    if len(names) > COLUMNS:
        raise InputError(f"{address}: {len(names):,} columns; expected at most {COLUMNS:,}")
    return names


def require_size(size: int, most: int, address: str | Path) -> None:
    """Raise `InputError` if a file that must be read at once is larger than ``most`` bytes."""
    if size > most:
        raise InputError(f"{address}: larger than {most:,} bytes, the limit for a file of this kind; split it")


def require_ratio(size: int, packed: int, address: str | Path) -> None:
    """Raise `InputError` if ``packed`` bytes decompress to so many that they look like a decompression bomb."""
    if size > RATIO_FROM and size > RATIO * packed:
        raise InputError(
            f"{address}: decompresses to more than {RATIO} times its size; if you trust the file, decompress it first"
        )


def portions(sizes: np.ndarray) -> Iterator[slice]:
    """Yield slices of rows of the given (n,) sizes in bytes: at most `MANY` rows, and about `AT_ONCE` bytes if it can be.

    Examples
    --------
    >>> list(portions(np.array([10, AT_ONCE, 10, 10])))
    [slice(0, 1, None), slice(1, 4, None)]
    """
    part = np.cumsum(sizes) // AT_ONCE
    cuts = np.union1d(np.flatnonzero(np.diff(part)) + 1, np.arange(MANY, len(sizes), MANY))
    for start, end in pairwise([0, *cuts.tolist(), len(sizes)]):
        yield slice(start, end)


def nested(line: bytes) -> bool:
    """Return whether a line of JSON is nested too deeply. Brackets in strings do not count.

    Examples
    --------
    >>> nested(b'{"a": [1, [2]]}'), nested(b"[" * 65 + b"]" * 65), nested(b'{"a": "' + b"[" * 99 + b'"}')
    (False, True, False)
    """
    if line.count(b"[") + line.count(b"{") <= NESTING:
        return False
    depth, quoted, escaped = 0, False, False
    for byte in line:
        if quoted:
            quoted, escaped = byte != 0x22 or escaped, byte == 0x5C and not escaped
        elif byte in b'"[]{}':
            quoted, depth = byte == 0x22, depth + (byte in b"[{") - (byte in b"]}")
            if depth > NESTING:
                return True
    return False


class Readable(Protocol):
    """A source of bytes: a file, a pipe, an Arrow stream or a stream of this module."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most ``size``; empty at the end."""


class Unpacked:
    """A decompressed stream; raises `InputError` if it looks like a decompression bomb."""

    def __init__(self, raw: pa.NativeFile, stream: pa.NativeFile, address: str) -> None:
        self._raw, self._stream, self._address, self._size = raw, stream, address, 0

    def read(self, size: int | None = None) -> bytes:
        """Return the next bytes, at most ``size``, or all that remain."""
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(BLOCK), b""))
        data = self._stream.read(size)
        self._size += len(data)
        if self._size > RATIO_FROM:
            require_ratio(self._size, self._raw.size(), self._address)
        return data


def whole(stream: Readable, address: str, most: int = WHOLE) -> bytes:
    """Read a stream to its end; raises `InputError` if it is larger than ``most`` bytes."""
    parts, size = [], 0
    while part := stream.read(BLOCK):
        size += len(part)
        require_size(size, most, address)
        parts.append(part)
    return b"".join(parts)
