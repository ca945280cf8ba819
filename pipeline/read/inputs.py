"""What is scored: text on the command line, text and HTML files, tables, folders, standard input."""

from __future__ import annotations

import glob
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrays.arrow import string
from pipeline.errors import InputError
from pipeline.read.chunks import Chunk, Reject, Wanted, is_table, read_chunks
from pipeline.read.documents import BATCH_ROWS
from pipeline.read.pages import HTML_SUFFIXES, TEXT_SUFFIXES, read_article
from pipeline.read.source import COMPRESSED, Source, on_disk, require_file
from pipeline.read.tables import TABLE_SUFFIXES, TEXT_COLUMNS

ARTICLE_COLUMNS = ("body", "article", "content", *TEXT_COLUMNS)
_FILE_LIKE = re.compile(r"\S+\.[A-Za-z]{2,5}")
_READABLE = (*TABLE_SUFFIXES, *TEXT_SUFFIXES[:-1], *HTML_SUFFIXES)
_SNIPPETS, _ARTICLES = BATCH_ROWS, 500  # rows of a table scored together


@dataclass(frozen=True)
class ReadOptions:
    """How inputs are read: the name of the text column (None: the usual ones), whether rows are articles, whether rows and
    files that cannot be read are set aside (else the first of them is an `InputError`), the encoding of files and the
    separator of tables (None: told by the file)."""

    text_column: str | None = None
    articles: bool = False
    set_aside: bool = False
    encoding: str | None = None
    delimiter: str | None = None


@dataclass(frozen=True)
class Batch:
    """Texts to be scored together.

    Attributes
    ----------
    ids : one for each text.
    texts : the texts.
    articles : whether they are articles; else they are snippets.
    quoted : whether the output repeats the texts, since the reader has no file to look them up in.
    rejects : rows of a table that could not be read.
    read : how many rows the table has here, readable or not; the number of texts where there is no table.
    done : bytes of the inputs read so far.
    """

    ids: Sequence[str] | pa.Array
    texts: Sequence[str] | pa.Array = field(repr=False)
    articles: bool = False
    quoted: bool = False
    rejects: Sequence[Reject] = ()
    read: int = 1
    done: int = 0


def read_inputs(given: list[str], reading: ReadOptions) -> Iterator[Batch]:
    """Batches in the order of the arguments.

    Raises
    ------
    InputError
        Where there is nothing to read, or a text is blank.
    """
    if not given:
        raise InputError("nothing to score: give a text, a file, a folder, or - for standard input")
    done = 0
    for kind, group in groupby(enumerate(given, start=1), key=lambda pair: _kind(*pair)):
        if kind == "text":
            yield _words([*group])
            continue
        for _, one in group:
            if kind == "input":
                yield from _standard_input()
                continue
            files = _files(one)
            for path in files:
                for batch in _file(path, reading, alone=len(files) == 1):
                    yield replace(batch, done=done + batch.done)
                done += path.stat().st_size


def _kind(number: int, given: str) -> str:
    """What an argument is: standard ``input``, a ``path``, or a ``text``."""
    if given == "-":
        return "input"
    if not given.strip():
        raise InputError(f"argument {number}: the text is blank; expected a sentence, a file, a folder or -")
    if _is_path(given):
        return "path"
    if _FILE_LIKE.fullmatch(given):
        raise InputError(f"{given}: no such file; a text of one word is not scored, check the path")
    return "text"


def _words(numbered: list[tuple[int, str]]) -> Batch:
    """Texts on the command line."""
    ids, texts = zip(*((f"text-{number}", text) for number, text in numbered))
    return Batch(ids, texts, quoted=True, read=len(texts))


def files_of(given: list[str]) -> list[Path]:
    """All the files among the arguments."""
    return [path for one in given if one != "-" and _is_path(one) for path in _files(one)]


def _is_path(given: str) -> bool:
    """Whether an argument names a file: it exists, or it looks like nothing else."""
    try:
        if Path(given).exists() or glob.glob(given):
            return True
    except (OSError, ValueError):  # too long for a name, or with a NUL
        return False
    return not any(map(str.isspace, given)) and ("/" in given or _readable(Path(given)))


def _readable(path: Path) -> bool:
    return is_table(path) or (path.suffix != "" and path.suffix.lower() in (*TEXT_SUFFIXES, *HTML_SUFFIXES))


