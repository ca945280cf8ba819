"""Files at URLs of any file system that fsspec knows: ``s3://``, ``gs://``, ``https://``, ``memory://`` and others."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import pyarrow as pa

from pipeline.errors import InputError, first_line
from pipeline.read.source import Source

_URL = re.compile(r"[a-z][a-z0-9+.-]*(?:://|::)\S+", re.IGNORECASE)


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
        raise InputError(f"{address}: the file is empty; expected a header and rows")
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

    Raises
    ------
    InputError
        If there is none, or the file system does not answer.
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
