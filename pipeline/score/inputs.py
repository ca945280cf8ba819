"""What is scored: text on the command line, text and HTML files, tables, folders, standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import InputError
from pipeline.tables import TABLE_SUFFIXES, TEXT_COLUMNS, column_of, read_table, require_file, strings

TEXT_SUFFIXES = (".txt", ".md", "")
HTML_SUFFIXES = (".html", ".htm")
ARTICLE_COLUMNS = ("body", "article", "content", *TEXT_COLUMNS)
_READABLE = (*TABLE_SUFFIXES, *TEXT_SUFFIXES[:2], *HTML_SUFFIXES)
_CHUNK = 50_000  # rows of a table scored together


@dataclass(frozen=True)
class Reading:
    """How tables are read: the name of the text column (None: the usual ones), and whether rows are articles."""

    text_column: str | None = None
    articles: bool = False


@dataclass(frozen=True)
class Batch:
    """Texts to be scored together.

    Attributes
    ----------
    ids : one for each text.
    texts : the texts.
    articles : whether they are articles; else they are snippets.
    quoted : whether the output repeats the texts, since the reader has no file to look them up in.
    """

    ids: list[str]
    texts: list[str] = field(repr=False)
    articles: bool = False
    quoted: bool = False


def read_inputs(given: list[str], reading: Reading) -> Iterator[Batch]:
    """Batches in the order of the arguments.

    Raises
    ------
    InputError
        Where there is nothing to read, or a text is blank.
    """
    if not given:
        raise InputError("nothing to score: give a text, a file, a folder, or - for standard input")
    for number, one in enumerate(given, start=1):
        if one == "-":
            yield from _standard_input()
        elif _is_path(one):
            yield from _path(Path(one), reading)
        elif not one.strip():
            raise InputError(f"argument {number}: the text is blank; expected a sentence, a file, a folder or -")
        else:
            yield Batch([f"text-{number}"], [one], quoted=True)


def _is_path(given: str) -> bool:
    """Whether an argument names a file: it exists, or it looks like nothing else."""
    try:
        if Path(given).exists():
            return True
    except (OSError, ValueError):  # too long for a name, or with a NUL
        return False
    return not any(map(str.isspace, given)) and ("/" in given or Path(given).suffix.lower() in _READABLE)


def _path(path: Path, reading: Reading) -> Iterator[Batch]:
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file() and file.suffix.lower() in _READABLE)
        if not files:
            raise InputError(f"{path}: no file to score in this folder; expected {', '.join(_READABLE)}")
        for file in files:
            yield from _path(file, reading)
        return
    suffix = path.suffix.lower()
    if suffix in TABLE_SUFFIXES:
        yield from _table(path, reading)
    elif suffix in (*TEXT_SUFFIXES, *HTML_SUFFIXES):
        yield Batch([str(path)], [read_article(path)], articles=True)
    else:
        raise InputError(f"{path}: cannot read {suffix} files; expected {', '.join(_READABLE)}")


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


def _table(path: Path, reading: Reading) -> Iterator[Batch]:
    table = read_table(path)
    usual = ARTICLE_COLUMNS if reading.articles else TEXT_COLUMNS
    texts = strings(table, column_of(table, reading.text_column, usual, path), path)
    ids = strings(table, "id", path) if "id" in table.column_names else None
    titles = strings(table, "title", path) if reading.articles and "title" in table.column_names else None
    for start in range(0, len(texts), _CHUNK):
        part = texts.slice(start, _CHUNK).to_pylist()
        if titles is not None:
            part = [f"{title}\n\n{body}" for title, body in zip(titles.slice(start, _CHUNK).to_pylist(), part)]
        numbers = range(start + 1, start + 1 + len(part))
        names = ids.slice(start, _CHUNK).to_pylist() if ids is not None else [str(n) for n in numbers]
        yield Batch(names, part, articles=reading.articles)


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
    return Batch(ids, texts, quoted=True)
