"""Read all inputs: texts on the command line, articles, tables, feeds, folders, patterns, URLs, standard input."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa

from pipeline.arrays.arrow import as_strings
from pipeline.errors import InputError
from pipeline.read.documents import Documents, ReadOptions, columns_of, read_documents, require_passing
from pipeline.read.files import files_at, files_in, is_address, is_tabular, located, names_files, readable, size_at
from pipeline.read.pages import HTML_SUFFIXES, TEXT_SUFFIXES, read_article
from pipeline.read.rows import whole_file
from pipeline.read.source import Source, on_disk, printable, suffix_of, watched
from pipeline.read.standard_input import read_standard_input
from pipeline.read.tables import TABULAR, unreadable

_FILE_LIKE = re.compile(r"\S+\.[A-Za-z]{2,5}")
_PAGES = (*TEXT_SUFFIXES, *HTML_SUFFIXES)
READABLE = (*TABULAR, *filter(None, _PAGES))


def read_inputs(given: list[str], options: ReadOptions) -> Iterator[Documents]:
    """Yield documents in the order of the arguments.

    Raises `InputError` if there is nothing to read, a text is blank, or a requested column is in none of the tables.
    """
    if not given:
        raise InputError("nothing to score: give a text, a file, a folder, or - for standard input")
    if options.columns and all(one != "-" and names_files(one, READABLE) for one in given):
        require_passing(_tables(given, options), options)
    types = _columns_of_all(given, options) if options.alike else None
    for documents in _in_order(given, options):
        yield documents if types is None else documents.aligned(types)


def _in_order(given: list[str], options: ReadOptions) -> Iterator[Documents]:
    done = 0
    for kind, group in groupby(enumerate(given, start=1), key=lambda pair: _kind(*pair)):
        if kind == "text":
            yield _words([*group], options)
            continue
        for _, one in group:
            if kind == "input":
                yield from read_standard_input(options, alone=given == ["-"])
                continue
            places = _places(one)
            for place in places:
                for documents in _file(place, options, alone=len(given) == len(places) == 1):
                    yield replace(documents, done=done + documents.done)
                done += _size_of(place)


def _kind(number: int, given: str) -> str:
    """Return the kind of an argument: standard ``input``, a ``path`` or a ``text``."""
    if given == "-":
        return "input"
    if any("\udc80" <= char <= "\udcff" for char in given):  # how Python represents bytes that are not UTF-8
        raise InputError(f"argument {number}: expected UTF-8, found other bytes; convert it to UTF-8")
    if not given.strip():
        raise InputError(f"argument {number}: the text is blank; expected a sentence, a file, a folder or -")
    if names_files(given, READABLE):
        return "path"
    if _FILE_LIKE.fullmatch(given):
        raise InputError(f"{given}: no such file; check the path (a single word is not scored as a text)")
    return "text"


def _words(numbered: list[tuple[int, str]], options: ReadOptions) -> Documents:
    numbers, texts = zip(*numbered)
    column = as_strings(texts)
    ids = as_strings([f"text-{number}" for number in numbers])
    rows = np.array(numbers, np.int64)
    columns = {} if options.sentences else {"text": column}
    return Documents(ids, column, rows, None, columns, options.articles, read=len(texts))


def files_of(given: list[str]) -> list[Path]:
    """Return all local files that the arguments name; raises `InputError` if one names none."""
    return [place for place in _all_places(given) if isinstance(place, Path)]


def total_size(given: list[str]) -> int:
    """Return the total size in bytes of the files that the arguments name; raises `InputError` if one names none."""
    return sum(map(_size_of, _all_places(given)))


def _all_places(given: list[str]) -> list[Path | str]:
    return [place for one in given if one != "-" and names_files(one, READABLE) for place in _places(one, quiet=True)]


def _places(given: str, quiet: bool = False) -> list[Path | str]:
    """Return the files that an argument names, as paths or URLs."""
    if not is_address(given):
        return [*files_in(given, READABLE, quiet)]
    found = files_at(given)
    return [file for file in found if readable(PurePosixPath(file), READABLE)] or [*found[:1]]


def _size_of(place: Path | str) -> int:
    """Return the size in bytes; 0 if a local file is gone, which is reported when it is read."""
    return size_at(place) if isinstance(place, str) else place.stat().st_size if place.exists() else 0


def _source(place: Path | str, encoding: str | None) -> Source:
    return located(place, encoding) if isinstance(place, str) else on_disk(place, encoding)


def _tables(given: list[str], options: ReadOptions) -> Iterator[Source]:
    """Yield the tables among the arguments that can be opened; errors in others are reported when they are read."""
    for place in _all_places(given):
        if is_tabular(PurePosixPath(place)):
            with suppress(InputError):
                yield _source(place, options.encoding)


def _columns_of_all(given: list[str], options: ReadOptions) -> dict[str, pa.DataType] | None:
    """Return the columns to copy from all inputs, each with a common type; None if standard input is the only input."""
    types: dict[str, pa.DataType] = {}
    if any(one != "-" and not names_files(one, READABLE) for one in given) and not options.sentences:
        types["text"] = pa.large_string()
    for source in _tables(given, options):
        with suppress(InputError, pa.ArrowException, OSError):  # reported when the file is read
            for name, kind in columns_of(source, options).items():
                types[name] = kind if types.setdefault(name, kind) == kind else pa.large_string()
    return types if "-" not in given or len(given) > 1 else None


def _file(place: Path | str, options: ReadOptions, alone: bool) -> Iterator[Documents]:
    """Yield the documents of a file. One of several files that cannot be read is rejected with the reason."""
    size, path, name = _size_of(place), PurePosixPath(place), printable(place)
    try:
        with watched(place, not options.set_aside):
            if is_tabular(path):
                yield from read_documents(_source(place, options.encoding), options)
            elif suffix_of(path) in _PAGES:
                text, rejects = read_article(_source(place, options.encoding), options.set_aside)
                ids, column = as_strings([name]), as_strings([text])
                yield Documents(ids, column, None, name, {}, True, rejects, 1 + len(rejects), size)
            else:
                raise unreadable(name, READABLE)
    except (InputError, OSError) as error:
        if alone or not options.set_aside:
            raise
        nothing = as_strings([])
        yield Documents(nothing, nothing, None, name, rejects=[whole_file(name, error)], read=1, done=size)
