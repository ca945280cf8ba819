"""Open a file, decompress it and decode it to UTF-8; notice that it is changed while it is read."""

from __future__ import annotations

import codecs
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath, PurePosixPath

import pyarrow as pa

from pipeline.errors import InputError
from pipeline.messages import say
from pipeline.read.bounds import Unpacked, whole

JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
COMPRESSED = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2"}
_MAGIC = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"BZh", "bz2"))
_PEEK = 1 << 20
_META = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]+)|<\?xml[^>]+encoding\s*=\s*[\"']([\w-]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Written:
    """The ``encoding`` of files and the ``delimiter`` of CSV and TSV files; None to detect them."""

    encoding: str | None = None
    delimiter: str | None = None

    def __post_init__(self) -> None:
        if self.delimiter is not None:
            object.__setattr__(self, "delimiter", separator(self.delimiter))


@dataclass(frozen=True)
class Source:
    """A file to read: its path or URL, how to open it, the row groups of a Parquet file to read (None: all), its
    encoding (None: by the byte order mark, else UTF-8), and the suffix of its format if the address lacks it."""

    address: str
    open: Callable[[], pa.NativeFile]
    groups: tuple[int, ...] | None = None
    encoding: str | None = None
    format: str | None = None

    @property
    def suffix(self) -> str:
        """The suffix of the file format, such as ``.csv``."""
        return self.format or suffix_of(PurePosixPath(self.address))

    def unpacked(self, checked: bool = True) -> tuple[pa.NativeFile, pa.NativeFile | Unpacked]:
        """Return the raw file and a stream of its decompressed bytes. ``checked``: refuse decompression bombs."""
        raw = self.open()
        head = raw.read(4)
        raw.seek(0)
        kind = compression_of(head) or COMPRESSED.get(PurePosixPath(self.address).suffix.lower())
        if kind is None:
            return raw, raw
        stream = pa.CompressedInputStream(raw, kind)
        return raw, Unpacked(raw, stream, self.address) if checked else stream

    def stream(self, checked: bool = True) -> tuple[pa.NativeFile, pa.NativeFile | Unpacked]:
        """Return the raw file and a stream of its decompressed content as UTF-8.

        ``checked``: refuse decompression bombs. Raises `InputError` if the file is not in the expected encoding.
        """
        raw, stream = self.unpacked(checked)
        start, plain = stream.read(4), stream is raw
        if plain:
            raw.seek(0)
        else:  # a compressed stream cannot go back
            raw, stream = self.unpacked(checked)
        encoding = self.encoding or encoding_of(start)
        if encoding is None:
            if start.startswith(codecs.BOM_UTF8):
                stream.read(len(codecs.BOM_UTF8))
            return raw, stream
        try:
            text = pa.BufferReader(_decode(whole(stream, self.address), encoding).encode())
            return (raw if plain else self.open()), text  # a compressed stream closes its file when deleted
        except (UnicodeError, LookupError) as error:
            raise not_in(encoding, self.address, error) from None

    def peek(self) -> bytes:
        """Return the start of the decompressed content: at most 1 MiB, ending at a line break if possible."""
        data = self.stream()[1].read(_PEEK)
        return data if len(data) < _PEEK else data[: data.rfind(b"\n") + 1] or data


def compression_of(start: bytes) -> str | None:
    """Return the compression that the first bytes of a file show."""
    return next((name for magic, name in _MAGIC if start.startswith(magic)), None)


def encoding_of(start: bytes) -> str | None:
    r"""Return the encoding that the first four bytes of a text show: UTF-16 or UTF-32, or None for any other.

    Examples
    --------
    >>> encoding_of("text".encode("utf-16")), encoding_of("text".encode("utf-32-be")), encoding_of(b"text")
    ('utf-16', 'utf-32-be', None)
    """
    found = json.detect_encoding(start[:4])
    return None if found.startswith("utf-8") else found


def is_wide(encoding: str) -> bool:
    """Return whether an encoding has other bytes for ASCII characters, as UTF-16; raises `LookupError` if unknown."""
    try:
        return "\n".encode(encoding) != b"\n"
    except UnicodeError:  # Python's codec "undefined"
        raise LookupError(encoding) from None


def _decode(data: bytes, encoding: str) -> str:
    return data.decode(encoding).removeprefix("\ufeff")


def not_in(encoding: str, where: object, error: Exception) -> InputError:
    """Return the error for bytes that are not in the given encoding, or for an unknown encoding."""
    if isinstance(error, LookupError):
        return InputError(f"--encoding {encoding}: no such encoding; expected one such as windows-1252")
    return InputError(f"{where}: cannot be read as {encoding}: {error}; set another with --encoding")


def suffix_of(path: PurePath) -> str:
    """Return the suffix of the file format: ``.csv`` for ``news.csv.gz``, ``.jsonl`` for ``news.ndjson``."""
    suffix = (path.with_suffix("") if path.suffix.lower() in COMPRESSED else path).suffix.lower()
    return ".jsonl" if suffix == ".ndjson" else suffix


def on_disk(path: Path, encoding: str | None = None) -> Source:
    """Return a local file; raises `InputError` if it is missing or empty."""
    require_file(path)
    return Source(str(path), partial(pa.OSFile, str(path), "rb"), encoding=encoding)


def printable(path: Path | str) -> str:
    """Return a path with each byte that is not UTF-8 replaced by a question mark."""
    return str(path).encode(errors="replace").decode()


def require_file(path: Path) -> None:
    """Raise `InputError` if the path is not a file, or the file is empty."""
    if printable(path) != str(path):
        raise InputError(f"{printable(path)}: the name is not UTF-8; rename the file")
    if not path.exists():
        raise InputError(f"{path}: no such file; check the path")
    if path.is_dir():
        raise InputError(f"{path}: expected a file, found a folder")
    if not path.is_file():
        raise InputError(f"{path}: expected a file, found a pipe or a device; send it to standard input and pass -")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty; expected texts")


def separator(given: str) -> str:
    r"""Return the delimiter character; raises `InputError` if it is not valid.

    Examples
    --------
    >>> separator(";"), separator(r"\t")
    (';', '\t')
    """
    mark = "\t" if given == r"\t" else given
    if len(mark) != 1 or not mark.isascii() or mark in '"\r\n\0':
        raise InputError(rf"--delimiter {given!r}: expected one ASCII character such as ; or | or \t for a tab")
    return mark


def decoded(data: bytes, path: Path | str, encoding: str | None = None, declares: bool = False) -> str:
    """Decode a text, or a web page or feed, which ``declares`` its encoding.

    Uses the given encoding, else that of the first bytes (`encoding_of`), UTF-8, or the encoding that the text declares.

    Raises `InputError` if the bytes are not in any of these encodings; the message suggests one.
    """
    told = encoding or encoding_of(data)
    for name in (told,) if told else ("utf-8", *_declared(data if declares else b"")):
        try:
            return _decode(data, name)
        except (UnicodeError, LookupError) as error:
            if told:
                raise not_in(told, path, error) from None
            fault = error
    where = f" at {fault.start}" if isinstance(fault, UnicodeDecodeError) else ""
    hint = western_hint(data) or "; set --encoding"
    raise InputError(f"{path}: expected UTF-8, found other bytes{where}{hint}, or convert the file to UTF-8")


def _declared(data: bytes) -> list[str]:
    """Return the encoding that a page or feed declares. It is none that has other bytes for ASCII characters."""
    found = _META.search(data[:4096])
    name = (found[1] or found[2]).decode() if found else "utf-8"
    with suppress(LookupError):
        return [] if is_wide(name) else [name]
    return []


def western_hint(data: bytes) -> str:
    """Return what a message about bytes that are not UTF-8 adds if they look like windows-1252.

    Their characters that are not ASCII are then mostly letters, quotation marks and dashes.
    """
    try:
        beyond = [char for char in data.decode("windows-1252") if ord(char) > 127]
    except UnicodeDecodeError:
        return ""
    likely = sum(char.isalpha() or char in "’‘“”–—…€£ " for char in beyond) >= 0.9 * len(beyond)
    return "; it looks like windows-1252: try --encoding windows-1252" if beyond and likely else ""


@contextmanager
def watched(path: Path | str, strict: bool = False) -> Iterator[None]:
    """Print a warning if the size or the time of change of a local file differ after the block; URLs are not watched.

    Raises `InputError` if the file has become smaller, and with ``strict`` after any change.
    """
    before = _state(path)
    yield
    if (after := _state(path)) == before:
        return
    happened = f"{printable(path)}: {'deleted' if after is None else 'changed'} while it was read"
    said = f"{happened}; rows may be missing or mixed up; run again on a file at rest"
    shrunk = before is not None and after is not None and after[0] < before[0]
    if strict or shrunk:  # a log may grow while it is read; what was cut off is lost
        raise InputError(said)
    say(f"warning: {said}")


def _state(path: Path | str) -> tuple[int, int] | None:
    """Size and time of change of a file; None if there is no such file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns
