"""Labelled snippets: read, check, fingerprint."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.arrays.arrow import as_strings, int64_column
from pipeline.corpus.contradictions import SetAside, sift
from pipeline.corpus.labelled_rows import LabelledRows, picked_in
from pipeline.corpus.spelling import plain_label
from pipeline.errors import InputError, LabelConflictError, LabelError
from pipeline.read.cleaning import clean
from pipeline.read.files import files_in
from pipeline.read.rows import Reject
from pipeline.read.source import Written
from pipeline.read.tables import TEXT_COLUMNS, column_of, plain_names, read_numbered, require_rows, texts_of
from pipeline.stance import APPEAL, LABELS, QUADS, STANCES, quad_of, stance_of, stance_of_quad

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Corpus(LabelledRows):
    """Labelled snippets in reading order, and how they were read.

    Attributes
    ----------
    files : the paths that were read.
    set_aside : rows that were read but excluded, each with its reason.
    recipe : how the corpus was put together (`pipeline.sources.mix.Recipe`), if by name.
    """

    files: tuple[str, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    recipe: Any = None  # its class is in a later package

    @property
    def own(self) -> np.ndarray:
        """(n,) bool: the row is the user's, not a bundled one."""
        return ~np.isin(self.sources.astype(str), SHIPPED)

    @property
    def own_events(self) -> np.ndarray:
        """(n,) object: the event types of the user's rows if there are bundled rows too, empty elsewhere."""
        own = self.own
        return np.where(own & ~own.all(), self.events, "")

    @property
    def follows_plover(self) -> bool:
        """Whether the labels are PLOVER's own, in which an appeal is a request and therefore verbal conflict."""
        return APPEAL not in self.events and bool((self.events != "").any() or (self.quads != "").any())

    def take(self, rows: np.ndarray) -> Corpus:
        """The snippets of the given rows (indices or a mask)."""
        return replace(self, **{name: getattr(self, name)[rows] for name in _COLUMNS})

    def fingerprint(self) -> str:
        """SHA-256 over texts and labels, equal for equal rows in the same order."""
        digest = hashlib.sha256()
        for row in zip(self.texts, self.events, self.quads, self.stances):
            digest.update("\x1f".join(row).encode() + b"\x1e")
        return digest.hexdigest()


@dataclass(frozen=True)
class Columns:
    """Names of the columns of a labelled file; None means the usual ones.

    A name applies to the files that have such a column; bundled files keep theirs.
    """

    text: str | None = None
    event: str | None = None
    stance: str | None = None
    quad: str | None = None

    def of(self, names: list[str]) -> Columns:
        """These column names, without those the file lacks."""
        there = plain_names(names).keys() | set(names)
        wanted = ((kind.name, getattr(self, kind.name)) for kind in fields(self))
        return Columns(**{kind: name for kind, name in wanted if name in there or (name or "").lower() in there})


SNIPPETS = ("conflict.csv", "cooperation.csv", "neutral.csv")
SHIPPED = ("codebook.csv", *SNIPPETS, "other_news.csv")  # the bundled files, and those read from a folder
OTHER_NAMES = {
    "stance": ("label", "gold_stance"),
    "event": ("event_type", "code"),
    "quad": ("quadclass", "quad_class"),
}
BLANK = "the text is blank; expected a sentence or a headline"
_COLUMNS = tuple(column.name for column in fields(LabelledRows))


def read_labelled(paths: Iterable[str | Path], columns: Columns | None = None, written: Written = Written()) -> Corpus:
    """Read labelled files into one corpus; duplicates are dropped and contradictions excluded (see `merged`).

    A folder stands for the `SHIPPED` files it contains, or for all of its tables; a pattern for the files that match.
    Rows that cannot be read, blank texts and rows whose labels contradict each other are in `Corpus.set_aside`.

    Raises
    ------
    InputError
        If a file cannot be read or lacks a column.
    LabelError
        If a label is unknown or missing.
    """
    columns = columns or Columns()
    files = [file for path in paths for file in files_of(Path(path), quiet=False)]
    if not files:
        raise InputError("no data: expected at least one labelled file")
    found: set[str] = set()
    names = source_names(files)
    parts = [read_one(file, columns, written, found, names[file]) for file in files]
    for kind in fields(columns):
        name = getattr(columns, kind.name)
        if name is not None and kind.name not in found:
            raise InputError(
                f"{', '.join(map(str, files))}: no column {name!r} in {'it' if len(files) == 1 else 'any'}"
            )
    return replace(merged(parts), files=tuple(map(str, files)))


def merged(parts: list[Corpus]) -> Corpus:
    """Merge several corpora, without duplicates.

    Of rows with the same text the one with the finest label is kept; if their labels contradict each other, all
    of them are excluded.
    """
    whole = concatenated(parts)
    kept, contradictions = sift(whole)
    aside = (*(one for part in parts for one in part.set_aside), *contradictions)
    return replace(whole.take(kept), set_aside=aside)


def concatenated(parts: Sequence[Corpus]) -> Corpus:
    """Concatenate several corpora, duplicates included, and the names of their files."""
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS}
    return replace(
        parts[0], **columns, files=tuple(file for part in parts for file in part.files), set_aside=(), recipe=None
    )


