"""Read standard input: one snippet per line as they arrive, one article, or a table."""

from __future__ import annotations

import codecs
import csv
import json
import mmap
import os
import re
import select
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from io import BufferedReader
from typing import TypeAlias, cast

import numpy as np
import pyarrow as pa

from pipeline.arrays.arrow import as_strings
from pipeline.errors import InputError
from pipeline.read.bounds import BLOCK, PAGE, TEXT, text_reason
from pipeline.read.dialects import names_separator
from pipeline.read.documents import ARTICLE_COLUMNS, Documents, ReadOptions, read_documents, require_passing
from pipeline.read.rows import SHOWN, Reject, not_utf8
from pipeline.read.source import Source, compression_of, decoded, encoding_of, is_wide, not_in

FORMATS = ("text", "csv", "tsv", "jsonl")
NAME = "-"
_WHERE = "standard input"
_CHUNK = 1 << 20
_MAGIC = 4  # bytes that tell encodings and compression
# What begins like this is no list of snippets: files of these kinds are read by their suffix.
_FILES = (
    ("a web page or a feed", "page.html or feed.rss", rb"\s*<(?i:\?xml|!doctype|html|head|body|rss|feed|article|div|p)\b"),
    ("e-mail", "mail.mbox or mail.eml", rb"(?:From \S+ .*\d{4}\r?\n)?(?:(?:Date|Delivered-To|From|Message-ID|MIME-Version|"
     rb"Received|Return-Path|Subject|To):.*\r?\n(?:[ \t].*\n)*){2}"),
    ("a binary file", "feed.xlsx", rb"PK\x03\x04|%PDF-|PAR1|ARROW1|\xd0\xcf\x11\xe0"),
)  # fmt: skip
_ARRAY = re.compile(rb'\s*\[\s*\{\s*["}]')  # a JSON array of objects


def read_standard_input(options: ReadOptions, alone: bool = False) -> Iterator[Documents]:
    """Yield the documents on standard input.

    Lines are scored as they arrive, in batches of those available. Input whose first line is a JSON object, or a header
    with a text column, is read as a table; ``options.stdin_format`` overrides the detection.

    ``alone``: standard input is the only input, so it must have all requested columns. Raises `InputError` if the input
    is empty, not UTF-8 or not in the given format, or lacks a requested column.
    """
    kind = options.stdin_format
    if kind is not None and kind not in FORMATS:
        raise InputError(f"--stdin-format {kind}: expected one of {', '.join(FORMATS)}")
    if sys.stdin is None:
        raise InputError(f"{_WHERE}: closed; pipe texts to it, or give a file instead of -")
    start, file, options = _opened(cast(BufferedReader, sys.stdin.buffer), options)
    if not start:
        raise InputError(f"{_WHERE}: empty; expected one snippet per line, or a table")
    kind = kind or ("jsonl" if _ARRAY.match(start) else _format_of(start.split(b"\n", 1)[0], options))
    if kind == "text" and options.stdin_format is None:
        _require_text(start)
    if kind != "text":
        yield from _table(start, file, kind, options, alone)
    elif options.articles:
        data = start + file.read(PAGE)
        if len(data) > PAGE:
            raise InputError(f"{_WHERE}: the text has {text_reason(len(data))}")
        text = decoded(data, _WHERE, options.encoding)
        if (size := len(text.encode(errors="replace"))) > TEXT:
            raise InputError(f"{_WHERE}: the text has {text_reason(size)}")
        if not text.strip():
            raise InputError(f"{_WHERE}: only white space; expected an article")
        yield Documents(as_strings(["stdin"]), as_strings([text]), None, NAME, articles=True)
    else:
        yield from _lines(start, file, options)


def _require_text(start: bytes) -> None:
    """Raise `InputError` if the input begins as a file that is not read from standard input."""
    for kind, names, pattern in _FILES:
        if re.match(pattern, start):
            raise InputError(
                f"{_WHERE}: begins like {kind}; save it under a name such as {names} and give that, or read it line by "
                "line with --stdin-format text"
            )


_Input: TypeAlias = "BufferedReader | _Recoded"


class _Recoded:
    """Standard input in an encoding with other bytes for ASCII characters, such as UTF-16, as UTF-8."""

    def __init__(self, start: bytes, file: BufferedReader, encoding: str) -> None:
        self._start, self._file, self._encoding = start, file, encoding
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self.fileno = file.fileno

    def read1(self, size: int) -> bytes:
        """Return the next bytes, at most some more than ``size``; empty at the end."""
        text, data = "", b"\0"
        while data and not text:
            data, self._start = self._start or self._file.read1(size), b""
            try:
                text = self._decoder.decode(data, final=not data)
            except UnicodeError as error:
                raise not_in(self._encoding, _WHERE, error) from None
        return text.encode(errors="replace")

    def read(self, size: int = -1) -> bytes:
        """Return the rest, or at least the next ``size`` bytes of it."""
        parts, length = [], 0
        while (size < 0 or length < size) and (part := self.read1(_CHUNK)):
            parts.append(part)
            length += len(part)
        return b"".join(parts)


