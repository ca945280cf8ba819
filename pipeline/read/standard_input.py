"""Read standard input: one snippet per line as they arrive, one article, or a table."""

from __future__ import annotations

import codecs
import csv
import json
import re
import select
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from io import BufferedReader
from typing import BinaryIO, cast

import numpy as np
import pyarrow as pa

from pipeline.arrays.arrow import as_strings
from pipeline.errors import InputError
from pipeline.read.bounds import PAGE, TEXT, text_reason
from pipeline.read.documents import ARTICLE_COLUMNS, Documents, ReadOptions, read_documents, require_passing
from pipeline.read.rows import not_utf8
from pipeline.read.source import Source, decoded, not_in

FORMATS = ("text", "csv", "tsv", "jsonl")
NAME = "-"
_WHERE = "standard input"
_CHUNK = 1 << 20
_ARRAY = re.compile(rb'\s*\[\s*\{\s*["}]')  # a JSON array of objects


def read_standard_input(options: ReadOptions, alone: bool = False) -> Iterator[Documents]:
    """Yield the documents on standard input.

    Lines are scored as they arrive, in batches of those available. Input whose first line is a JSON object, or a header
    with a text column, is read as a table; ``options.stdin_format`` overrides the detection.

    Parameters
    ----------
    alone : standard input is the only input, so it must have all requested columns.

    Raises
    ------
    InputError
        If the input is empty, not UTF-8 or not in the given format, or lacks a requested column.
    """
    kind = options.stdin_format
    if kind is not None and kind not in FORMATS:
        raise InputError(f"--stdin-format {kind}: expected one of {', '.join(FORMATS)}")
    if sys.stdin is None:
        raise InputError(f"{_WHERE}: closed; pipe texts to it, or give a file instead of -")
    file = cast(BufferedReader, sys.stdin.buffer)
    start = _start(file)
    if not start:
        raise InputError(f"{_WHERE}: empty; expected one snippet per line, or a table")
    kind = kind or ("jsonl" if _ARRAY.match(start) else _format_of(start.split(b"\n", 1)[0], options))
    if kind != "text":
        yield from _table(start, file, kind, options, alone)
    elif options.articles:
        data = start + file.read(PAGE)
        if len(data) > PAGE:
            raise InputError(f"{_WHERE}: the text has {text_reason(len(data))}")
        text = decoded(data, _WHERE, options.encoding)
        if (size := len(text.encode(errors="replace"))) > TEXT:
            raise InputError(f"{_WHERE}: the text has {text_reason(size)}")
        yield Documents(as_strings(["stdin"]), as_strings([text]), None, NAME, articles=True)
    else:
        yield from _lines(start, file, options)


def _start(file: BufferedReader) -> bytes:
    """Read the first line, and the next if the first is only the opening bracket of an array."""
    start = b""
    while (b"\n" not in start or start.strip() == b"[") and len(start) <= TEXT and (more := file.read1(_CHUNK)):
        start = (start + more).removeprefix(codecs.BOM_UTF8)
    return start


def _format_of(line: bytes, options: ReadOptions) -> str:
    """Detect the format from the first line."""
    written = line.decode("utf-8-sig", errors="replace").strip()
    if written.startswith("{"):
        try:
            return "jsonl" if isinstance(json.loads(written), dict) else "text"
        except (ValueError, RecursionError):
            return "text"
    wanted = {options.text_column.lower()} if options.text_column else {*ARTICLE_COLUMNS}
    for delimiter in (options.delimiter,) if options.delimiter else ",\t;|":
        try:
            names = {name.strip().lower() for name in next(csv.reader([written], delimiter=delimiter), [])}
        except csv.Error:  # a newline inside the line: not a header
            continue
        if names & wanted:
            return "tsv" if delimiter == "\t" else "csv"
    return "text"


def _table(start: bytes, file: BinaryIO, kind: str, options: ReadOptions, alone: bool) -> Iterator[Documents]:
    """Yield the rows of a table. It is copied to a temporary file, since detecting its format takes several passes."""
    with tempfile.NamedTemporaryFile(suffix=f".{kind}") as kept:
        kept.write(start)
        shutil.copyfileobj(file, kept, _CHUNK)
        kept.flush()
        source = Source(_WHERE, partial(pa.OSFile, kept.name, "rb"), encoding=options.encoding, format=f".{kind}")
        if alone:
            require_passing([source], options)
        for documents in read_documents(source, options):
            yield replace(documents, file=NAME)


def _bounded(data: bytes, what: str) -> bytes:
    """Return the data; raises `InputError` if it is one unfinished line over the size limit for a text."""
    if len(data) > TEXT and b"\n" not in data:
        raise InputError(f"{_WHERE}: {what} has {text_reason(len(data))}")
    return data


def _lines(rest: bytes, file: BufferedReader, options: ReadOptions) -> Iterator[Documents]:
    number, chunk = 0, b""
    while True:
        *lines, rest = _bounded(rest + chunk, f"line {number + 1}").split(b"\n")
        if lines:
            yield replace(_snippets(lines, number, options), awaited=not _is_ready(file))
            number += len(lines)
        if not (chunk := file.read1(_CHUNK)):
            break
    if rest:
        yield _snippets([rest], number, options)


def _is_ready(file: BinaryIO) -> bool:
    """Return whether more input is available without blocking; False if unknown, as for pipes on Windows."""
    try:
        return bool(select.select([file.fileno()], [], [], 0)[0])
    except (OSError, ValueError):
        return False


def _snippets(lines: list[bytes], before: int, options: ReadOptions) -> Documents:
    rows, texts, rejects = [], [], []
    for number, line in enumerate(lines, start=before + 1):
        try:
            text = line.decode(options.encoding or "utf-8").strip()
        except UnicodeDecodeError as error:
            bad = not_utf8(_WHERE, number, line, error, "; set --encoding")
            if not options.set_aside:
                raise InputError(f"{_WHERE}, line {number}: {bad.reason}") from None
            rejects.append(bad)
            continue
        except LookupError as error:
            raise not_in(str(options.encoding), _WHERE, error) from None
        if text:
            rows.append(number)
            texts.append(text)
    column = as_strings(texts)
    ids = as_strings([f"line-{number}" for number in rows])
    n_read = len(texts) + len(rejects)
    return Documents(ids, column, np.array(rows, np.int64), NAME, {"text": column}, rejects=rejects, read=n_read)
