"""Find the files that an argument names: a file, a folder with its subfolders, or a glob pattern."""

from __future__ import annotations

import glob
import os
from collections.abc import Collection, Iterator
from pathlib import Path, PurePath

from pipeline.errors import InputError
from pipeline.messages import count_of, say
from pipeline.read.addresses import is_address
from pipeline.read.source import require_file, suffix_of
from pipeline.read.tables import FEED_SUFFIXES, TABULAR, is_table


def is_tabular(path: PurePath) -> bool:
    """Return whether a file name is that of a table or a feed."""
    return is_table(path) or suffix_of(path) in FEED_SUFFIXES


def names_files(given: str, suffixes: tuple[str, ...]) -> bool:
    """Return whether an argument names files: they exist, or it looks like a path rather than a text."""
    try:
        if is_address(given) or Path(given).exists() or glob.glob(given):
            return True
    except (OSError, ValueError):  # too long for a path, or contains a NUL
        return False
    path = Path(given)
    return not any(map(str.isspace, given)) and ("/" in given or (path.suffix != "" and readable(path, suffixes)))


def readable(path: PurePath, suffixes: tuple[str, ...]) -> bool:
    """Return whether a file name is that of a table or a feed, or has one of the suffixes."""
    return is_tabular(path) or (path.suffix != "" and suffix_of(path) in {*suffixes} - {".parquet"})


def require_local(given: str) -> None:
    """Raise `InputError` if an argument is a URL."""
    if is_address(given):
        raise InputError(f"{given}: only `detente score` reads URLs; download the file first")


def files_in(given: str, suffixes: tuple[str, ...] = TABULAR, quiet: bool = False) -> list[Path]:
    """Return the files that an argument names: the file, those in the folder and its subfolders, or those that match.

    Parameters
    ----------
    suffixes : file types to read from a folder, besides tables; a single file or a pattern may be of any type.
    quiet : do not print which files of a folder or pattern are skipped.

    Raises
    ------
    InputError
        If there is no such file, or no file of these types in the folder.
    """
    require_local(given)
    path = Path(given)
    if path.is_dir():
        every = sorted(_walk(path))
        files = [file for file in every if os.path.isfile(file) and readable(file, suffixes)]
        if not quiet:
            _say_skipped(path, {*every} - {*files})
        if not files:
            raise InputError(f"{path}: no such file in this folder; expected {', '.join(suffixes)}")
        return files
    if path.exists() or not glob.has_magic(given):
        require_file(path)
        return [path]
    every = sorted(map(Path, glob.glob(given, recursive=True)))
    files = [file for file in every if os.path.isfile(file)]
    if not quiet:  # folders that ** matches are read
        _say_skipped(given, [one for one in {*every} - {*files} if not ("**" in given and one.is_dir())])
    if not files:
        raise InputError(f"{given}: no file matches this pattern")
    return files


def _walk(folder: Path, above: tuple[Path, ...] = ()) -> Iterator[Path]:
    """Yield the files in a folder and its subfolders, following links, and folders that are unreadable or a cycle."""
    here = folder.resolve()
    try:
        if here in above:
            raise OSError
        inside = [*folder.iterdir()]
    except OSError:
        yield folder
        return
    for path in inside:
        yield from _walk(path, (*above, here)) if os.path.isdir(path) else [path]


def _say_skipped(where: Path | str, files: Collection[Path]) -> None:
    """Print one line on standard error about the files of a folder or pattern that are not read."""
    if files:
        kinds = ", ".join(sorted(set(map(_kind_of, files))))
        say(f"{where}: {count_of(len(files), 'file')} skipped ({kinds})")


def _kind_of(path: Path) -> str:
    """Return the suffix or name of a skipped file, or a description of what it is."""
    if os.path.isfile(path):
        return path.suffix or path.name
    kind = "folder" if os.path.isdir(path) else "dangling link" if path.is_symlink() else "pipe or device"
    return f"{kind} {path.name}"