def files_of(path: Path, quiet: bool = True) -> list[Path]:
    """The `SHIPPED` files that a folder contains, or else the tables that a path names (`pipeline.read.files`)."""
    return [path / name for name in SHIPPED if (path / name).exists()] or files_in(str(path), quiet=quiet)


def is_shipped(path: Path) -> bool:
    """Whether a file is one of the `SHIPPED` files in a folder of them."""
    return path.name in SHIPPED and (path.parent / SHIPPED[0]).exists()


def source_names(files: Sequence[Path]) -> dict[Path, str]:
    """The name of each file in `Corpus.sources`: its base name, or its path if another file has that name too.

    Examples
    --------
    >>> source_names([Path("a/train.csv"), Path("b/train.csv"), Path("mine.csv"), Path("own/neutral.csv")]).values()
    dict_values(['a/train.csv', 'b/train.csv', 'mine.csv', 'own/neutral.csv'])
    """
    times = Counter(path.name for path in {*files})
    return {
        path: path.name if is_shipped(path) or (times[path.name] == 1 and path.name not in SHIPPED) else str(path)
        for path in files
    }


def read_one(
    path: Path, columns: Columns, written: Written = Written(), found: set[str] | None = None, source: str | None = None
) -> Corpus:
    """Read one labelled file, with duplicates, as rows of ``source``, by default its name.

    The kinds of the named columns that it has are added to ``found``.
    """
    source = source or path.name
    rejects: list[Reject] = []
    table, rows = read_numbered(path, written=written, rejects=rejects)
    columns = Columns() if is_shipped(path) else columns.of(table.column_names)
    if found is not None:
        found.update(kind.name for kind in fields(columns) if getattr(columns, kind.name))
    texts = texts_of(table.column(column_of(table.column_names, columns.text, TEXT_COLUMNS, path)))
    texts = clean(texts).to_pylist()
    blank = [Reject(str(path), row, BLANK, "") for row, text in zip(rows.tolist(), texts) if not text.strip()]
    filled = np.flatnonzero([text.strip() != "" for text in texts])
    table, rows = require_rows(table.take(int64_column(filled)), path, blank), rows[filled]
    texts = [texts[row] for row in filled]
    labels = [_labels(table, getattr(columns, name), name, path) for name in ("event", "quad", "stance")]
    if not any(labels):
        raise InputError(
            f"{path}: expected a column named event, quad or stance, found {', '.join(table.column_names)}; "
            "name yours with --event-column, --quad-column or --stance-column"
        )
    labels = [column or [""] * len(texts) for column in labels]
    kept, checked, at_odds = _checked(path, rows, texts, list(zip(*labels)))
    events, quads, stances = (np.array([row[place] for row in checked], object) for place in range(3))
    aside = tuple(SetAside(one.reason, source, one.row, "", one.text) for one in [*rejects, *blank, *at_odds])
    text, sources = np.array(texts, object)[kept], np.full(len(kept), source, object)
    picked = picked_in(table)[kept]
    return Corpus(text, events, stances, sources, quads, rows=rows[kept], picked=picked, set_aside=aside)


def _checked(
    path: Path, rows: np.ndarray, texts: list[str], labels: list[tuple[str, ...]]
) -> tuple[np.ndarray, list[tuple[str, str, str]], list[Reject]]:
    """Indices of the rows whose labels agree, those labels completed, and the other rows."""
    kept, checked, at_odds = [], [], []
    for place, (row, text, given) in enumerate(zip(rows.tolist(), texts, labels)):
        try:
            checked.append(check_labels(path, row, *given))
            kept.append(place)
        except LabelConflictError as error:
            at_odds.append(Reject(str(path), row, str(error).removeprefix(f"{path}, row {row}: "), text))
    require_rows(kept, path, at_odds)
    return np.array(kept, np.int64), checked, at_odds


def _labels(table: pa.Table, wanted: str | None, usual: str, path: Path) -> list[str] | None:
    """The labels of a column, None if the table does not have it."""
    usual_names = (usual, *OTHER_NAMES.get(usual, ()))
    if wanted is None and not plain_names(table.column_names).keys() & set(usual_names):
        return None
    labels = as_strings(table.column(column_of(table.column_names, wanted, usual_names, path))).to_pylist()
    return [plain_label(label, usual) for label in labels]


def check_labels(path: str | Path, row: int, event: str, quad: str, stance: str) -> tuple[str, str, str]:
    """Event type, quad class and stance of a row, coarser ones derived from finer ones; raises `LabelError`."""
    known = (("event type", event, LABELS), ("quad class", quad, (*QUADS, "neutral")), ("stance", stance, STANCES))
    for name, label, labels in known:
        if label and label not in labels:
            raise LabelError(f"{path}, row {row}: unknown {name} {label!r}; expected one of {', '.join(labels)}")
    if not (event or quad or stance):
        raise LabelError(f"{path}, row {row}: no label; expected an event type, a quad class or a stance")
    implied = quad_of(event) if event else quad
    if quad and implied != quad:
        raise LabelConflictError(f"{path}, row {row}: {event} means {implied}, but the row says {quad}")
    meant = stance_of(event) if event else stance_of_quad(quad) if quad else stance
    if stance and meant != stance:
        raise LabelConflictError(f"{path}, row {row}: {event or quad} means {meant}, but the row says {stance}")
    return event, implied, meant
