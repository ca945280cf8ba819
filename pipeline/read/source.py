"""Where a table or a text lies, and its bytes as UTF-8: decompressed and transcoded by what its first bytes say."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath, PurePosixPath

import pyarrow as pa

from pipeline.errors import InputError
from pipeline.read.bounds import MARK, Counted, Unpacked, records, whole

COMPRESSED = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2"}
_MAGIC = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"BZh", "bz2"))
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_PEEK = 1 << 20
_META = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]+)|<\?xml[^>]+encoding\s*=\s*[\"']([\w-]+)", re.IGNORECASE)
_ODD_QUOTE = re.compile(rb'(?:^|\t)"[^"\t]*$', re.MULTILINE)


@dataclass(frozen=True)
class Written:
    """How files are written: their ``encoding`` and, of CSV and TSV files, the ``delimiter``. None: detected."""

    encoding: str | None = None
    delimiter: str | None = None

    def __post_init__(self) -> None:
        if self.delimiter is not None:
            object.__setattr__(self, "delimiter", separator(self.delimiter))


@dataclass(frozen=True)
class Source:
    """A table: its address, how it is opened, its encoding (None: told by its first bytes, else UTF-8), which row groups of
    a Parquet file are meant (None: all), and the suffix of its format where the address does not tell it."""

    address: str
    open: Callable[[], pa.NativeFile]
    groups: tuple[int, ...] | None = None
    encoding: str | None = None
    format: str | None = None

    @property
    def suffix(self) -> str:
        """The suffix that says the format, such as ``.csv``."""
        return self.format or suffix_of(PurePosixPath(self.address))

    def stream(self, checked: bool = True) -> tuple[pa.NativeFile, pa.NativeFile | Unpacked]:
        """The file as it lies on the disk, and the stream of what is in it, UTF-8; ``checked``: an archive not to be a bomb.

        Raises
        ------
        InputError
            Where the file is not of the encoding that it says.
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
            return (self.open() if kind else raw), text  # a compressed stream closes the file below when it goes
        except (UnicodeError, LookupError) as error:
            raise not_in(encoding, self.address, error) from None

    def peek(self) -> bytes:
        """The first bytes of what is in it, at most a million, up to a line end."""
        data = self.stream()[1].read(_PEEK)
        return data if len(data) < _PEEK else data[: data.rfind(b"\n") + 1] or data


def _decode(data: bytes, encoding: str) -> str:
    return data.decode(encoding).removeprefix("\ufeff")


def not_in(encoding: str, where: object, error: Exception) -> InputError:
    """What is said of bytes that are not in the encoding asked for, or of an encoding that does not exist."""
    if isinstance(error, LookupError):
        return InputError(f"--encoding {encoding}: no such encoding; expected one such as windows-1252")
    return InputError(f"{where}: cannot be read as {encoding}: {error}; name another with --encoding")


def suffix_of(path: PurePath) -> str:
    """The suffix that says the format: ``.csv`` of ``news.csv.gz``."""
    return (path.with_suffix("") if path.suffix.lower() in COMPRESSED else path).suffix.lower()


def on_disk(path: Path, encoding: str | None = None) -> Source:
    """A file of this machine; raises `InputError` unless there is one with something in it."""
    require_file(path)
    return Source(str(path), partial(pa.OSFile, str(path), "rb"), encoding=encoding)


def printable(path: Path | str) -> str:
    """A path with a question mark for each byte of its name that is not UTF-8."""
    return str(path).encode(errors="replace").decode()


def require_file(path: Path) -> None:
    """Raise `InputError` unless there is a file with something in it."""
    if printable(path) != str(path):
        raise InputError(f"{printable(path)}: the name is not UTF-8; rename the file")
    if not path.exists():
        raise InputError(f"{path}: no such file; check the path")
    if path.is_dir():
        raise InputError(f"{path}: expected a file, found a folder")
    if not path.is_file():
        raise InputError(f"{path}: expected a file, found a pipe or a device; send it to standard input and give -")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty; expected a header and rows")


