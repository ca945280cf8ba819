"""Metrics as functions of sums over rows, so a bootstrap resample is one matrix product.

A `Judged` holds the labels and predictions of n rows. `sums` encodes each row as a vector whose total determines every
metric except AUROC; `figures` turns totals into metrics, one total or thousands at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.stance import EVENTS, QUADS, STANCES, event_of, quad_of

if TYPE_CHECKING:
    from pipeline.corpus.labelled import Corpus
    from pipeline.score.snippets import Scores

HEADLINES = tuple(
    "two_way.macro_f1 two_way.accuracy two_way.auroc three_way.macro_f1 quads.macro_f1 events.accuracy events.macro_f1 "
    "log_loss brier ece".split()
)
_NAMES = {
    "two_way": "escalation against de-escalation",
    "three_way": "three stances",
    "quads": "four quad classes",
    "events": "event types",
    "macro_f1": "macro-F1",
    "auroc": "AUROC",
    "log_loss": "log loss",
    "brier": "Brier score",
    "ece": "expected calibration error",
    "mcc": "MCC",
}
ECE_BINS = 15
_QUAD_OF_EVENT = np.array([*(QUADS.index(quad_of(e)) if e != "NEUTRAL" else -1 for e in EVENTS), -1])
_LEAST_PROBA = 1e-15  # log loss is clipped here, far below what six decimals show


@dataclass(frozen=True)
class Judged:
    """True labels and predictions.

    Attributes
    ----------
    stance : (n,) int64, true stance, index into `STANCES`.
    proba : (n, 3) float64, rows sum to 1.
    event : (n,) int64, true event type, index into `EVENTS`, -1 if unknown.
    quad : (n,) int64, true quad class, index into `QUADS`, -1 if neutral or unknown.
    event_guess : (n,) int64, the predicted event type, -1 if the model knows only stances.
    """

    stance: np.ndarray
    proba: np.ndarray
    event: np.ndarray
    quad: np.ndarray
    event_guess: np.ndarray

    def __len__(self) -> int:
        return len(self.stance)

    def take(self, rows: np.ndarray) -> Judged:
        """The given rows: indices or a mask."""
        return Judged(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def judged(corpus: Corpus, proba: np.ndarray, event_guesses: Iterable[str]) -> Judged:
    """`Judged` from the labels of a `Corpus` of n snippets, (n, 3) probabilities and n names of event types."""
    stance = np.array([STANCES.index(s) for s in corpus.stances], np.int64)
    event = np.array([EVENTS.index(event_of(e)) if e else -1 for e in corpus.events], np.int64)
    quad = np.array([QUADS.index(q) if q in QUADS else -1 for q in corpus.quads], np.int64)
    guess = np.array([EVENTS.index(e) if e else -1 for e in event_guesses], np.int64)
    return Judged(stance, proba, event, quad, guess)


def judge(corpus: Corpus, scores: Scores) -> Judged:
    """Labels and predictions, with appeals counted as in the labels."""
    proba = scores.plover_proba if corpus.follows_plover else scores.proba
    return judged(corpus, proba, scores.event)


def metric_in_words(name: str) -> str:
    """A metric's name in plain words.

    Examples
    --------
    >>> metric_in_words("three_way.macro_f1"), metric_in_words("events.AID.recall")
    ('three stances, macro-F1', 'event types, AID, recall')
    """
    return ", ".join(_NAMES.get(part, part) for part in name.split("."))


def sums(rows: Judged) -> dict[str, np.ndarray]:
    """Blocks of columns, each (n, k), whose column sums determine the metrics."""
    n = len(rows)
    guess2 = (rows.proba[:, 1] >= rows.proba[:, 0]).astype(np.int64)
    guess3 = rows.proba.argmax(axis=1)
    known = rows.event >= 0
    quad_guess = _QUAD_OF_EVENT[rows.event_guess]  # a prediction of NEUTRAL is -1, a false positive of no class
    confidence, right = rows.proba.max(axis=1), guess3 == rows.stance
    truth = rows.proba[np.arange(n), rows.stance]
    loss = -np.log(np.maximum(truth, _LEAST_PROBA))
    brier = ((rows.proba - np.eye(3)[rows.stance]) ** 2).sum(axis=1)
    bins = np.minimum((confidence * ECE_BINS).astype(np.int64), ECE_BINS - 1)
    return {
        "two_way": _cells(rows.stance, guess2, rows.stance < 2, 2),
        "three_way": _cells(rows.stance, guess3, np.ones(n, bool), 3),
        "quads": _cells(rows.quad, quad_guess, rows.quad >= 0, len(QUADS)),
        "events": _cells(rows.event, rows.event_guess, known, len(EVENTS)),
        "proper": np.column_stack([np.ones(n), loss, brier]),
        "calibration": np.eye(ECE_BINS)[bins] * (right - confidence)[:, None],
    }


def figures(totals: dict[str, np.ndarray], present: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Compute the metrics of each of B totals: name, such as ``two_way.macro_f1``, to (B,) float64.

    Parameters
    ----------
    totals : block name to (B, k) sums.
    present : block name to the classes that occur in the file; macro averages run over these. A block without rows
        gives no metric.
    """
    out: dict[str, np.ndarray] = {}
    for block, labels in (("two_way", STANCES[:2]), ("three_way", STANCES), ("quads", QUADS), ("events", EVENTS)):
        if len(present[block]) > 1:
            out |= {f"{block}.{name}": value for name, value in _of_confusion(totals[block], labels, present[block])}
    n = totals["proper"][:, 0]
    out["log_loss"], out["brier"] = totals["proper"][:, 1] / n, totals["proper"][:, 2] / n
    out["ece"] = np.abs(totals["calibration"]).sum(axis=1) / n
    return out


