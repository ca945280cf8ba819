"""One text under several labels: which rows stay, and which are set aside and listed."""

from __future__ import annotations

import csv
import os
from collections import Counter
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pipeline.corpus.labelled import Corpus

CONTRADICTION = "one text under several labels"


@dataclass(frozen=True)
class SetAside:
    """A row that was left out.

    Attributes
    ----------
    reason : why, in the same words for all rows of a kind.
    file : its file, or the name of its corpus.
    row : its place there, a header counting; 0 where unknown.
    label : its finest label.
    text : its text.
    """

    reason: str
    file: str
    row: int
    label: str
    text: str


def sift(corpus: Corpus) -> tuple[np.ndarray, list[SetAside]]:
    """Which rows of a corpus to keep, and those that contradict each other.

    Labels contradict each other where both say something and not the same: two event types, two quad classes, two
    stances. Where one only says more, as an event type does beside its stance, the row that says most is kept, and of
    equal ones the first.

    Returns
    -------
    kept : (n_kept,) int64, rising.
    contradictions : rows of the same text together.
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
        elif any(len({column[row] for row in rows} - {""}) > 1 for column in columns):
            aside += (set_aside(corpus, row, CONTRADICTION) for row in rows)
        else:
            kept.append(max(rows, key=lambda row: (corpus.events[row] != "", corpus.quads[row] != "", -row)))
    return np.sort(np.array(kept, np.int64)), aside


def set_aside(corpus: Corpus, row: int, reason: str) -> SetAside:
    """A row of a corpus, with the reason why it is left out."""
    label = corpus.events[row] or corpus.quads[row] or corpus.stances[row]
    return SetAside(reason, corpus.sources[row], int(corpus.rows[row]), label, corpus.texts[row])


def reasons(rows: tuple[SetAside, ...]) -> dict[str, int]:
    """How many rows were left out for each reason."""
    return dict(Counter(row.reason for row in rows))


def write_set_aside(rows: tuple[SetAside, ...], path: Path) -> Path:
    """Write the rows as CSV, whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([field.name for field in fields(SetAside)])
            writer.writerows(map(astuple, rows))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path
