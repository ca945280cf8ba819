"""Batches of documents from any input, with their positions and extra columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrays.arrow import as_strings, int64_column, string
from pipeline.errors import InputError
from pipeline.read.rows import Reject, Rows, refusal, strings_of
from pipeline.read.source import Source, Written
from pipeline.read.tables import FEED_SUFFIXES, TEXT_COLUMNS, column_of, plain_names, read_rows, table_columns, texts_of

# Snippets per batch: larger arrays outgrow the CPU cache, smaller ones are dominated by fixed costs.
BATCH_ROWS = 16_000
_ARTICLES = 500
ARTICLE_COLUMNS = ("body", "article", "content", *TEXT_COLUMNS)
_TITLES = ("title", "headline")
_WITH_HEADER = (".csv", ".tsv", ".xlsx")


@dataclass(frozen=True)
class ReadOptions(Written):
    """How inputs are read, besides their encoding and delimiter (`Written`).

    Attributes
    ----------
    text_column : name of the text column; None for the usual names.
    articles : texts are articles rather than snippets.
    sentences : output rows are sentences, so the article's text is not copied to the output.
    set_aside : skip and report rows and files that cannot be read; otherwise the first raises `InputError`.
    columns : table columns to copy to the output; None for all.
    alike : give all documents the same columns, as CSV and Parquet output requires.
    stdin_format : ``text``, ``csv``, ``tsv`` or ``jsonl``; None to detect it from the first line.
    """

    text_column: str | None = None
    articles: bool = False
    sentences: bool = False
    set_aside: bool = False
    columns: tuple[str, ...] | None = None
    alike: bool = False
    stdin_format: str | None = None

    @property
    def rows_together(self) -> int:
        """Number of table rows per batch."""
        return _ARTICLES if self.articles else BATCH_ROWS


@dataclass(frozen=True)
class Documents:
    """A batch of texts from one input.

    Attributes
    ----------
    ids, texts : (n,) ``large_string``.
    rows : (n,) int64, row numbers in the file; None if the whole file is one document.
    file : the file's path or URL, ``-`` for standard input, None for texts on the command line.
    columns : (n,) arrays by name, the columns to copy to the output.
    articles : texts are articles rather than snippets.
    rejects : rows that could not be read.
    read : number of rows in this batch, including rejected ones.
    done : bytes of the inputs read so far.
    awaited : the input has no further line yet; results should be written now.
    """

    ids: pa.Array
    texts: pa.Array = field(repr=False)
    rows: np.ndarray | None = None
    file: str | None = None
    columns: dict[str, pa.Array] = field(default_factory=dict, repr=False)
    articles: bool = False
    rejects: Sequence[Reject] = ()
    read: int = 1
    done: int = 0
    awaited: bool = False

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def n_rejected_rows(self) -> int:
        """Number of rejects that are rows of a table or stream, and neither whole files nor lines of an article."""
        return 0 if self.articles and self.rows is None else sum(reject.row > 0 for reject in self.rejects)

    def aligned(self, types: dict[str, pa.DataType]) -> Documents:
        """Return these documents with the columns of all inputs; columns they lack are null."""
        columns = {}
        for name, kind in types.items():
            column = self.columns.get(name, pa.nulls(len(self), kind))
            columns[name] = strings_of(column) if kind == pa.large_string() else column.cast(kind)
        return replace(self, columns=columns)


@dataclass(frozen=True)
class _Roles:
    """The text, id and title columns of a table, and the columns to copy to the output."""

    text: str
    id: str | None
    title: str | None
    passing: tuple[str, ...]

    def all(self) -> list[str]:
        named = (self.text, self.id, self.title, *self.passing)
        return list(dict.fromkeys(name for name in named if name is not None))  # an index may have the name ""


def _roles(names: list[str], options: ReadOptions, path: str) -> _Roles:
    text = column_of(names, options.text_column, ARTICLE_COLUMNS if options.articles else TEXT_COLUMNS, path)
    plain = plain_names(names)
    title = next((plain[name] for name in _TITLES if name in plain and plain[name] != text), None)
    key = plain.get("id") if plain.get("id") != text else None
    if options.columns is None:
        passing = [name for name in names if name != key]
    else:
        passing = [plain[name.lower()] for name in options.columns if name.lower() in plain]
    passing = [name for name in passing if not (options.sentences and name == text)]
    return _Roles(text, key, title if options.articles else None, tuple(passing))


def columns_of(source: Source, options: ReadOptions) -> dict[str, pa.DataType]:
    """Return the names and types of the table columns to copy to the output."""
    options = replace(options, articles=options.articles or source.suffix in FEED_SUFFIXES)
    return table_columns(source, options.delimiter, lambda names: list(_roles(names, options, source.address).passing))


def require_passing(sources: Iterable[Source], options: ReadOptions) -> None:
    """Raise `InputError` if one of the requested columns is in none of the tables."""
    missing, seen = list(options.columns or ()), set[str]()
    for source in sources if missing else ():
        with suppress(InputError, pa.ArrowException, OSError):  # reported when the table is read
            seen |= {name.strip() for name in table_columns(source, options.delimiter)}
        missing = [name for name in missing if name.lower() not in {name.lower() for name in seen}]
        if not missing:
            return
    if seen:
        raise InputError(f"--columns {missing[0]}: no such column; the input has {', '.join(sorted(seen))}")


def read_documents(source: Source, options: ReadOptions) -> Iterator[Documents]:
    """Yield the rows of one table in batches.

    Raises `InputError` if the table cannot be read, or a row cannot be read and ``options.set_aside`` is false.
    """
    options = replace(options, articles=options.articles or source.suffix in FEED_SUFFIXES)
    roles: list[_Roles] = []

    def choose(names: list[str]) -> list[str]:
        roles[:] = [_roles(names, options, source.address)]
        return roles[0].all()

    for rows in read_rows(source, choose, options.delimiter):
        if rows.rejects and not options.set_aside:
            raise refusal(rows.rejects[0])
        for part in rows.cut(options.rows_together):
            yield _documents(part, roles[0], source, options)


def _documents(part: Rows, roles: _Roles, source: Source, options: ReadOptions) -> Documents:
    try:
        texts = texts_of(part.columns[roles.text])
    except InputError as error:
        raise InputError(f"{source.address}, column {roles.text}: {error}; choose another with --text-column") from None
    if roles.title:
        titles = as_strings(strings_of(part.columns[roles.title]))
        texts = pc.if_else(
            pc.equal(titles, string("")), texts, pc.binary_join_element_wise(titles, texts, string("\n\n"))
        )
    own = as_strings(strings_of(part.columns[roles.id])) if roles.id else None
    # Rows without an id are identified by their number, not counting the header.
    numbers = int64_column(part.numbers - (source.suffix in _WITH_HEADER)).cast(pa.large_string())
    if part.sheet:
        numbers = pc.binary_join_element_wise(string(part.sheet), numbers, string("!"))
    return Documents(
        numbers if own is None else pc.if_else(pc.equal(own, string("")), numbers, own),
        texts,
        part.numbers,
        source.address,
        {name: part.columns[name] for name in roles.passing},
        options.articles,
        part.rejects,
        part.read,
        part.done,
    )
