"""Read the labelled rows of a file, collecting faulty ones instead of raising errors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.corpus.labelled import OTHER_NAMES, Columns, Corpus, check_labels
from pipeline.corpus.spelling import plain_label
from pipeline.errors import InputError, LabelError
from pipeline.read.cleaning import clean
from pipeline.read.rows import SHOWN
from pipeline.read.tables import TEXT_COLUMNS, column_of, plain_names, texts_of
from pipeline.read.tolerant import Table, read_lines

KINDS = ("event", "quad", "stance")
BROKEN, BLANK, UNLABELLED, UNKNOWN = "broken row", "blank text", "no label", "label that does not fit"


@dataclass(frozen=True)
class Fault:
    """A row that training cannot use: its file, line, kind of fault, reason, and beginning."""

    file: str
    row: int
    kind: str
    reason: str
    text: str


@dataclass(frozen=True)
class LabelledFile:
    """The rows of a labelled file.

    Attributes
    ----------
    table : the unchanged content of the file.
    text_column : its text column.
    label_columns : its label columns by kind (`KINDS`).
    kept : (n,) int64, table indices of the usable rows.
    corpus : those n rows, cleaned, including duplicates and contradictions.
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
        """(n,) int64, the line of each usable row."""
        return self.table.rows[self.kept]

    @property
    def raw(self) -> np.ndarray:
        """(n,) object, the original texts of the file."""
        return self.table.columns[self.text_column][self.kept]

    @property
    def labels(self) -> np.ndarray:
        """(n,) object, the finest label of each row."""
        return self.corpus.finest


def read_labelled_file(path: str | Path, columns: Columns | None = None, encoding: str | None = None) -> LabelledFile:
    """Read a labelled file, listing every faulty row.

    Raises
    ------
    InputError
        If the file cannot be read, or has no text column, label column or usable row.
    """
    columns = columns or Columns()
    table = read_lines(path, encoding)
    text_column = column_of(list(table.columns), columns.text, TEXT_COLUMNS, path)
    label_columns = _label_columns(table, columns)
    texts = clean(texts_of(list(table.columns[text_column]))).to_pylist()
    texts = [" ".join(text.split()) for text in texts]  # spaces do not make a different text
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
    return LabelledFile(table, text_column, label_columns, rows, corpus, sorted(faults, key=lambda one: one.row))


def _label_columns(table: Table, columns: Columns) -> dict[str, str]:
    """The column of each kind of label; raises `InputError` if there is none."""
    names, found = list(table.columns), {}
    for kind in KINDS:
        wanted, usual = getattr(columns, kind), (kind, *OTHER_NAMES.get(kind, ()))
        if wanted is not None or plain_names(names).keys() & set(usual):
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
