"""A stream kept in a temporary file without a name: nothing stays behind when the process is killed."""

from __future__ import annotations

import io
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from pipeline.read.bounds import BLOCK, Readable


@contextmanager
def spooled(start: bytes, rest: Readable) -> Iterator[Callable[[], pa.NativeFile]]:
    """Copy a stream to a temporary file; yields a function that opens the copy at its start, any number of times."""
    with tempfile.TemporaryFile() as kept:
        kept.write(start)
        while part := rest.read(BLOCK):
            kept.write(part)
        lock = threading.Lock()
        kept.flush()
        yield lambda: pa.PythonFile(_Reopened(kept, lock), "r")


class _Reopened(io.RawIOBase):
    """One of several readers of a file, each with a place of its own."""

    def __init__(self, file: io.BufferedRandom, lock: threading.Lock) -> None:
        self._file, self._lock, self._place = file, lock, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._place = offset + (0, self._place, os.fstat(self._file.fileno()).st_size)[whence]
        return self._place

    def readinto(self, into: Any) -> int:
        with self._lock:
            self._file.seek(self._place)
            size = self._file.readinto(into)
        self._place += size
        return size
