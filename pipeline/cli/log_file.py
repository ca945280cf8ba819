"""Copy standard error to a log file with timestamps, for unattended jobs."""

from __future__ import annotations

import atexit
import re
import sys
from datetime import datetime
from pathlib import Path
from typing import TextIO

from pipeline.errors import InputError
from pipeline.messages import one_line

_STAMPED = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d ")
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


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
            self._file.write(f"{datetime.now().astimezone().isoformat(timespec='seconds')} {shown}\n")
            self._file.flush()

    def __getattr__(self, name: str) -> object:
        return getattr(self._screen, name)


def log_to(path: Path) -> None:
    """Append a log of this run to a file.

    Raises
    ------
    InputError
        If the file cannot be written, or holds something that is no log.
    """
    try:
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
