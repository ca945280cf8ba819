"""Write several files atomically: temporary names first, then the final names."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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
        If the disk is full or a path is not writable; nothing is changed or left behind in that case.
    """
    parts = {path: path.with_name(f".{path.name}.{os.getpid()}.part") for path in contents}
    path = next(iter(contents))
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(parts[path], content)
        for path, part in parts.items():  # no further space is needed
            part.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}; nothing was changed") from None
    finally:
        for part in parts.values():
            _remove(part)
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


def _remove(part: Path) -> None:
    try:
        part.unlink(missing_ok=True)
    except OSError:  # the folder itself cannot be reached
        return
