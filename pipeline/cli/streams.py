"""Standard streams that are closed, that nobody reads, or whose code page lacks characters."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from typing import TextIO, cast


class Stream:
    """A standard stream. After a failure of one of the ``dropped`` kinds, the rest of what is written is dropped.

    So a command still writes its files and returns its exit code if nobody reads what it prints.
    """

    def __init__(self, stream: TextIO, dropped: type[OSError]) -> None:
        self._stream, self._kinds, self.dropped = stream, dropped, False

    def write(self, text: str) -> int:
        """Write a text, or drop it."""
        try:
            return self._stream.write(text)
        except self._kinds:
            self.drop()
            return len(text)

    def flush(self) -> None:
        """Write what is buffered, or drop it."""
        try:
            self._stream.flush()
        except self._kinds:
            self.drop()

    def drop(self) -> None:
        """Send what is still buffered, and all that follows, nowhere."""
        self.dropped = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def open_streams() -> Stream:
    """Make standard output and standard error safe to write to; returns standard output.

    A reader may close standard output early, as `head` does. Standard error may fail in any way. Characters that the
    encoding of standard output lacks become question marks; JSONL and CSV are always UTF-8.
    """
    for closed in (sys.stdin, sys.stdout, sys.stderr):
        if closed is None:  # else the next file to be opened would get its number
            os.open(os.devnull, os.O_RDWR)
    shown = sys.stdout or open(os.devnull)  # noqa: SIM115  closed by the shell: writing to it is an error
    if isinstance(shown, TextIOWrapper):
        shown.reconfigure(errors="replace")
    out = Stream(shown, BrokenPipeError)
    said = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    sys.stdout, sys.stderr = cast(TextIO, out), cast(TextIO, Stream(said, OSError))
    return out
