"""Held-out metrics of the user's rows, and their learning curve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

from pipeline.corpus.labelled import Corpus
from pipeline.evaluate.intervals import Figure, measure
from pipeline.evaluate.metrics import Judged
from pipeline.model.fit import LEAST_ROWS
from pipeline.sources.cards import cards

SHARES = (0.0, 0.25, 0.5)  # of the user's rows; a share of 1 is the training itself
SHOWN = ("two_way.macro_f1", "three_way.macro_f1", "events.accuracy", "events.macro_f1")


@dataclass(frozen=True)
class OwnRows:
    """Held-out metrics of rows from outside the bundled corpus.

    Attributes
    ----------
    sources : number of rows and metrics of each file or public corpus, by name.
    learner : the sources whose rows were added step by step.
    curve : share of these rows used for training, their number, and the metrics of all of them, by increasing share.
    """

    sources: dict[str, tuple[int, dict[str, Figure]]]
    learner: tuple[str, ...]
    curve: tuple[tuple[float, int, dict[str, Figure]], ...]

    def table(self) -> dict:
        """Plain values for a model card and a tracked run."""

        def plain(rows: int, figures: dict[str, Figure]) -> dict:
            return {"rows": rows, **{name: asdict(figures[name]) for name in SHOWN if name in figures}}

        return {
            "sources": {name: plain(*one) for name, one in self.sources.items()},
            "curve_of": list(self.learner),
            "curve": [{"share": share, **plain(rows, figures)} for share, rows, figures in self.curve],
        }


def learner_of(corpus: Corpus) -> np.ndarray:
    """(n,) bool: the rows of the user's files; if there are none, those of public corpora."""
    public = np.isin(corpus.sources.astype(str), list(cards()))
    own = corpus.own & ~public
    return own if own.any() else public


def n_rounds(corpus: Corpus) -> int:
    """Number of further cross-fittings for the learning curve: none if there are too few rows on either side."""
    learner = learner_of(corpus)
    return len(SHARES) if learner.sum() >= LEAST_ROWS <= (~learner).sum() else 0


def why_no_curve(corpus: Corpus) -> str:
    """Why there can be no learning curve over the rows from outside the bundled corpus; empty if there can, or none are."""
    if not corpus.own.any() or n_rounds(corpus):
        return ""
    learner = learner_of(corpus)
    parts, others = learner.sum(), (~learner).sum()
    do = "; add texts with --data embedded" if others < LEAST_ROWS else ""
    return (
        f"no learning curve over parts of {' and '.join(dict.fromkeys(corpus.sources[learner]))}: expected at least "
        f"{LEAST_ROWS} rows of it and as many others, found {parts:,} and {others:,}{do}"
    )


def own_rows(
    corpus: Corpus,
    judge: Callable[[np.ndarray, np.ndarray | None], Judged],
    groups: np.ndarray,
    curve: bool,
    resamples: int,
    seed: int,
) -> OwnRows | None:
    """Held-out metrics of rows from outside the bundled corpus; None without such rows, or if all rows are of one file.

    Parameters
    ----------
    judge : held-out predictions for the given rows by models trained on the rows of a mask, None for all.
    groups : (n,) near-duplicate groups.
    curve : whether to compute the learning curve, which takes `n_rounds` further cross-fittings.
    resamples : number of resamples for the intervals.
    seed : seed of the order in which rows are added.
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