def _files(given: str) -> list[Path]:
    """The files of an argument: itself, what a folder holds, or what a pattern fits."""
    path = Path(given)
    if path.is_dir():
        every = sorted(file for file in path.rglob("*") if file.is_file())
        files = [file for file in every if _readable(file)]
        _say_passed_over(path, [file for file in every if not _readable(file)])
        if not files:
            raise InputError(f"{path}: no file to score in this folder; expected {', '.join(_READABLE)}")
        return files
    if path.exists() or not glob.has_magic(given):
        require_file(path)
        return [path]
    files = sorted(map(Path, glob.glob(given, recursive=True)))
    if not files:
        raise InputError(f"{given}: no file fits this pattern")
    return [file for file in files if file.is_file()]


def _say_passed_over(folder: Path, files: list[Path]) -> None:
    """One line on standard error for the files of a folder whose kind is not read; nothing is passed over in silence."""
    if files:
        kinds = ", ".join(sorted({file.suffix or file.name for file in files}))
        print(f"{folder}: {len(files):,} files passed over ({kinds})", file=sys.stderr)


def _file(path: Path, reading: ReadOptions, alone: bool) -> Iterator[Batch]:
    """The batches of a file; one of several that cannot be read is set aside, with the reason."""
    try:
        if is_table(path):
            yield from batches_of(on_disk(path, reading.encoding), reading)
        elif path.suffix.lower() in (*TEXT_SUFFIXES, *HTML_SUFFIXES):
            text, rejects = read_article(path, reading.encoding, reading.set_aside)
            size = path.stat().st_size
            yield Batch([str(path)], [text], articles=True, rejects=rejects, read=1 + len(rejects), done=size)
        else:
            kinds = f"{', '.join(_READABLE)}, CSV, TSV and JSONL also with {' or '.join(COMPRESSED)}"
            raise InputError(f"{path}: cannot read {path.suffix} files; expected {kinds}")
    except InputError as error:
        if alone or not reading.set_aside:
            raise
        reason = str(error).removeprefix(f"{path}").lstrip(":, ")
        yield Batch([], [], rejects=[Reject(str(path), 0, reason[:200], "")], read=1, done=path.stat().st_size)


def rows_together(reading: ReadOptions) -> int:
    """How many rows of a table make a batch."""
    return _ARTICLES if reading.articles else _SNIPPETS


def _wanted(reading: ReadOptions, usual: tuple[str, ...]) -> Wanted:
    return Wanted(reading.text_column, usual, reading.articles, rows_together(reading), reading.delimiter)


def batches_of(source: Source, reading: ReadOptions) -> Iterator[Batch]:
    """The rows of one table."""
    usual = ARTICLE_COLUMNS if reading.articles else TEXT_COLUMNS
    for piece in read_chunks(source, _wanted(reading, usual)):
        if piece.rejects and not reading.set_aside:
            first = piece.rejects[0]
            raise InputError(
                f"{first.file}, row {first.row}: {first.reason}; correct it, or name --out to set such rows aside"
            )
        yield Batch(
            piece.columns["id"],
            _texts(piece),
            reading.articles,
            rejects=piece.rejects,
            read=piece.read,
            done=piece.done,
        )


def _texts(piece: Chunk) -> pa.Array:
    """The texts of a piece, below their titles where it has any."""
    if "title" not in piece.columns:
        return piece.columns["text"]
    return pc.binary_join_element_wise(piece.columns["title"], piece.columns["text"], string("\n\n"))


def _standard_input() -> Iterator[Batch]:
    """Each line is a snippet; lines are scored as they arrive, as many together as are there."""
    number, rest = 0, b""
    while chunk := sys.stdin.buffer.read1(1 << 20):
        *lines, rest = (rest + chunk).split(b"\n")
        if lines:
            yield _lines(lines, number)
            number += len(lines)
    if rest:
        yield _lines([rest], number)
        number += 1
    if not number:
        raise InputError("standard input: empty; expected one snippet a line")


def _lines(lines: list[bytes], before: int) -> Batch:
    ids, texts = [], []
    for number, line in enumerate(lines, start=before + 1):
        try:
            text = line.decode().strip()
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            raise InputError(f"standard input, line {number}: expected UTF-8, found byte 0x{byte:02x}") from None
        if text:
            ids.append(f"line-{number}")
            texts.append(text)
    return Batch(ids, texts, quoted=True, read=len(texts))
