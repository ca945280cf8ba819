"""The columns of labelled snippets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.read.tables import plain_names, texts_of
from pipeline.stance import quad_of

if TYPE_CHECKING:
    import pyarrow as pa

RANDOM, UNSURE = "random", "unsure"  # how `data pick` picks texts


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
