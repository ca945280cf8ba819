"""Labelled snippets: read, check, fingerprint."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.arrays.arrow import as_strings
from pipeline.corpus.labelled_rows import LabelledRows, SetAside, picked_in, sift
from pipeline.corpus.spelling import KINDS, check_labels, plain_label
from pipeline.errors import InputError, LabelConflictError, LabelError
from pipeline.read.cleaning import clean
from pipeline.read.files import files_in
from pipeline.read.rows import Reject
from pipeline.read.source import Written
from pipeline.read.tables import TEXT_COLUMNS, column_of, plain_names, read_numbered, require_rows, texts_of
from pipeline.stance import APPEAL


@dataclass(frozen=True)
class Corpus(LabelledRows):
    """Labelled snippets in reading order, and how they were read.

    ``files``: the paths that were read. ``set_aside``: rows that were read but excluded, each with its reason.
    ``recipe``: how the corpus was put together (`pipeline.sources.mix.Recipe`), if by name.
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
class Fault(Reject):
    """A row that training cannot use, and the kind of its fault."""

    kind: str


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
BROKEN, BLANK, UNLABELLED, UNKNOWN = "broken row", "blank text", "no label", "label that does not fit"
_COLUMNS = tuple(column.name for column in fields(LabelledRows))


def read_labelled(paths: Iterable[str | Path], columns: Columns | None = None, written: Written = Written()) -> Corpus:
    """Read labelled files into one corpus; duplicates and contradictions are excluded (see `merged`).

    A folder stands for the `SHIPPED` files it contains, or for all of its tables; a pattern for the files that match.
    Rows that cannot be read, blank texts, duplicates and rows whose labels contradict each other are in
    `Corpus.set_aside`.

    Raises `InputError` if a file cannot be read or lacks a column, and `LabelError` if a label is unknown or missing.
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
    kept, excluded = sift(whole)
    aside = (*(one for part in parts for one in part.set_aside), *excluded)
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
    names = table.column_names
    columns = Columns() if is_shipped(path) else columns.of(names)
    if found is not None:
        found.update(kind.name for kind in fields(columns) if getattr(columns, kind.name))
    texts = clean(texts_of(table.column(column_of(names, columns.text, TEXT_COLUMNS, path)))).to_pylist()
    cells = {kind: as_strings(table.column(name)) for kind, name in label_columns(names, columns, path).items()}
    kept, labels, faults = sifted(path, rows, texts, {kind: column.to_pylist() for kind, column in cells.items()}, True)
    require_rows(kept, path, faults)
    faults.sort(key=lambda fault: fault.kind != BLANK)  # blank texts are listed before contradictions
    aside = tuple(SetAside(one.reason, source, one.row, "", one.text) for one in [*rejects, *faults])
    text, sources = np.array(texts, object)[kept], np.full(len(kept), source, object)
    events, quads, stances = labels
    picked = picked_in(table)[kept]
    return Corpus(text, events, stances, sources, quads, rows=rows[kept], picked=picked, set_aside=aside)


def label_columns(names: list[str], columns: Columns, path: Path) -> dict[str, str]:
    """The column of each kind of label that a table has; raises `InputError` if it has none."""
    found = {}
    taken = {name.lower() for kind in fields(columns) if (name := getattr(columns, kind.name)) is not None}
    for kind in KINDS:
        wanted = getattr(columns, kind)
        usual = tuple(name for name in (kind, *OTHER_NAMES[kind]) if name not in taken)
        if wanted is not None or plain_names(names).keys() & {*usual}:
            found[kind] = column_of(names, wanted, usual, path)
    if not found:
        raise InputError(
            f"{path}: expected a column named event, quad or stance, found {', '.join(names)}; name yours with "
            "--event-column, --quad-column or --stance-column, or convert the file with `detente data import`"
        )
    return found


def sifted(
    path: str | Path, rows: np.ndarray, texts: list[str], labels: Mapping[str, Sequence[str]], strict: bool = False
) -> tuple[np.ndarray, list[np.ndarray], list[Fault]]:
    """Tell usable rows from faulty ones.

    Returns the indices of the usable rows, their event types, quad classes and stances, and the others.

    Parameters
    ----------
    rows, texts : (n,) the number of each row in the file, and its text.
    labels : (n,) cells of each kind of label that the file has.
    strict : raise `LabelError` at a label that is unknown or missing; labels of a row that contradict each other are
        faults all the same.
    """
    given = [[plain_label(cell, kind) for cell in labels.get(kind, [""] * len(texts))] for kind in KINDS]
    kept, found, faults = [], [], []
    for place, (row, text, *of_row) in enumerate(zip(rows.tolist(), texts, *given)):
        try:
            if text.strip():
                found.append(check_labels(*of_row))
                kept.append(place)
            else:
                faults.append(Fault(str(path), row, "the text is blank; expected a sentence or a headline", "", BLANK))
        except LabelError as error:
            if strict and not isinstance(error, LabelConflictError):
                raise LabelError(f"{path}, row {row}: {error}") from None
            faults.append(Fault(str(path), row, str(error), text, UNKNOWN if any(of_row) else UNLABELLED))
    columns = [np.array([labels[k] for labels in found], object) for k in range(len(KINDS))]
    return np.array(kept, np.int64), columns, faults
