"""Documents: what every door gives, in batches, with their place in the file and the columns beside the text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrays.arrow import as_strings, int64_column, string
from pipeline.errors import InputError
from pipeline.read.rows import Reject, Rows, strings_of
from pipeline.read.source import Source, separator
from pipeline.read.tables import FEED_SUFFIXES, TEXT_COLUMNS, column_of, plain_names, read_rows, table_columns, texts_of

# Snippets in a batch: with more the arrays outgrow a processor's cache, with fewer fixed costs tell.
BATCH_ROWS = 16_000
_ARTICLES = 500
ARTICLE_COLUMNS = ("body", "article", "content", *TEXT_COLUMNS)
_TITLES = ("title", "headline")
_WITH_HEADER = (".csv", ".tsv", ".xlsx")


@dataclass(frozen=True)
class ReadOptions:
    """How inputs are read.

    Attributes
    ----------
    text_column : name of the text column; None for the usual ones.
    articles : whether texts are articles; else they are snippets.
    sentences : whether rows of the output are sentences, in whose place the article's text does not pass through.
    set_aside : whether rows and files that cannot be read are set aside; else the first of them is an `InputError`.
    encoding, delimiter : of files and of tables; None where the file tells.
    columns : columns of tables that pass through to the output; None for all.
    alike : whether all documents must have the same columns, as a CSV or Parquet file has.
    stdin_format : ``text``, ``csv``, ``tsv`` or ``jsonl``; None where the first line tells.
    """

    text_column: str | None = None
    articles: bool = False
    sentences: bool = False
    set_aside: bool = False
    encoding: str | None = None
    delimiter: str | None = None
    columns: tuple[str, ...] | None = None
    alike: bool = False
    stdin_format: str | None = None

    def __post_init__(self) -> None:
        if self.delimiter is not None:
            object.__setattr__(self, "delimiter", separator(self.delimiter))

    @property
    def rows_together(self) -> int:
        """How many rows of a table make a batch."""
        return _ARTICLES if self.articles else BATCH_ROWS


@dataclass(frozen=True)
class Documents:
    """Texts to be read together, all from one place.

    Attributes
    ----------
    ids, texts : (n,) ``large_string``.
    rows : (n,) int64, where each stands in its file; None of a file that is one document.
    file : the file's path or address, ``-`` for standard input, None for the command line.
    columns : (n,) arrays by name, the columns that pass through.
    articles : whether they are articles; else they are snippets.
    rejects : rows that could not be read.
    read : how many rows there were here, readable or not.
    done : bytes of the inputs read so far.
    awaited : a stream whose next line is not there yet; it wants its answers now.
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

    def aligned(self, types: dict[str, pa.DataType]) -> Documents:
        """The same with the columns of all inputs, null where these documents have none."""
        columns = {
            name: _cast(self.columns[name], kind) if name in self.columns else pa.nulls(len(self), kind)
            for name, kind in types.items()
        }
        return replace(self, columns=columns)


def _cast(column: pa.Array, kind: pa.DataType) -> pa.Array:
    return strings_of(column) if kind == pa.large_string() else column.cast(kind)


@dataclass(frozen=True)
class _Roles:
    """Which columns of a table are the text, the ids and the titles, and which pass through."""

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
        passing = tuple(name for name in names if name != key)
    else:
        passing = tuple(plain[name.lower()] for name in options.columns if name.lower() in plain)
    if options.sentences:
        passing = tuple(name for name in passing if name != text)
    return _Roles(text, key, title if options.articles else None, passing)


def columns_of(source: Source, options: ReadOptions) -> dict[str, pa.DataType]:
    """The columns of a table that pass through, and their types."""
    options = replace(options, articles=options.articles or source.suffix in FEED_SUFFIXES)
    return table_columns(source, options.delimiter, lambda names: list(_roles(names, options, source.address).passing))


def require_passing(sources: Iterable[Source], options: ReadOptions) -> None:
    """Raise `InputError` where a column that is to pass through is in none of the tables."""
    wanted, seen = {name.lower(): name for name in options.columns or ()}, set[str]()
    if not wanted:
        return
    for source in sources:
        try:
            names = table_columns(source, options.delimiter)
        except (InputError, pa.ArrowException, OSError):
            continue  # said where the table is read
        seen |= {name.strip() for name in names}
        if wanted.keys() <= {name.lower() for name in seen}:
            return
    missing = [name for key, name in wanted.items() if key not in {name.lower() for name in seen}]
    if seen:
        raise InputError(f"--columns {missing[0]}: no such column; the input has {', '.join(sorted(seen))}")


def read_documents(source: Source, options: ReadOptions) -> Iterator[Documents]:
    """The rows of one table.

    Raises
    ------
    InputError
        Where the table cannot be read, or a row cannot and is not to be set aside.
    """
    options = replace(options, articles=options.articles or source.suffix in FEED_SUFFIXES)
    roles: list[_Roles] = []

    def choose(names: list[str]) -> list[str]:
        roles[:] = [_roles(names, options, source.address)]
        return roles[0].all()

    for rows in read_rows(source, choose, options.delimiter):
        if rows.rejects and not options.set_aside:
            first = rows.rejects[0]
            raise InputError(
                f"{first.file}, row {first.row}: {first.reason}; correct it; without --strict such rows are set aside, and with --out listed"
            )
        for part in rows.cut(options.rows_together):
            yield _documents(part, roles[0], source, options)


def _documents(part: Rows, roles: _Roles, source: Source, options: ReadOptions) -> Documents:
    try:
        texts = texts_of(part.columns[roles.text])
    except InputError as error:
        raise InputError(f"{source.address}, column {roles.text}: {error}; name another with --text-column") from None
    if roles.title:
        titles = as_strings(strings_of(part.columns[roles.title]))
        texts = pc.if_else(
            pc.equal(titles, string("")), texts, pc.binary_join_element_wise(titles, texts, string("\n\n"))
        )
    own = as_strings(strings_of(part.columns[roles.id])) if roles.id else None
    # Without an id a row goes by its place under the header.
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
