"""Write several files atomically: temporary names first, then the final names."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from pipeline.atomic import replacing
from pipeline.errors import InputError


@dataclass(frozen=True)
class Sheet:
    """A table to write: header and rows."""

    header: Sequence[str]
    rows: Iterable[Sequence]


def write_files(contents: Mapping[Path, Sheet | str]) -> list[Path]:
    """Write CSV files and texts: all of them, or none.

    Raises
    ------
    InputError
        If the disk is full, or a path is not writable or not that of a file; nothing is changed or left behind then.
    """
    path = next(iter(contents))
    try:
        with ExitStack() as stack:  # on leaving it, all get their names, which needs no further space
            for path, content in contents.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                _write(stack.enter_context(replacing(path)), content)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}; nothing was changed") from None
    return list(contents)


def _write(part: Path, content: Sheet | str) -> None:
    with part.open("w", encoding="utf-8", newline="") as file:
        if isinstance(content, str):
            file.write(content)
        else:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(content.header)
            writer.writerows(content.rows)
        file.flush()
        os.fsync(file.fileno())
