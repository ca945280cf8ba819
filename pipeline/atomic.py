"""Atomic file writes, and checks of output paths."""

from __future__ import annotations

import csv
import os
import stat
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import InputError

_FILE_TYPES = {stat.S_IFDIR: "folder", stat.S_IFIFO: "FIFO", stat.S_IFSOCK: "socket"}


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path next to ``path``; rename it to ``path`` if the block succeeds, delete it otherwise.

    Its name contains the process and thread ids, so that concurrent writers of one file do not collide.

    Raises
    ------
    InputError
        If the folder is missing, or `target_of` rejects the path.
    """
    target = target_of(path)
    require_folder(target)
    part = target.with_name(f".{target.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        yield part
        with part.open("rb+") as file:  # flush to disk before the rename, in case of a power failure
            os.fsync(file.fileno())
        os.replace(part, target)
    except OSError as error:
        if error.filename in (None, str(part)):  # a failed write does not name its file
            error.filename = str(path)  # report the path that the user gave
        raise
    finally:
        with suppress(OSError):  # already renamed, or the folder is unreachable
            part.unlink()


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file atomically."""
    with replacing(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


def target_of(path: Path) -> Path:
    """The file to write: the path itself, or the target of a symbolic link.

    Raises
    ------
    InputError
        If the path exists and is not a regular file but a folder, a FIFO or a device.
    """
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        kind = stat.S_IFREG
    if kind != stat.S_IFREG:
        do = "name a file" if kind == stat.S_IFDIR else "to pipe scores, omit --out and use --format jsonl"
        raise InputError(f"{path}: expected the name of a file, found a {_FILE_TYPES.get(kind, 'device')}; {do}")
    return path.resolve() if path.is_symlink() else path


def require_folder(path: Path) -> None:
    """Raise `InputError` if the folder of a file does not exist."""
    if not path.parent.is_dir():
        raise InputError(f"{path}: folder {path.parent} does not exist; create it first")


def require_outputs(files: Iterable[Path], inputs: Iterable[Path | str], option: str = "--out") -> None:
    """Raise `InputError` if an output file is also an input, or `target_of` rejects it."""
    inputs = list(inputs)
    for file in files:
        target_of(file)
        require_other(file, inputs, option)


def require_other_than_stdout(inputs: Iterable[Path]) -> None:
    """Raise `InputError` if standard output is a file that is also an input."""
    with suppress(OSError):
        out = os.fstat(1)
        for path in inputs:
            if stat.S_ISREG(out.st_mode) and path.exists() and os.path.samestat(path.stat(), out):
                raise InputError(f"{path}: is standard output and an input; send the rows to another file")


def require_no_file(folder: Path) -> None:
    """Raise `InputError` if the path of an output folder is that of a file."""
    if folder.is_file():
        raise InputError(f"{folder}: is a file; name a folder with --out")


def require_other(out: Path, inputs: Iterable[Path | str], option: str = "--out") -> None:
    """Raise `InputError` if an output is also an input, or is a folder that contains one."""
    if not out.exists():
        return
    if _is_standard_input(out):
        raise InputError(f"{out}: is standard input; name another file with {option}")
    for path in map(Path, inputs):
        if path.exists() and path.samefile(out):
            raise InputError(f"{out}: is an input; name another file with {option}")
        if out.is_dir() and path.resolve().is_relative_to(out.resolve()):
            raise InputError(f"{out}: replacing it would delete the input {path}; name another with {option}")


def _is_standard_input(path: Path) -> bool:
    """Whether a file is what standard input is read from."""
    try:
        return stat.S_ISREG(os.fstat(0).st_mode) and os.path.samestat(path.stat(), os.fstat(0))
    except OSError:  # standard input is closed
        return False


class Sheet(NamedTuple):
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
