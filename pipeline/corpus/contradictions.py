"""Conflicting labels: which rows of a duplicated text to keep, and which to exclude and list."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

from pipeline.atomic import replacing
from pipeline.corpus.labelled_rows import LabelledRows

CONTRADICTION = "one text under several labels"


@dataclass(frozen=True)
class SetAside:
    """An excluded row.

    Attributes
    ----------
    reason : why, in the same words for all rows of a kind.
    file : its file, or the name of its corpus.
    row : its row number there (headers count); 0 if unknown.
    label : its finest label.
    text : its text.
    """

    reason: str
    file: str
    row: int
    label: str
    text: str


def sift(corpus: LabelledRows) -> tuple[np.ndarray, list[SetAside]]:
    """Find the rows of a corpus to keep, and those that contradict each other.

    Labels contradict each other if they differ at the same level: two event types, two quad classes, two
    stances. If one is only finer than the other, as an event type is than its stance, the row with the finest label is
    kept, and among equals the first.

    Returns
    -------
    kept : (n_kept,) int64, increasing.
    contradictions : rows of the same text are adjacent.
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
            kept.append(max(rows, key=lambda row: (corpus.events[row] != "", corpus.quads[row] != "", -row)))
    return np.sort(np.array(kept, np.int64)), aside


def contradict(rows: Iterable[int], columns: Iterable[np.ndarray]) -> bool:
    """Whether rows have several labels in one of the columns: two event types, two quad classes or two stances."""
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
