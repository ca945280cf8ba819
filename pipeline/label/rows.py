"""Labelled rows of a file, the faulty ones told apart and none of them an error."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.corpus.labelled import OTHER_NAMES, Columns, Corpus, check_labels
from pipeline.corpus.spelling import plain_label
from pipeline.errors import InputError, LabelError
from pipeline.label.lines import Table, read_lines
from pipeline.read.cleaning import clean
from pipeline.read.rows import SHOWN
from pipeline.read.tables import TEXT_COLUMNS, column_of, texts_of

KINDS = ("event", "quad", "stance")
BROKEN, BLANK, UNLABELLED, UNKNOWN = "broken row", "blank text", "no label", "label that does not fit"


@dataclass(frozen=True)
class Fault:
    """A row that training cannot take: its file, its line, the kind of fault, the reason, how the row begins."""

    file: str
    row: int
    kind: str
    reason: str
    text: str


@dataclass(frozen=True)
class LabelledRows:
    """The rows of a labelled file.

    Attributes
    ----------
    table : the file as it stands.
    text_column : its text column.
    label_columns : its label columns by kind (`KINDS`).
    kept : (n,) int64, places in the table of the rows that can be taken.
    corpus : those n rows, cleaned, repeats and contradictions among them.
    faults : the other rows, in order.
    """

    table: Table
    text_column: str
    label_columns: dict[str, str]
    kept: np.ndarray
    corpus: Corpus
    faults: list[Fault]

    @property
    def path(self) -> Path:
        """The file."""
        return self.table.path

    @property
    def lines(self) -> np.ndarray:
        """(n,) int64, the line of each row that can be taken."""
        return self.table.rows[self.kept]

    @property
    def raw(self) -> np.ndarray:
        """(n,) object, the texts as they stand in the file."""
        return self.table.columns[self.text_column][self.kept]

    @property
    def labels(self) -> np.ndarray:
        """(n,) object, the finest label of each row."""
        return finest(self.corpus)


def finest(corpus: Corpus) -> np.ndarray:
    """(n,) object, the finest label of each row: event type, else quad class, else stance."""
    coarse = np.where(corpus.quads != "", corpus.quads, corpus.stances)
    return np.where(corpus.events != "", corpus.events, coarse)


def read_labelled_rows(path: str | Path, columns: Columns | None = None, encoding: str | None = None) -> LabelledRows:
    """Read a labelled file with every faulty row listed.

    Raises
    ------
    InputError
        Where the file cannot be read, has no text or label column, or no row that can be taken.
    """
    columns = columns or Columns()
    table = read_lines(path, encoding)
    text_column = column_of(list(table.columns), columns.text, TEXT_COLUMNS, path)
    label_columns = _label_columns(table, columns)
    texts = clean(texts_of(list(table.columns[text_column]))).to_pylist()
    texts = [" ".join(text.split()) for text in texts]  # spaces make no other text
    given = {kind: [plain_label(cell, kind) for cell in table.columns[name]] for kind, name in label_columns.items()}
    faults = [Fault(one.file, one.row, BROKEN, one.reason, one.text) for one in table.rejects]
    kept, labels = [], []
    for row, text in enumerate(texts):
        found = [given[kind][row] if kind in given else "" for kind in KINDS]
        verdict = _verdict(str(path), int(table.rows[row]), text, found)
        if isinstance(verdict, Fault):
            faults.append(verdict)
        else:
            kept.append(row)
            labels.append(verdict)
    if not kept:
        first = faults[0]
        raise InputError(f"{path}: expected at least one labelled row, found none; row {first.row}: {first.reason}")
    rows = np.array(kept, np.int64)
    events, quads, stances = (np.array(column, object) for column in zip(*labels))
    sources = np.full(len(rows), Path(path).name, object)
    corpus = Corpus(np.array(texts, object)[rows], events, stances, sources, quads=quads, files=(str(path),))
    return LabelledRows(table, text_column, label_columns, rows, corpus, sorted(faults, key=lambda one: one.row))


def _label_columns(table: Table, columns: Columns) -> dict[str, str]:
    """Which column holds which kind of label; an `InputError` where there is none."""
    names, found = list(table.columns), {}
    plain = {name.strip().lower() for name in names}
    for kind in KINDS:
        wanted, usual = getattr(columns, kind), (kind, *OTHER_NAMES.get(kind, ()))
        if wanted is not None or plain & set(usual):
            found[kind] = column_of(names, wanted, usual, table.path)
    if not found:
        raise InputError(
            f"{table.path}: expected a column named event, quad or stance, found {', '.join(names)}; name yours with "
            "--event-column, --quad-column or --stance-column, or bring the file into shape with `detente data import`"
        )
    return found


def _verdict(path: str, row: int, text: str, labels: list[str]) -> tuple[str, str, str] | Fault:
    """Event type, quad class and stance of a row, or what is wrong with it."""
    if not text.strip():
        return Fault(path, row, BLANK, "the text is blank; expected a sentence or a headline", "")
    if not any(labels):
        return Fault(path, row, UNLABELLED, "no label; expected an event type, a quad class or a stance", text[:SHOWN])
    try:
        return check_labels(path, row, *labels)
    except LabelError as error:
        reason = str(error).removeprefix(f"{path}, row {row}: ")
        return Fault(path, row, UNKNOWN, reason, text[:SHOWN])
