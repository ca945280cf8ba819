"""Read the labelled rows of a file, collecting faulty ones instead of raising errors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipeline.corpus.labelled import BROKEN, Columns, Corpus, Fault, label_columns, sifted
from pipeline.errors import InputError
from pipeline.read.cleaning import clean
from pipeline.read.rows import SHOWN
from pipeline.read.source import Written
from pipeline.read.tables import TEXT_COLUMNS, column_of, texts_of
from pipeline.read.tolerant import Table, read_lines


@dataclass(frozen=True)
class LabelledFile:
    """The rows of a labelled file.

    Attributes
    ----------
    table : the unchanged content of the file.
    text_column : its text column.
    label_columns : its label columns by kind (`pipeline.corpus.spelling.KINDS`).
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


def read_labelled_file(path: str | Path, columns: Columns | None = None, written: Written = Written()) -> LabelledFile:
    """Read a labelled file, listing every faulty row.

    Raises `InputError` if the file cannot be read, or has no text column, label column or usable row.
    """
    columns, table = columns or Columns(), read_lines(path, written)
    names = list(table.columns)
    text_column, of_kind = column_of(names, columns.text, TEXT_COLUMNS, path), label_columns(names, columns, table.path)
    texts = tidy(table.columns[text_column].tolist())
    kept, (events, quads, stances), faults = sifted(
        path, table.rows, texts.tolist(), {kind: table.columns[name].tolist() for kind, name in of_kind.items()}
    )
    faults += [Fault(one.file, one.row, one.reason, one.text, BROKEN) for one in table.rejects]
    faults = sorted((replace(fault, text=fault.text[:SHOWN]) for fault in faults), key=lambda fault: fault.row)
    if not len(kept):
        raise InputError(
            f"{path}: expected at least one labelled row, found none; row {faults[0].row}: {faults[0].reason}"
        )
    sources = np.full(len(kept), Path(path).name, object)
    corpus = Corpus(texts[kept], events, stances, sources, quads=quads, files=(str(path),))
    return LabelledFile(table, text_column, of_kind, kept, corpus, faults)


def tidy(texts: list[str]) -> np.ndarray:
    """(n,) object: texts, cleaned, with single spaces, which do not make a different text; empty if missing."""
    return np.array([" ".join(text.split()) for text in clean(texts_of(texts)).to_pylist()], object)