def present_classes(rows: Judged) -> dict[str, np.ndarray]:
    """(k,) the codes of the classes that occur among the labels, increasing, for each block."""
    return {
        "two_way": np.unique(rows.stance[rows.stance < 2]),
        "three_way": np.unique(rows.stance),
        "quads": np.unique(rows.quad[(rows.quad >= 0) & (rows.event_guess >= 0)]),
        "events": np.unique(rows.event[(rows.event >= 0) & (rows.event_guess >= 0)]),
    }


def auroc(score: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(B,) area under the ROC curve, ties counted as half, for B weightings of the rows; NaN if one excludes a class.

    Parameters
    ----------
    score : (n,) higher means more positive.
    positive : (n,) bool.
    weights : (B, n) how often each row counts.
    """
    order = np.argsort(score, kind="stable")
    weighted = weights[:, order]
    up = np.where(positive[order], weighted, 0.0)
    down = weighted - up
    ties = np.flatnonzero(np.append(True, np.diff(score[order]) > 0))
    up_tied, down_tied = np.add.reduceat(up, ties, axis=1), np.add.reduceat(down, ties, axis=1)
    below = np.cumsum(down_tied, axis=1) - down_tied / 2
    all_pairs = up_tied.sum(axis=1) * down_tied.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(all_pairs > 0, (up_tied * below).sum(axis=1) / all_pairs, np.nan)


def _cells(truth: np.ndarray, guess: np.ndarray, counted: np.ndarray, k: int) -> np.ndarray:
    """(n, k * (k + 1)) one-hot confusion cells; a guess of -1 falls into the last column."""
    cells = np.zeros((len(truth), k * (k + 1)))
    rows = np.flatnonzero(counted)
    cells[rows, truth[rows] * (k + 1) + np.where(guess[rows] < 0, k, guess[rows])] = 1.0
    return cells


def _of_confusion(total: np.ndarray, labels: tuple[str, ...], present: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """(name, (B,) values) of every metric that a confusion matrix gives."""
    k = len(labels)
    matrix = total.reshape(-1, k, k + 1)
    hits = np.einsum("bii->bi", matrix[:, :, :k])
    true, guessed, n = matrix.sum(axis=2), matrix[:, :, :k].sum(axis=1), matrix.sum(axis=(1, 2))
    f1 = _ratio(2 * hits, true + guessed)
    yield "macro_f1", f1[:, present].mean(axis=1)
    yield "accuracy", _ratio(hits.sum(axis=1), n)
    yield "mcc", _mcc(hits.sum(axis=1), true, guessed, n)
    for c in present:
        yield f"{labels[c]}.precision", _ratio(hits[:, c], guessed[:, c])
        yield f"{labels[c]}.recall", _ratio(hits[:, c], true[:, c])
        yield f"{labels[c]}.f1", f1[:, c]


def _mcc(hits: np.ndarray, true: np.ndarray, guessed: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Matthews correlation, multiclass (Gorodkin 2004)."""
    above = hits * n - (true * guessed).sum(axis=1)
    below = np.sqrt((n**2 - (guessed**2).sum(axis=1)) * (n**2 - (true**2).sum(axis=1)))
    return _ratio(above, below)


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """A quotient, 0 if the denominator is 0, as in scikit-learn."""
    return np.divide(above, below, out=np.zeros(np.broadcast(above, below).shape), where=below > 0)
