"""Which words moved a score: exact signed contributions to the log-odds.

The score explained is f = ln(P(escalation) / P(de-escalation)). With event types added up it is
not linear in the terms; each term's share is its Aumann-Shapley value: the gradient integrated
from the text without known terms to the text as it is (Sundararajan, Taly and Yan 2017,
"Axiomatic Attribution for Deep Networks"). The shares and the base, f of an empty text, add up to f.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.model.calibration import STANCE_OF_EVENT
from pipeline.model.store import Model
from pipeline.text.columns import as_strings
from pipeline.text.tokens import Tokens

_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(24)
_SIDES = (STANCE_OF_EVENT == 0, STANCE_OF_EVENT == 1)


@dataclass(frozen=True)
class Evidence:
    """Contributions to the log-odds of escalation against de-escalation.

    Attributes
    ----------
    text : (n_terms,) int64, the text a term stands in; never falls.
    weight : (n_terms,) float64, its signed contribution, natural logarithm; largest first within a text.
    start, end : (n_terms,) int64, its first place in the text, in characters.
    words : (n_terms,) object, the words as they stand there, gaps of a pair shown as "…".
    log_odds : (n_texts,) float64, the whole score.
    base : float, the score of a text without known terms.
    """

    text: np.ndarray
    weight: np.ndarray
    start: np.ndarray
    end: np.ndarray
    words: np.ndarray
    log_odds: np.ndarray
    base: float

    def of(self, row: int) -> list[tuple[str, float]]:
        """(words, contribution) pairs of one text, the strongest first."""
        here = slice(*np.searchsorted(self.text, [row, row + 1]))
        return list(zip(self.words[here].tolist(), self.weight[here].tolist()))


def explain(model: Model, texts, top: int | None = None) -> Evidence:
    """The evidence of each text.

    Parameters
    ----------
    texts : a list, Series or Arrow array of n strings.
    top : keep only so many terms a text, the strongest; None keeps all, so that they add up.
    """
    column = as_strings(texts)
    weights = model.weights
    found = weights.vocabulary.locate(column)
    counted = weights.vocabulary.count(column)
    share, log_odds, base = _shares(weights, counted)
    cell = _cells(counted, len(weights.vocabulary), found.text, found.term)
    weight = share[cell] / counted.counts[cell]
    sequence = found.sequence
    left, right = np.minimum(found.i, found.j), np.maximum(found.i, found.j)
    words = (sequence.first[left], sequence.last[left], sequence.first[right], sequence.last[right])
    spans = np.column_stack([found.text, *words])
    spans, weight = _added(spans, weight)
    spans, weight = _strongest(spans, weight, top)
    return _written(found.tokens, spans, weight, log_odds, base)


def _shares(weights, counted) -> tuple[np.ndarray, np.ndarray, float]:
    """Contribution of each (text, term) cell, the whole log-odds of each text, the base."""
    values = weights.tfidf(counted)
    logits = weights.logits(counted)
    finite = np.isfinite(weights.intercept)
    intercept = weights.intercept[finite]
    sides = [side[finite] for side in _SIDES]
    slope = np.zeros((len(logits), len(weights.intercept)))
    step = logits[:, finite] - intercept
    for node, node_weight in zip(_NODES, _NODE_WEIGHTS):
        at = intercept + step * (node + 1) / 2
        slope[:, finite] += (_softmax_of(at, sides[0]) - _softmax_of(at, sides[1])) * node_weight / 2
    rows = np.repeat(np.arange(len(logits)), np.diff(counted.indptr))
    share = values * np.einsum("ij,ij->i", weights.coef[counted.indices], slope[rows])
    return share, _log_odds(logits[:, finite], sides), float(_log_odds(intercept[None], sides)[0])


def _softmax_of(logits: np.ndarray, side: np.ndarray) -> np.ndarray:
    """Softmax over the events of one side, 0 elsewhere."""
    shown = np.where(side, logits, -np.inf)
    shown = np.exp(shown - shown.max(axis=1, keepdims=True))
    return shown / shown.sum(axis=1, keepdims=True)


def _log_odds(logits: np.ndarray, sides) -> np.ndarray:
    up, down = (np.logaddexp.reduce(logits[:, side], axis=1) for side in sides)
    return up - down


def _cells(counted, width: int, row: np.ndarray, term: np.ndarray) -> np.ndarray:
    """The place of each (text, term) pair in the sparse arrays."""
    rows = np.repeat(np.arange(len(counted.indptr) - 1), np.diff(counted.indptr)).astype(np.int64)
    return np.searchsorted(rows * width + counted.indices, row * width + term)


def _added(spans: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One entry a span: a word and its marks (lead, reversed, ...) stand in one place."""
    if not len(spans):
        return spans, weight
    distinct, which = np.unique(spans, axis=0, return_inverse=True)
    return distinct, np.bincount(which.ravel(), weights=weight, minlength=len(distinct))


def _strongest(spans: np.ndarray, weight: np.ndarray, top: int | None) -> tuple[np.ndarray, np.ndarray]:
    order = np.lexsort((-np.abs(weight), spans[:, 0]))
    spans, weight = spans[order], weight[order]
    if top is not None and len(spans):
        start = np.searchsorted(spans[:, 0], spans[:, 0])
        kept = np.arange(len(spans)) - start < top
        spans, weight = spans[kept], weight[kept]
    return spans, weight


def _written(tokens: Tokens, spans: np.ndarray, weight: np.ndarray, log_odds: np.ndarray, base: float) -> Evidence:
    """Spans of tokens to words and character places."""
    data = tokens.data.tobytes()
    words = np.empty(len(spans), object)
    start, end = np.zeros(len(spans), np.int64), np.zeros(len(spans), np.int64)
    for k, (row, first, left_end, second, last) in enumerate(spans.tolist()):
        origin = tokens.offsets[row]
        left = data[tokens.start[first] : tokens.end[left_end]].decode()
        right = data[tokens.start[second] : tokens.end[last]].decode()
        apart = second > left_end + 1
        if second == first:
            words[k] = right
        else:
            words[k] = f"{left} … {right}" if apart else data[tokens.start[first] : tokens.end[last]].decode()
        start[k] = len(data[origin : tokens.start[first]].decode())
        end[k] = len(data[origin : tokens.end[last]].decode())
    return Evidence(spans[:, 0], weight, start, end, words, log_odds, base)