def _opened(file: BufferedReader, options: ReadOptions) -> tuple[bytes, _Input, ReadOptions]:
    """Return the start of the input, the rest, and the options that apply to it: recoded input has no encoding."""
    with suppress(OSError, ValueError):  # a program that shares the pipe may have set it: then a pause is no end
        os.set_blocking(file.fileno(), True)
    first = b""
    while len(first) < _MAGIC and (more := file.read1(_CHUNK)):
        first += more
    if kind := compression_of(first):
        raise InputError(f"{_WHERE}: compressed with {kind}; decompress it first, or give the file instead of -")
    encoding = options.encoding or encoding_of(first)
    try:
        recode = encoding is not None and is_wide(encoding)
    except LookupError as error:
        raise not_in(str(encoding), _WHERE, error) from None
    if not recode:
        return _start(first, file), file, options
    recoded = _Recoded(first, file, str(encoding))
    return _start(recoded.read1(_CHUNK), recoded), recoded, replace(options, encoding=None)


def _start(start: bytes, file: _Input) -> bytes:
    """Read the first line, and the next if the first only opens an array."""
    start = start.removeprefix(codecs.BOM_UTF8)
    while len(start) <= TEXT and (b"\n" not in start or b"".join(start.split()) in (b"[", b"[{")):
        if not (more := file.read1(_CHUNK)):
            break
        start = (start + more).removeprefix(codecs.BOM_UTF8)
    return start


def _format_of(line: bytes, options: ReadOptions) -> str:
    written = line.decode("utf-8-sig", errors="replace").strip()
    if written.startswith("{"):
        with suppress(ValueError, RecursionError):
            json.loads(written)
            return "jsonl"
        return "text"
    if names_separator(written):
        return "csv"
    wanted = {options.text_column.lower()} if options.text_column else {*ARTICLE_COLUMNS}
    for delimiter in (options.delimiter,) if options.delimiter else ",\t;|":
        with suppress(csv.Error):  # a newline inside the line: not a header
            if wanted & {name.strip().lower() for name in next(csv.reader([written], delimiter=delimiter), [])}:
                return "tsv" if delimiter == "\t" else "csv"
    return "text"


def _table(start: bytes, file: _Input, kind: str, options: ReadOptions, alone: bool) -> Iterator[Documents]:
    """Yield the rows of a table. It is copied to a temporary file, since detecting its format takes several passes."""
    with tempfile.TemporaryFile() as kept:  # without a name: nothing stays behind when the process is killed
        kept.write(start)
        shutil.copyfileobj(file, kept, BLOCK)
        kept.flush()
        data = pa.py_buffer(mmap.mmap(kept.fileno(), 0, access=mmap.ACCESS_READ))
        source = Source(_WHERE, partial(pa.BufferReader, data), encoding=options.encoding, format=f".{kind}")
        if alone:
            require_passing([source], options)
        for documents in read_documents(source, options):
            yield replace(documents, file=NAME)


def _lines(rest: bytes, file: _Input, options: ReadOptions) -> Iterator[Documents]:
    number, chunk, beyond = 0, b"", 0  # bytes of an unfinished line that are over the size limit for a text
    while True:
        *lines, rest = (rest + chunk).split(b"\n")
        if beyond and lines:
            yield _over(beyond + len(lines.pop(0)), number := number + 1, options)
            beyond = 0
        if lines:
            yield replace(_snippets(lines, number, options), awaited=not _is_ready(file))
            number += len(lines)
        if beyond or len(rest) > TEXT:
            beyond, rest = beyond + len(rest), b""
        if not (chunk := file.read1(_CHUNK)):
            break
    if beyond:
        yield _over(beyond, number + 1, options)
    if rest:
        yield _snippets([rest], number, options)


def _over(size: int, number: int, options: ReadOptions) -> Documents:
    """Return the reject for a line over the size limit for a text."""
    reject = _refused(Reject(_WHERE, number, text_reason(size), ""), options)
    return replace(_snippets([], number, options), rejects=[reject], read=1)


def _refused(reject: Reject, options: ReadOptions) -> Reject:
    """Return the reject; raises `InputError` if rows are not set aside."""
    if not options.set_aside:
        raise InputError(f"{_WHERE}, line {reject.row}: {reject.reason}")
    return reject


def _is_ready(file: _Input) -> bool:
    """Return whether more input is available without blocking; False if unknown, as for pipes on Windows."""
    try:
        return bool(select.select([file.fileno()], [], [], 0)[0])
    except (OSError, ValueError):
        return False


def _snippets(lines: list[bytes], before: int, options: ReadOptions) -> Documents:
    rows, texts, rejects = [], [], []
    encoding = options.encoding or "UTF-8"
    for number, line in enumerate(lines, start=before + 1):
        try:
            text = line.decode(encoding).strip()
        except UnicodeDecodeError as error:
            rejects.append(_refused(not_utf8(_WHERE, number, line, error, encoding), options))
            continue
        if len(line) > TEXT:
            rejects.append(_refused(Reject(_WHERE, number, text_reason(len(line)), text[:SHOWN]), options))
        elif text:
            rows.append(number)
            texts.append(text)
    column = as_strings(texts)
    ids = as_strings([f"line-{number}" for number in rows])
    n_read = len(texts) + len(rejects)
    return Documents(ids, column, np.array(rows, np.int64), NAME, {"text": column}, rejects=rejects, read=n_read)
