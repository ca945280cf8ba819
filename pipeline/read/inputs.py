"""What is scored: text on the command line, text and HTML files, tables, folders, standard input."""

from __future__ import annotations

import glob
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrays.arrow import string
from pipeline.errors import InputError
from pipeline.read.chunks import COMPRESSED, Chunk, Reject, Source, Wanted, is_table, on_disk, read_chunks
from pipeline.read.documents import BATCH_ROWS
from pipeline.read.tables import TABLE_SUFFIXES, TEXT_COLUMNS, require_file

TEXT_SUFFIXES = (".txt", ".md", "")
HTML_SUFFIXES = (".html", ".htm")
ARTICLE_COLUMNS = ("body", "article", "content", *TEXT_COLUMNS)
_READABLE = (*TABLE_SUFFIXES, *TEXT_SUFFIXES[:2], *HTML_SUFFIXES)
_SNIPPETS, _ARTICLES = BATCH_ROWS, 500  # rows of a table scored together


@dataclass(frozen=True)
class ReadOptions:
    """How tables are read: the name of the text column (None: the usual ones), whether rows are articles, and whether
    rows that cannot be read are set aside; else the first of them is an `InputError`."""

    text_column: str | None = None
    articles: bool = False
    set_aside: bool = False


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
            for path in _files(one):
                for batch in _file(path, reading):
                    yield replace(batch, done=done + batch.done)
                done += path.stat().st_size


def _kind(number: int, given: str) -> str:
    """What an argument is: standard ``input``, a ``path``, or a ``text``."""
    if given == "-":
        return "input"
    if _is_path(given):
        return "path"
    if not given.strip():
        raise InputError(f"argument {number}: the text is blank; expected a sentence, a file, a folder or -")
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
        files = sorted(file for file in path.rglob("*") if file.is_file() and _readable(file))
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


def _file(path: Path, reading: ReadOptions) -> Iterator[Batch]:
    if is_table(path):
        yield from batches_of(on_disk(path), reading)
    elif path.suffix.lower() in (*TEXT_SUFFIXES, *HTML_SUFFIXES):
        yield Batch([str(path)], [read_article(path)], articles=True, done=path.stat().st_size)
    else:
        kinds = f"{', '.join(_READABLE)}, CSV, TSV and JSONL also with {' or '.join(COMPRESSED)}"
        raise InputError(f"{path}: cannot read {path.suffix} files; expected {kinds}")


def read_article(path: Path) -> str:
    """The text of a plain text or HTML file; of a page, its main text."""
    require_file(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise InputError(
            f"{path}: expected UTF-8, found byte 0x{byte:02x} at {error.start}; convert the file"
        ) from None
    if path.suffix.lower() in HTML_SUFFIXES:
        text = _main_text(text, path)
    if not text.strip():
        raise InputError(f"{path}: only white space; expected an article")
    return text


def _main_text(page: str, path: Path) -> str:
    import trafilatura

    text = trafilatura.extract(page, include_comments=False, include_tables=False, deduplicate=False)
    if not text:
        raise InputError(f"{path}: no main text found on this page; save the article as plain text and score that")
    return "\n\n".join(text.split("\n"))  # trafilatura ends a paragraph with one line end


def rows_together(reading: ReadOptions) -> int:
    """How many rows of a table make a batch."""
    return _ARTICLES if reading.articles else _SNIPPETS


def batches_of(source: Source, reading: ReadOptions) -> Iterator[Batch]:
    """The rows of one table."""
    usual = ARTICLE_COLUMNS if reading.articles else TEXT_COLUMNS
    for piece in read_chunks(source, Wanted(reading.text_column, usual, reading.articles, rows_together(reading))):
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
