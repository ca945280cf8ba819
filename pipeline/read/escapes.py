"""Carry bytes that are not UTF-8 through a reader that accepts only UTF-8: each becomes a private character."""

from __future__ import annotations

import codecs
import re

import numpy as np
import pyarrow as pa

from pipeline.read.bounds import Readable

_FIRST = 0x10FF00  # byte b becomes U+10FF00 + b, of a private area that no text uses
_ESCAPED = re.compile(rb"\xf4\x8f[\xbe\xbf][\x80-\xbf]")


def _escape(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101
    return "".join(chr(_FIRST + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error("detente-escape", _escape)


def is_utf8(data: bytes) -> bool:
    """Return whether bytes are UTF-8; Arrow is faster than ``bytes.decode``."""
    ends = pa.py_buffer(np.array([0, len(data)], np.int64))
    try:
        pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(data)]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


class Escaped:
    """A stream with each byte that is not UTF-8 escaped."""

    def __init__(self, stream: Readable) -> None:
        self._stream, self._decoder = stream, codecs.getincrementaldecoder("utf-8")("detente-escape")

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, up to four times ``size``; empty at the end."""
        text, data = "", b"\0"
        while data and not text:
            data = self._stream.read(size)
            text = self._decoder.decode(data, not data)
        return text.encode()


def restored(data: bytes) -> bytes:
    r"""Return the bytes before they were escaped.

    Examples
    --------
    >>> from io import BytesIO
    >>> Escaped(BytesIO(b"caf\xe9.")).read(9)
    b'caf\xf4\x8f\xbf\xa9.'
    >>> restored(_)
    b'caf\xe9.'
    """
    return _ESCAPED.sub(lambda found: bytes([ord(found[0].decode()) - _FIRST]), data)
