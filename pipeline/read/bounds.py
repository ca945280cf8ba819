"""How much of anything is read: the bounds of a text, a record, a table and an archive, in one place.

News keeps far within them. What is beyond is set aside with the reason, before it is held in memory: nobody's feed then
ends a run, by accident or on purpose. Sizes are in bytes of UTF-8, decompressed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrays.arrow import integers
from pipeline.errors import InputError

BLOCK = 4 << 20  # read together; a record must fit, since Arrow reads no row that is longer than its block
TEXT = 1 << 20  # a snippet or an article; a long novel has as much
RECORD = 2 << 20  # a line of JSON, a row of a table
WHOLE = 256 << 20  # a file that cannot be read in parts: JSON array, feed, Excel, other encodings
PAGE = 16 << 20  # a web page, e-mail or PDF, which is more than its text
NESTING = 64  # of lists and objects in JSON; Arrow's reader ends the program beyond some thousands
COLUMNS = 1_024  # of a table
RATIO, RATIO_FROM = 200, 64 << 20  # an archive that unpacks to more than 64 MB, and to 200 times its size, is a bomb

# What stands in place of a record that is too long: no row of any table, and no JSON.
MARK = b"\x01record beyond the bound\x01"
TOO_LONG = f"longer than {RECORD >> 20} MB, the bound of a row; cut the text into articles"
TOO_NESTED = f"nested deeper than {NESTING} lists and objects, the bound of JSON"


def text_reason(size: int) -> str:
    """Why a text of ``size`` bytes is set aside."""
    return f"{size:,} bytes, more than {TEXT:,}, the bound of one text; cut it into articles"


def too_large(texts: pa.Array) -> dict[int, str]:
    """The reason by index of each text that is over the bound.

    Examples
    --------
    >>> too_large(pa.array(["short", "x" * 1_048_577], pa.large_string()))
    {1: '1,048,577 bytes, more than 1,048,576, the bound of one text; cut it into articles'}
    """
    if texts.nbytes <= TEXT:
        return {}
    sizes = integers(pc.binary_length(texts))
    return {int(row): text_reason(int(sizes[row])) for row in (sizes > TEXT).nonzero()[0]}


def require_columns(names: list[str], address: str) -> list[str]:
    """The names; raises `InputError` where a table has too many columns."""
    if len(names) > COLUMNS:
        raise InputError(f"{address}: {len(names):,} columns; expected at most {COLUMNS:,}")
    return names


def require_size(size: int, most: int, address: str | Path) -> None:
    """Raise `InputError` where what must be read as a whole is larger than ``most`` bytes."""
    if size > most:
        raise InputError(f"{address}: larger than {most:,} bytes, the bound of what is read as a whole; divide it")


def nested(line: bytes) -> bool:
    """Whether a line of JSON is nested too deeply. Brackets in its strings do not count.

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
    """What bytes are read from: a file, a pipe, Arrow's streams and those of this module."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most ``size``; none at the end."""


class Unpacked:
    """The stream of what is in an archive; raises `InputError` once that is far more than an archive of news holds."""

    def __init__(self, raw: pa.NativeFile, stream: pa.NativeFile, address: str) -> None:
        self._raw, self._stream, self._address, self._size = raw, stream, address, 0

    def read(self, size: int | None = None) -> bytes:
        """The next bytes, at most ``size``, or all."""
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(BLOCK), b""))
        data = self._stream.read(size)
        self._size += len(data)
        if self._size > RATIO_FROM and self._size > RATIO * self._raw.size():
            raise InputError(
                f"{self._address}: unpacks to more than {RATIO} times its size, as no news does; "
                "unpack it yourself if it is sound"
            )
        return data


def whole(stream: Readable, address: str) -> bytes:
    """All that is in a stream; raises `InputError` where it is more than `WHOLE`."""
    parts, size = [], 0
    while part := stream.read(BLOCK):
        size += len(part)
        require_size(size, WHOLE, address)
        parts.append(part)
    return b"".join(parts)


def records(stream: Readable, quoted: bool, mark: bytes = MARK) -> Iterator[bytes]:
    """Blocks of whole records, in place of each that is too long ``mark``; the last may lack its line end.

    Parameters
    ----------
    stream : with a method ``read``.
    quoted : whether a line end between quotation marks belongs to the record.
    """
    held, rest, skipping = (
        b"",
        b"",
        False,
    )  # what follows the last end of a record; whether it is the tail of one that is too long
    odd = False  # where skipping: whether a quotation mark is open
    while chunk := stream.read(BLOCK):
        if skipping:
            end = _first_end(chunk, quoted, odd)
            if end < 0:
                odd ^= bool(chunk.count(b'"') % 2)
                continue
            chunk, skipping = chunk[end + 1 :], False
        data = rest + chunk
        cut = _last_end(data, quoted) + 1
        ready, rest = data[:cut], data[cut:]
        if len(rest) > RECORD:
            odd, skipping, rest = bool(rest.count(b'"') % 2), True, b""
            ready += mark + b"\n"
        if ready:
            if held:
                yield held
            held = _marked(ready, quoted, mark)
    if held or rest:
        yield held + rest


class Counted:
    """A stream that counts the quotation marks that went by."""

    def __init__(self, stream: Readable) -> None:
        self._stream, self.quotes = stream, 0

    def read(self, size: int) -> bytes:
        """The next bytes."""
        data = self._stream.read(size)
        self.quotes += data.count(b'"')
        return data


class Shortened:
    """What `records` gives as a file that Arrow reads from."""

    closed = False

    def __init__(self, stream: Readable, quoted: bool, mark: bytes) -> None:
        self._blocks, self._rest = records(stream, quoted, mark), b""

    def read(self, size: int) -> bytes:
        """The next bytes, none at the end."""
        if not self._rest:
            self._rest = next(self._blocks, b"")
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def close(self) -> None:
        """Nothing to do: the file below is closed by its owner."""


def _last_end(data: bytes, quoted: bool) -> int:
    """The last line end that is the end of a record, or -1."""
    end = data.rfind(b"\n")
    if not quoted or end < 0:
        return end
    odd = data.count(b'"', 0, end) % 2
    while odd and end >= 0:
        before = data.rfind(b'"', 0, end)
        if before < 0:
            return -1
        # Behind this mark all is text; the record that it opens ends no sooner.
        end = data.rfind(b"\n", 0, before)
        odd = data.count(b'"', 0, max(end, 0)) % 2
    return end


def _first_end(data: bytes, quoted: bool, odd: bool) -> int:
    """The first line end that is the end of a record, or -1; ``odd``: a quotation mark is open."""
    end, seen = data.find(b"\n"), 0
    while quoted and end >= 0:
        odd ^= bool(data.count(b'"', seen, end) % 2)
        if not odd:
            return end
        seen = data.find(b'"', end)
        end = data.find(b"\n", seen) if seen >= 0 else -1
    return end


def _marked(block: bytes, quoted: bool, mark: bytes) -> bytes:
    """A block of whole records without those in its midst that are too long."""
    if len(block) <= RECORD:
        return block
    kept, start = [], 0
    while start < len(block):
        far = _last_end(block[start : start + RECORD + 1], quoted)
        if far < 0:  # the record that begins here is too long
            end = _first_end(block[start:], quoted, False)
            far = end if end >= 0 else len(block) - start - 1
            kept.append(mark + b"\n")
        else:
            kept.append(block[start : start + far + 1])
        start += far + 1
    return b"".join(kept)
