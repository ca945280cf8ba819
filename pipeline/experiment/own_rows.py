"""Figures of the rows that do not come with Detente, and what more and more of them are worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

from pipeline.corpus.labelled import Corpus
from pipeline.evaluate.intervals import Figure, measure
from pipeline.evaluate.metrics import Judged
from pipeline.model.fit import LEAST_ROWS
from pipeline.sources.cards import cards

SHARES = (0.0, 0.25, 0.5)  # of one's own rows; that of 1 comes with the training itself
SHOWN = ("two_way.macro_f1", "three_way.macro_f1", "events.accuracy", "events.macro_f1")


@dataclass(frozen=True)
class OwnRows:
    """Held-out figures of rows that do not come with Detente.

    Attributes
    ----------
    sources : name of each file or public corpus to its number of rows and its figures.
    learner : the sources whose rows were added step by step.
    curve : share of these that was trained on, number of rows, and the figures of all of them, the share rising.
    """

    sources: dict[str, tuple[int, dict[str, Figure]]]
    learner: tuple[str, ...]
    curve: tuple[tuple[float, int, dict[str, Figure]], ...]

    def table(self) -> dict:
        """As a model card and a tracked run hold it."""
        return {
            "sources": {name: {"rows": rows} | _plain(figures) for name, (rows, figures) in self.sources.items()},
            "curve_of": list(self.learner),
            "curve": [{"share": share, "rows": rows} | _plain(figures) for share, rows, figures in self.curve],
        }


def _plain(figures: dict[str, Figure]) -> dict:
    return {name: asdict(figures[name]) for name in SHOWN if name in figures}


def learner_of(corpus: Corpus) -> np.ndarray:
    """(n,) bool: the rows of a user's own files; where there are none, those of public corpora."""
    public = np.isin(corpus.sources.astype(str), list(cards()))
    own = corpus.own & ~public
    return own if own.any() else public


def n_rounds(corpus: Corpus) -> int:
    """How many further cross-fittings the learning curve takes: none where there are too few rows on either side."""
    learner = learner_of(corpus)
    return len(SHARES) if learner.sum() >= LEAST_ROWS <= (~learner).sum() else 0


def own_rows(
    corpus: Corpus,
    judge: Callable[[np.ndarray, np.ndarray | None], Judged],
    groups: np.ndarray,
    curve: bool,
    resamples: int,
    seed: int,
) -> OwnRows | None:
    """Held-out figures of what does not come with Detente; None where that is nothing, or all there is in one file.

    Parameters
    ----------
    judge : what models say of the given rows when trained on the rows of a mask, None for all; each row is held out.
    groups : (n,) near-duplicate groups.
    curve : whether to draw the learning curve, which takes `n_rounds` further cross-fittings.
    resamples : for the intervals.
    seed : of the order in which rows are added.
    """
    names = list(dict.fromkeys(corpus.sources[corpus.own]))
    if not names or (corpus.own.all() and len(names) == 1):
        return None

    def figures(rows: np.ndarray, used: np.ndarray | None = None) -> dict[str, Figure]:
        return measure(judge(rows, used), groups[rows], resamples)

    places = {name: np.flatnonzero(corpus.sources == name) for name in names}
    sources = {name: (len(rows), figures(rows)) for name, rows in places.items()}
    learner = np.flatnonzero(learner_of(corpus))
    order = np.random.default_rng(seed).permutation(learner)
    points = []
    for share in SHARES if curve and n_rounds(corpus) else ():
        used = np.ones(len(corpus), bool)
        used[order[round(share * len(order)) :]] = False
        points.append((share, round(share * len(order)), figures(learner, used)))
    if points:
        points.append((1.0, len(learner), figures(learner)))
    return OwnRows(sources, tuple(dict.fromkeys(corpus.sources[learner])), tuple(points))
