"""Find the files that an argument names: a file, a folder with its subfolders, a glob pattern, or a URL.

A URL may be of any file system that fsspec knows: ``s3://``, ``gs://``, ``https://``, ``memory://`` and others.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePath
from typing import Any

import pyarrow as pa

from pipeline.errors import InputError, first_line
from pipeline.messages import count_of, say
from pipeline.read.source import Source, require_file, suffix_of
from pipeline.read.tables import FEED_SUFFIXES, TABULAR, is_table

_URL = re.compile(r"[a-z][a-z0-9+.-]*(?:://|::)\S+", re.IGNORECASE)


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

    Raises `InputError` if there is no such file, or no file of these types in the folder.

    ``suffixes``: file types to read from a folder, besides tables; a single file or a pattern may be of any type.
    ``quiet``: do not print which files of a folder or pattern are skipped.
    """
    require_local(given)
    path = Path(given)
    folder = path.is_dir()
    if not folder and (path.exists() or not glob.has_magic(given)):
        require_file(path)
        return [path]
    every = sorted(_walk(path) if folder else map(Path, glob.glob(given, recursive=True)))
    files = [file for file in every if os.path.isfile(file) and (not folder or readable(file, suffixes))]
    where, passed = path if folder else given, "**" in given and not folder  # folders that ** matches are read
    skipped = [one for one in {*every} - {*files} if not (passed and one.is_dir())]
    if skipped and not quiet:
        say(f"{where}: {count_of(len(skipped), 'file')} skipped ({', '.join(sorted(set(map(_kind_of, skipped))))})")
    if not files:
        none = (
            f"no such file in this folder; expected {', '.join(suffixes)}" if folder else "no file matches this pattern"
        )
        raise InputError(f"{where}: {none}")
    return files


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder and its subfolders, following links, and the folders that are unreadable or already read
    under another path."""
    seen, folders, links = set(), [folder], list[Path]()
    while folders or links:
        folder = (folders or links).pop()
        try:
            if (here := folder.resolve()) in seen:
                raise OSError
            inside = sorted(folder.iterdir())
        except OSError:
            yield folder
            continue
        seen.add(here)
        for path in inside:
            if os.path.isdir(path):
                (links if path.is_symlink() else folders).append(path)
            else:
                yield path


def _kind_of(path: Path) -> str:
    """Return the suffix or name of a skipped file, or a description of what it is."""
    if os.path.isfile(path):
        return path.suffix or path.name
    kind = "folder" if os.path.isdir(path) else "dangling link" if path.is_symlink() else "pipe or device"
    return f"{kind} {path.name}"


def is_address(given: str) -> bool:
    """Whether an argument is a URL.

    Examples
    --------
    >>> is_address("s3://news/2024/*.parquet"), is_address("news/2024"), is_address("Minister: talks :: off")
    (True, False, False)
    """
    return _URL.fullmatch(given) is not None


def filesystem_of(address: str) -> tuple[Any, str]:
    """The fsspec file system of a URL or path, and the path in it; raises `InputError` if it is not supported."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise InputError(f"{address}: reading this needs fsspec; pip install fsspec") from None
    try:
        return url_to_fs(address)
    except (ImportError, ValueError) as error:
        raise InputError(f"{address}: unsupported URL: {error}; name a local path, or install support for it") from None


def open_address(address: str) -> pa.NativeFile:
    """The file at a URL, open for reading."""
    filesystem, path = filesystem_of(address)
    return pa.PythonFile(filesystem.open(path, "rb"), "r")


def located(address: str, encoding: str | None = None) -> Source:
    """The file at a URL; raises `InputError` if there is none with something in it."""
    if size_at(address) == 0:
        raise InputError(f"{address}: the file is empty; expected texts")
    return Source(address, partial(open_address, address), encoding=encoding)


def size_at(address: str) -> int:
    """The size of the file at a URL in bytes; raises `InputError` if there is no such file."""
    filesystem, path = filesystem_of(address)
    try:
        return int(filesystem.size(path) or 1)  # some web servers do not tell
    except OSError as error:
        raise InputError(f"{address}: no such file, or no answer: {first_line(error)}; check the URL") from None


def files_at(address: str) -> list[str]:
    """The URLs of all files that a URL names: itself, those in a folder, or those that match a pattern; sorted.

    Raises `InputError` if there is none, or the file system does not answer.
    """
    filesystem, path = filesystem_of(address)
    try:
        if filesystem.isfile(path):
            found = [path]
        else:
            found = filesystem.find(path) if filesystem.isdir(path) else filesystem.glob(path)
    except OSError as error:
        raise InputError(f"{address}: no answer: {first_line(error)}; check the URL and the network") from None
    if not found:
        raise InputError(f"{address}: no such file; check the URL")
    local = "file" in filesystem.protocol  # local paths are complete addresses
    return sorted(found) if local else sorted(filesystem.unstrip_protocol(file) for file in found)
