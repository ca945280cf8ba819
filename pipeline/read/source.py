"""Open a file, decompress it and decode it to UTF-8."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath, PurePosixPath

import pyarrow as pa

from pipeline.errors import InputError
from pipeline.read.bounds import Unpacked, whole

COMPRESSED = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2"}
_MAGIC = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"BZh", "bz2"))
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
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

    def stream(self, checked: bool = True) -> tuple[pa.NativeFile, pa.NativeFile | Unpacked]:
        """Return the raw file and a stream of its decompressed content as UTF-8.

        Parameters
        ----------
        checked : refuse decompression bombs.

        Raises
        ------
        InputError
            If the file is not in the expected encoding.
        """
        raw = self.open()
        head = raw.read(4)
        raw.seek(0)
        kind = next((name for magic, name in _MAGIC if head.startswith(magic)), None)
        kind = kind or COMPRESSED.get(PurePosixPath(self.address).suffix.lower())
        stream = pa.CompressedInputStream(raw, kind) if kind else raw
        if stream.read(3) != codecs.BOM_UTF8:
            if kind:
                raw = self.open()
                stream = pa.CompressedInputStream(raw, kind)
            else:
                raw.seek(0)
        if kind and checked:
            stream = Unpacked(raw, stream, self.address)
        encoding = self.encoding or (
            None if kind else next((name for bom, name in _BOMS[1:] if head.startswith(bom)), None)
        )
        if encoding is None:
            return raw, stream
        try:
            text = pa.BufferReader(_decode(whole(stream, self.address), encoding).encode())
            return (self.open() if kind else raw), text  # a compressed stream closes its file when deleted
        except (UnicodeError, LookupError) as error:
            raise not_in(encoding, self.address, error) from None

    def peek(self) -> bytes:
        """Return the start of the decompressed content: at most 1 MiB, ending at a line break if possible."""
        data = self.stream()[1].read(_PEEK)
        return data if len(data) < _PEEK else data[: data.rfind(b"\n") + 1] or data


def _decode(data: bytes, encoding: str) -> str:
    return data.decode(encoding).removeprefix("\ufeff")


def not_in(encoding: str, where: object, error: Exception) -> InputError:
    """Return the error for bytes that are not in the given encoding, or for an unknown encoding."""
    if isinstance(error, LookupError):
        return InputError(f"--encoding {encoding}: no such encoding; expected one such as windows-1252")
    return InputError(f"{where}: cannot be read as {encoding}: {error}; set another with --encoding")


def suffix_of(path: PurePath) -> str:
    """Return the suffix of the file format: ``.csv`` for ``news.csv.gz``."""
    return (path.with_suffix("") if path.suffix.lower() in COMPRESSED else path).suffix.lower()


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
        raise InputError(f"{path}: the file is empty; expected a header and rows")


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


def decoded(data: bytes, path: Path | str, encoding: str | None = None, page: bool = False) -> str:
    """Decode a text or a web page.

    Uses the given encoding, else the byte order mark, UTF-8 or the encoding that the page declares.

    Raises
    ------
    InputError
        If the bytes are not in any of these encodings; the message suggests one.
    """
    declared = _META.search(data[:4096]) if page else None
    told = next((name for bom, name in _BOMS if data.startswith(bom)), None)
    said = (declared[1] or declared[2]).decode() if declared else None
    for name in filter(None, (encoding, told, "utf-8", said)):
        try:
            return _decode(data, name)
        except (UnicodeError, LookupError) as error:
            if name in (encoding, told):
                raise not_in(name, path, error) from None
            fault = error
    where = f" at {fault.start}" if isinstance(fault, UnicodeDecodeError) else ""
    hint = "it looks like windows-1252: try --encoding windows-1252" if looks_western(data) else "set --encoding"
    raise InputError(f"{path}: expected UTF-8, found other bytes{where}; {hint}, or convert the file to UTF-8")


def looks_western(data: bytes) -> bool:
    """Return whether bytes look like windows-1252: non-ASCII characters are mostly letters, quotes and dashes."""
    try:
        text = data.decode("windows-1252")
    except UnicodeDecodeError:
        return False
    beyond = [char for char in text if ord(char) > 127]
    return bool(beyond) and sum(char.isalpha() or char in "’‘“”–—…€£ " for char in beyond) >= 0.9 * len(beyond)
