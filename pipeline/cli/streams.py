"""Standard streams that are closed, that nobody reads, whose code page lacks characters, or that a log file copies."""

from __future__ import annotations

import atexit
import os
import re
import sys
from contextlib import suppress
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO, cast

from pipeline.errors import InputError
from pipeline.messages import one_line

_STAMPED = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d ")
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


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


class _Both:
    """Standard error and a log file. The file gets whole lines without control characters."""

    def __init__(self, screen: TextIO, file: TextIO) -> None:
        self._screen, self._file, self._rest = screen, file, ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self.note(line)
        return self._screen.write(text)

    def note(self, line: str) -> None:
        """Log one line; of a redrawn progress bar, its last state."""
        shown = one_line(_COLOURS.sub("", line.rstrip("\r").rpartition("\r")[2])).rstrip()
        if shown:
            with suppress(OSError):  # a full disk must not end the run
                self._file.write(f"{datetime.now().astimezone().isoformat(timespec='seconds')} {shown}\n")
                self._file.flush()

    def __getattr__(self, name: str) -> object:
        return getattr(self._screen, name)


def log_to(path: Path) -> None:
    """Append a log of this run to a file.

    Raises `InputError` if the file cannot be written, or holds something that is no log.
    """
    try:
        if path.is_fifo():
            raise InputError(
                f"{path}: expected a file, found a FIFO, which may have no reader; name another --log-file"
            )
        if not _is_log(path):
            raise InputError(f"{path}: expected a new file or a log, found another file; name another --log-file")
        file = path.open("a", encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}; name another --log-file") from None
    both = _Both(sys.stderr, file)
    both.note(f"began: detente {' '.join(sys.argv[1:])}")
    sys.stderr = both
    atexit.register(both.note, "ended")


def _is_log(path: Path) -> bool:
    """Whether lines can be appended: the file is new or empty, begins with a line of a log, or keeps nothing."""
    if not path.is_file():  # a device, such as /dev/stderr
        return True
    with path.open("rb") as file:
        begin = file.read(64)
    return not begin or _STAMPED.match(begin) is not None
