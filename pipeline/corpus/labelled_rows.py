"""The columns of labelled snippets, and which rows of one text contradict each other."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.atomic import replacing
from pipeline.read.tables import plain_names, texts_of
from pipeline.stance import quad_of

if TYPE_CHECKING:
    import pyarrow as pa

RANDOM, UNSURE = "random", "unsure"  # how `data pick` picks texts
CONTRADICTION = "one text under several labels"
DUPLICATE = "a copy of another row's text"


@dataclass(frozen=True)
class LabelledRows:
    """Labelled snippets, one a row.

    Attributes
    ----------
    texts : (n,) object, strings.
    events : (n,) object, event types or the labels APPEAL and OTHER; the empty string if only the stance is known.
    stances : (n,) object, stances.
    sources : (n,) object, the name of the file of each snippet.
    quads : (n,) object, quad classes; the empty string if unknown. By default derived from the event types.
    weights : (n,) float64, how many times each row counts in training; NaN, the default, for the weight of the
        settings.
    rows : (n,) int64, number of each row in its file (headers count); 0, the default, if unknown.
    picked : (n,) object, how `data pick` picked each text: `RANDOM`, or because the model is unsure of it; the empty
        string, the default, if it did not.
    """

    texts: np.ndarray
    events: np.ndarray
    stances: np.ndarray
    sources: np.ndarray
    quads: np.ndarray = None  # type: ignore[assignment]  # this one and the next three are made below where None
    weights: np.ndarray = None  # type: ignore[assignment]
    rows: np.ndarray = None  # type: ignore[assignment]
    picked: np.ndarray = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.quads is None:
            quads = [quad_of(event) if event else "" for event in self.events]
            object.__setattr__(self, "quads", np.array(quads, object))
        if self.weights is None:
            object.__setattr__(self, "weights", np.full(len(self.texts), np.nan))
        if self.rows is None:
            object.__setattr__(self, "rows", np.zeros(len(self.texts), np.int64))
        if self.picked is None:
            object.__setattr__(self, "picked", np.full(len(self.texts), "", object))

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def targets(self) -> np.ndarray:
        """(n,) object: what a classifier learns of each row, the event type or else the stance."""
        return np.where(self.events == "", self.stances, self.events)

    @property
    def finest(self) -> np.ndarray:
        """(n,) object: the finest label of each row, the event type, else the quad class, else the stance."""
        return np.where(self.events != "", self.events, np.where(self.quads != "", self.quads, self.stances))


def picked_in(table: pa.Table) -> np.ndarray:
    """(n,) object: the column ``picked`` of a labelled table; empty strings if it has none."""
    name = plain_names(table.column_names).get("picked")
    cells = [""] * len(table) if name is None else texts_of(table.column(name)).to_pylist()
    return np.array([cell.strip() for cell in cells], object)


@dataclass(frozen=True)
class SetAside:
    """An excluded row: why, in the same words for all rows of a kind; its file, or the name of its corpus; its row number
    there (headers count), 0 if unknown; its finest label; its text."""

    reason: str
    file: str
    row: int
    label: str
    text: str


def sift(corpus: LabelledRows) -> tuple[np.ndarray, list[SetAside]]:
    """Find the rows of a corpus to keep, and those that contradict or repeat each other.

    Labels contradict each other if they differ at the same level: two event types, two quad classes, two
    stances. If one is only finer than the other, as an event type is than its stance, the row with the finest label is
    kept, and among equals the first.

    Returns
    -------
    kept : (n_kept,) int64, increasing.
    excluded : contradictions and duplicates; rows of the same text are adjacent.
    """
    alike: dict[str, list[int]] = {}
    for row, text in enumerate(corpus.texts):
        alike.setdefault(text, []).append(row)
    columns = (corpus.events, corpus.quads, corpus.stances)
    kept: list[int] = []
    aside: list[SetAside] = []
    for rows in alike.values():
        if len(rows) == 1:
            kept.append(rows[0])
        elif contradict(rows, columns):
            aside += (set_aside(corpus, row, CONTRADICTION) for row in rows)
        else:
            best = max(rows, key=lambda row: (corpus.events[row] != "", corpus.quads[row] != "", -row))
            kept.append(best)
            aside += (set_aside(corpus, row, DUPLICATE) for row in rows if row != best)
    return np.sort(np.array(kept, np.int64)), aside


def contradict(rows: Iterable[int], columns: Iterable[np.ndarray]) -> bool:
    """Whether rows have several labels in one of the columns: two event types, two quad classes or two stances.

    ``columns``: (n,) object arrays of labels, empty where unknown.
    """
    return any(len({column[row] for row in rows} - {""}) > 1 for column in columns)


def set_aside(corpus: LabelledRows, row: int, reason: str) -> SetAside:
    """A row of a corpus, with the reason for excluding it."""
    label = corpus.events[row] or corpus.quads[row] or corpus.stances[row]
    return SetAside(reason, corpus.sources[row], int(corpus.rows[row]), label, corpus.texts[row])


def reasons(rows: tuple[SetAside, ...]) -> dict[str, int]:
    """The number of rows excluded for each reason."""
    return dict(Counter(row.reason for row in rows))


def write_set_aside(rows: tuple[SetAside, ...], path: Path) -> Path:
    """Write the rows as CSV, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([field.name for field in fields(SetAside)])
        writer.writerows(map(astuple, rows))
    return path