@dataclass(frozen=True)
class Dialect:
    """How a table of separated values is written."""

    delimiter: str
    quoted: bool
    long_rows: bool = False  # whether there are rows beyond the bound


def separator(given: str) -> str:
    r"""The separator that is meant; raises `InputError` where it cannot be one.

    Examples
    --------
    >>> separator(";"), separator(r"\t")
    (';', '\t')
    """
    mark = "\t" if given == r"\t" else given
    if len(mark) != 1 or not mark.isascii() or mark in '"\r\n\0':
        raise InputError(rf"--delimiter {given!r}: expected one ASCII character such as ; or | or \t for a tab")
    return mark


def dialect(source: Source, delimiter: str | None = None, closed: bool = True) -> Dialect:
    """The separator and the quoting of a table.

    A comma in ``.csv``, a tab in ``.tsv``, unless the header holds none and another usual separator instead. A tab-separated
    file is read unquoted, where a quotation mark is a character like any other, unless a quoted field spans a line end.

    Parameters
    ----------
    closed : whether every quotation mark must be closed; False for those who tell such lines themselves.

    Raises
    ------
    InputError
        Where the separator cannot be one, or a quoted file has a quotation mark that is never closed: what follows it
        would be one long text.
    """
    if delimiter is not None:
        delimiter = separator(delimiter)
    head = source.peek()
    first = head.split(b"\n", 1)[0].decode(errors="replace")
    usual = "\t" if source.suffix == ".tsv" else ","
    if delimiter is None:
        delimiter = usual if usual in first else next((mark for mark in ";\t|," if mark in first), usual)
    quoted = delimiter != "\t" or _spans_lines(head)
    return Dialect(delimiter, quoted, closed and _looked_through(source, quoted))


def _spans_lines(head: bytes) -> bool:
    """Whether a tab-separated text holds fields that are quoted over a line end, as pandas writes them."""
    opened = sum(1 for line in head.split(b"\n") if _ODD_QUOTE.search(line))
    return opened > 0 and head.count(b'"') % 2 == 0


def _looked_through(source: Source, quoted: bool) -> bool:
    """Whether a table has rows beyond the bound; raises `InputError` where a quotation mark is never closed."""
    stream = Counted(source.stream()[1])
    long_rows = sum(MARK in block for block in records(stream, quoted)) > 0
    if not quoted or stream.quotes % 2 == 0:
        return long_rows
    row = _open_row(source)
    raise InputError(
        f"{source.address}, row {row}: a quotation mark is never closed, so that the rows behind it would become one text; "
        "close it, or double a mark that belongs to the text"
    )


def _open_row(source: Source) -> int:
    """The number of the first line with a quotation mark that is not closed on it, the header counting."""
    lines = source.stream()[1].read().decode(errors="replace").splitlines()
    return next((row for row, line in enumerate(lines, start=1) if line.count('"') % 2), 1)


def decoded(data: bytes, path: Path | str, encoding: str | None = None, page: bool = False) -> str:
    """Bytes of a text or a page as text, by the encoding asked for, a mark at the beginning, or what the page declares.

    Raises
    ------
    InputError
        Where the bytes are of no such encoding; what they look like is named.
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
    hint = (
        "it looks like windows-1252: --encoding windows-1252 reads it" if looks_western(data) else "name its --encoding"
    )
    raise InputError(f"{path}: expected UTF-8, found other bytes{where}; {hint}, or convert the file")


def looks_western(data: bytes) -> bool:
    """Whether bytes that are no UTF-8 make sense as windows-1252: mostly letters beyond ASCII, between letters."""
    try:
        text = data.decode("windows-1252")
    except UnicodeDecodeError:
        return False
    beyond = [char for char in text if ord(char) > 127]
    return bool(beyond) and sum(char.isalpha() or char in "’‘“”–—…€£ " for char in beyond) >= 0.9 * len(beyond)
