"""What is read: text on the command line, text and HTML files, tables, feeds, folders, patterns, standard input."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.arrays.arrow import as_strings
from pipeline.errors import InputError
from pipeline.plain import count_of, say
from pipeline.read.documents import Documents, ReadOptions, columns_of, read_documents, require_passing
from pipeline.read.pages import HTML_SUFFIXES, TEXT_SUFFIXES, read_article
from pipeline.read.rows import Reject
from pipeline.read.source import COMPRESSED, Source, on_disk, printable, require_file
from pipeline.read.standard_input import read_standard_input
from pipeline.read.tables import FEED_SUFFIXES, TABLE_SUFFIXES, is_table

_FILE_LIKE = re.compile(r"\S+\.[A-Za-z]{2,5}")
_PAGES = (*TEXT_SUFFIXES, *HTML_SUFFIXES)
_READABLE = (*TABLE_SUFFIXES, *FEED_SUFFIXES, *filter(None, _PAGES))


def read_inputs(given: list[str], options: ReadOptions) -> Iterator[Documents]:
    """Documents in the order of the arguments.

    Raises
    ------
    InputError
        Where there is nothing to read, a text is blank, or a column to keep is in none of the tables.
    """
    if not given:
        raise InputError("nothing to score: give a text, a file, a folder, or - for standard input")
    if options.columns and all(one != "-" and _is_path(one) for one in given):
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
            files = _files(one)
            for path in files:
                for documents in _file(path, options, alone=len(given) == len(files) == 1):
                    yield replace(documents, done=done + documents.done)
                done += path.stat().st_size


def _kind(number: int, given: str) -> str:
    """What an argument is: standard ``input``, a ``path``, or a ``text``."""
    if given == "-":
        return "input"
    if any("\udc80" <= char <= "\udcff" for char in given):  # how Python keeps bytes that are none
        raise InputError(f"argument {number}: expected UTF-8, found other bytes; write or name it in UTF-8")
    if not given.strip():
        raise InputError(f"argument {number}: the text is blank; expected a sentence, a file, a folder or -")
    if _is_path(given):
        return "path"
    if _FILE_LIKE.fullmatch(given):
        raise InputError(f"{given}: no such file; a text of one word is not scored, check the path")
    return "text"


def _words(numbered: list[tuple[int, str]], options: ReadOptions) -> Documents:
    """Texts on the command line."""
    numbers, texts = zip(*numbered)
    column = as_strings(texts)
    ids = as_strings([f"text-{number}" for number in numbers])
    rows = np.array(numbers, np.int64)
    columns = {} if options.sentences else {"text": column}
    return Documents(ids, column, rows, None, columns, options.articles, read=len(texts))


def files_of(given: list[str]) -> list[Path]:
    """All the files among the arguments."""
    return [path for one in given if one != "-" and _is_path(one) for path in _files(one, quiet=True)]


def _tables(given: list[str], options: ReadOptions) -> Iterator[Source]:
    """The tables among the arguments that can be opened; what is wrong with others is said where they are read."""
    for path in filter(_is_tabular, files_of(given)):
        with suppress(InputError):
            yield on_disk(path, options.encoding)


def _columns_of_all(given: list[str], options: ReadOptions) -> dict[str, pa.DataType] | None:
    """The columns that pass through from any of the inputs, with a type that fits them all; None of a stream alone."""
    types: dict[str, pa.DataType] = {}
    if any(one != "-" and not _is_path(one) for one in given) and not options.sentences:
        types["text"] = pa.large_string()
    for source in _tables(given, options):
        try:
            found = columns_of(source, options)
        except (InputError, pa.ArrowException, OSError):
            continue  # said where the file is read
        for name, kind in found.items():
            types[name] = kind if types.setdefault(name, kind) == kind else pa.large_string()
    return types if "-" not in given or len(given) > 1 else None


def _is_path(given: str) -> bool:
    """Whether an argument names a file: it exists, or it looks like nothing else."""
    try:
        if Path(given).exists() or glob.glob(given):
            return True
    except (OSError, ValueError):  # too long for a name, or with a NUL
        return False
    return not any(map(str.isspace, given)) and ("/" in given or (Path(given).suffix != "" and _readable(Path(given))))


def _is_tabular(path: Path) -> bool:
    return is_table(path) or path.suffix.lower() in FEED_SUFFIXES


def _readable(path: Path) -> bool:
    return _is_tabular(path) or (path.suffix != "" and path.suffix.lower() in _PAGES)


def _files(given: str, quiet: bool = False) -> list[Path]:
    """The files of an argument: itself, what a folder holds, or what a pattern fits."""
    path = Path(given)
    if path.is_dir():
        every = sorted(_walk(path))
        files = [file for file in every if os.path.isfile(file) and _readable(file)]
        if not quiet:
            _say_passed_over(path, {*every} - {*files})
        if not files:
            raise InputError(f"{path}: no file to score in this folder; expected {', '.join(_READABLE)}")
        return files
    if path.exists() or not glob.has_magic(given):
        require_file(path)
        return [path]
    every = sorted(map(Path, glob.glob(given, recursive=True)))
    files = [file for file in every if os.path.isfile(file)]
    if not quiet:  # folders that ** matches are read
        _say_passed_over(given, [one for one in {*every} - {*files} if not ("**" in given and one.is_dir())])
    if not files:
        raise InputError(f"{given}: no file matches this pattern")
    return files


def _walk(folder: Path, above: tuple[Path, ...] = ()) -> Iterator[Path]:
    """The files in a folder and in those below, links followed; also each folder that cannot be read or holds itself."""
    here = folder.resolve()
    try:
        if here in above:
            raise OSError
        inside = [*folder.iterdir()]
    except OSError:
        yield folder
        return
    for path in inside:
        yield from _walk(path, (*above, here)) if os.path.isdir(path) else [path]


def _say_passed_over(where: Path | str, files: Collection[Path]) -> None:
    """One line on standard error for the files of a folder or pattern that are not read; nothing is passed over in silence."""
    if files:
        kinds = ", ".join(sorted(set(map(_kind_of, files))))
        say(f"{where}: {count_of(len(files), 'file')} passed over ({kinds})")


def _kind_of(path: Path) -> str:
    """What is passed over: a kind of files, or one thing that is no file."""
    if os.path.isfile(path):
        return path.suffix or path.name
    kind = "folder" if os.path.isdir(path) else "dangling link" if path.is_symlink() else "pipe or device"
    return f"{kind} {path.name}"


def _file(path: Path, options: ReadOptions, alone: bool) -> Iterator[Documents]:
    """The documents of a file; one of several that cannot be read is set aside, with the reason."""
    size = path.stat().st_size
    try:
        if _is_tabular(path):
            yield from read_documents(on_disk(path, options.encoding), options)
        elif path.suffix.lower() in _PAGES:
            text, rejects = read_article(path, options.encoding, options.set_aside)
            name, column = as_strings([str(path)]), as_strings([text])
            yield Documents(name, column, None, str(path), {}, True, rejects, 1 + len(rejects), size)
        else:
            kinds = f"{', '.join(_READABLE)}, tables but Parquet also with {' or '.join(COMPRESSED)}"
            raise InputError(f"{path}: cannot read {path.suffix} files; expected {kinds}")
    except InputError as error:
        if alone or not options.set_aside:
            raise
        name, nothing = printable(path), as_strings([])
        reason = str(error).removeprefix(name).lstrip(":, ")
        rejects = [Reject(name, 0, reason[:200], "")]
        yield Documents(nothing, nothing, None, name, rejects=rejects, read=1, done=size)
