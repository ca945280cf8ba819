"""Files written atomically: under their final name they are complete, or as they were before."""

import os
import stat
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.errors import InputError

_KINDS = {stat.S_IFDIR: "folder", stat.S_IFIFO: "FIFO", stat.S_IFSOCK: "socket"}


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path next to ``path``: renamed to it if the block succeeds, removed otherwise.

    Its name is the process's and the thread's own, so that two that write the same file do not disturb each other.

    Raises
    ------
    InputError
        If its folder is missing, or `target_of` refuses it.
    """
    target = target_of(path)
    require_folder(target)
    part = target.with_name(f".{target.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        yield part
        with part.open("rb+") as file:  # on the disk before the name is, whenever the power goes
            os.fsync(file.fileno())
        os.replace(part, target)
    except OSError as error:
        if error.filename == str(part):
            error.filename = str(path)  # the name that the user knows
        raise
    finally:
        with suppress(OSError):  # it was renamed, or its folder cannot be reached
            part.unlink()


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file atomically."""
    with replacing(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


def target_of(path: Path) -> Path:
    """The file that is written under a name: the path itself, or what it links to.

    Raises
    ------
    InputError
        If something other than a file has this name: a folder, a FIFO, a device.
    """
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        kind = stat.S_IFREG
    if kind != stat.S_IFREG:
        do = "name a file" if kind == stat.S_IFDIR else "to pipe scores, leave out --out and say --format jsonl"
        raise InputError(f"{path}: expected the name of a file, found a {_KINDS.get(kind, 'device')}; {do}")
    return path.resolve() if path.is_symlink() else path


def require_folder(path: Path) -> None:
    """Raise `InputError` if the folder of a file does not exist."""
    if not path.parent.is_dir():
        raise InputError(f"{path}: no folder {path.parent}; make it first")


def require_outputs(files: Iterable[Path], inputs: Iterable[Path | str], option: str = "--out") -> None:
    """Raise `InputError` if a file to write is an input, or `target_of` refuses it."""
    inputs = list(inputs)
    for file in files:
        target_of(file)
        require_other(file, inputs, option)


def require_other(out: Path, inputs: Iterable[Path | str], option: str = "--out") -> None:
    """Raise `InputError` if an output is an input, or is a folder to replace that holds one."""
    if not out.exists():
        return
    for path in map(Path, inputs):
        if path.exists() and path.samefile(out):
            raise InputError(f"{out}: is an input; name another file with {option}")
        if out.is_dir() and path.resolve().is_relative_to(out.resolve()):
            raise InputError(f"{out}: would be replaced and holds the input {path}; name another with {option}")
