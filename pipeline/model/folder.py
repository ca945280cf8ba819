"""The files of a model folder, read as untrusted input: regular files of limited size and known hash."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import ModelError

_MB = 1 << 20


@dataclass(frozen=True)
class Files:
    """The files of a model folder."""

    card: str = "card.json"
    weights: str = "weights.safetensors"
    seen: str = "seen.safetensors"
    pipeline: str = "pipeline.joblib"
    run: str = "run.json"


FILES = Files()
# Size limits of each file; a model of the bundled corpus has 6 MB of weights and 2 MB of signatures.
LARGEST = {
    FILES.card: 8 * _MB,
    FILES.weights: 128 * _MB,
    FILES.seen: 512 * _MB,
    FILES.pipeline: 1024 * _MB,
    FILES.run: _MB,
}


def damaged(folder: str | Path, why: str) -> ModelError:
    """The error for a model folder that is not what `detente train` writes."""
    return ModelError(f"{folder}: damaged model: {why}; restore the folder or run `detente train` again")


def read_file(folder: Path, name: str) -> bytes:
    """A file of a model folder.

    Raises
    ------
    ModelError
        If it is missing, is a link (which may lead out of the folder), a pipe or a folder, or exceeds `LARGEST`.
    """
    try:
        # Without O_NONBLOCK opening a named pipe would block.
        handle = os.open(
            folder / name,
            os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0),
        )
    except FileNotFoundError:
        raise damaged(folder, f"{name} is missing") from None
    except OSError as error:
        raise damaged(folder, f"{name} cannot be read as a regular file ({error.strerror})") from None
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise damaged(folder, f"{name} is not a regular file")
        if found.st_size > LARGEST[name]:
            raise damaged(folder, f"{name} has {found.st_size:,} bytes, expected at most {LARGEST[name]:,}")
        with open(handle, "rb", closefd=False) as file:
            return file.read(LARGEST[name])
    finally:
        os.close(handle)


def checked_bytes(folder: Path, name: str, hashes: dict[str, str]) -> bytes:
    """A file of a model folder, checked against the SHA-256 in its card; raises `ModelError`."""
    if name not in hashes:
        raise damaged(folder, f"{name} is missing in its card")
    content = read_file(folder, name)
    if sha256(content) != hashes[name]:
        raise damaged(folder, f"{name} does not match its card (sha256 differs)")
    return content


def sha256(content: bytes) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
