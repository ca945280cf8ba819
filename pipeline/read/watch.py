"""Notice that a file is changed or deleted while it is read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import InputError
from pipeline.messages import say
from pipeline.read.source import printable


@contextmanager
def watched(path: Path | str, strict: bool = False) -> Iterator[None]:
    """Print a warning if the size or the time of change of a local file differ after the block; URLs are not watched.

    Parameters
    ----------
    strict : raise `InputError` instead.
    """
    before = _state(path)
    yield
    if (after := _state(path)) == before:
        return
    happened = "deleted" if after is None else "changed"
    said = (
        f"{printable(path)}: {happened} while it was read; rows may be missing or mixed up; run again on a file at rest"
    )
    if strict:
        raise InputError(said)
    say(f"warning: {said}")


def _state(path: Path | str) -> tuple[int, int] | None:
    """Size and time of change of a file; None if there is no such file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns
