"""Which words moved a score: exact signed contributions to the log-odds.

The score explained is f = ln(P(escalation) / P(de-escalation)), in which relevance cancels out. With event types added up it is
not linear in the terms; each term's share is its Aumann-Shapley value: the gradient integrated
from the text without known terms to the text as it is (Sundararajan, Taly and Yan 2017,
"Axiomatic Attribution for Deep Networks"). The shares and the base, f of an empty text, add up to f.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.arrays.ragged import segment_ids
from pipeline.model.calibration import STANCE_OF_LABEL
from pipeline.model.store import Model
from pipeline.read.cleaning import clean
from pipeline.score.snippets import Scores, scores_of
from pipeline.text.analysis import Sequence
from pipeline.text.vocabulary import Located

_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(24)
_GAP = " … ".encode()
_SIDES = (STANCE_OF_LABEL == 0, STANCE_OF_LABEL == 1)


@dataclass(frozen=True)
class Evidence:
    """Contributions to the log-odds of escalation against de-escalation.

    Attributes
    ----------
    bounds : (n_texts + 1,) int64, the first term of each text, and the number of terms.
    weight : (n_terms,) float64, its signed contribution, natural logarithm; largest first within a text.
    start, end : (n_terms,) int64, its first place in the cleaned text, in characters.
    words : (n_terms,) Arrow strings, the words as they stand there, gaps of a pair shown as "…".
    log_odds : (n_texts,) float64, the whole score.
    base : float, the score of a text without known terms.
    """

    bounds: np.ndarray
    weight: np.ndarray
    start: np.ndarray
    end: np.ndarray
    words: pa.Array
    log_odds: np.ndarray
    base: float

    def of(self, row: int) -> list[tuple[str, float]]:
        """(words, contribution) pairs of one text, the strongest first."""
        here = slice(self.bounds[row], self.bounds[row + 1])
        return list(zip(self.words[here].to_pylist(), self.weight[here].tolist()))


def explain(model: Model, texts, top: int | None = None) -> Evidence:
    """The evidence of each text.

    Parameters
    ----------
    texts : a list, Series or Arrow array of n strings.
    top : keep only so many terms a text, the strongest; None keeps all, so that they add up.
    """
    return score_and_explain(model, texts, top)[1]


def score_and_explain(model: Model, texts, top: int | None = None) -> tuple[Scores, Evidence]:
    """Scores and evidence from one analysis of the texts."""
    weights = model.weights
    found = weights.vocabulary.locate(clean(texts))
    counted = weights.vocabulary.tally(found)
    logits = weights.logits(found.sequence)
    share, log_odds, base = _shares(weights, counted, logits)
    cell = _cells(counted, len(weights.vocabulary), found.text, found.term)
    word, weight = _added(found, share[cell] / counted.counts[cell])
    bounds, word, weight = _strongest(found.sequence, word, weight, top)
    words, start, end = _written(found, *word)
    return scores_of(model, found.sequence, logits), Evidence(bounds, weight, start, end, words, log_odds, base)


def _shares(weights, counted, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Contribution of each (text, term) cell, the whole log-odds of each text, the base."""
    values = weights.tfidf(counted)
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


def _added(found: Located, weight: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """First and last word of each place where terms stand, and their sum: a word and its marks stand in one place."""
    n_words = np.int64(len(found.sequence.symbol) + 1)
    place = np.minimum(found.i, found.j) * n_words + np.maximum(found.i, found.j)
    distinct, which = np.unique(place, return_inverse=True)
    return (distinct // n_words, distinct % n_words), np.bincount(which, weights=weight, minlength=len(distinct))


def _strongest(sequence: Sequence, word, weight: np.ndarray, top: int | None):
    """The ``top`` terms of each text, the strongest first, and where the terms of each text begin."""
    text = sequence.text[word[0]]
    order = np.lexsort((-np.abs(weight), text))
    bounds = np.searchsorted(text, np.arange(len(sequence.bounds)))
    if top is not None:
        order = order[np.arange(len(text)) - bounds[text] < top]
        bounds = np.append(0, np.cumsum(np.minimum(np.diff(bounds), top)))
    return bounds, tuple(part[order] for part in word), weight[order]


def _written(found: Located, left: np.ndarray, right: np.ndarray) -> tuple[pa.Array, np.ndarray, np.ndarray]:
    """The words from ``left`` to ``right`` as they stand in the texts, with what lies between left out; their places."""
    tokens, sequence = found.tokens, found.sequence
    first, last = sequence.first[left], sequence.last[right]
    apart = sequence.first[right] > sequence.last[left] + 1
    begin, end = tokens.start[first], tokens.end[last]
    source = np.concatenate([tokens.data, np.frombuffer(_GAP, np.uint8)])
    gap = np.where(apart, len(tokens.data), 0)
    begins = np.column_stack([begin, gap, tokens.start[sequence.first[right]]])
    ends = np.column_stack([np.where(apart, tokens.end[sequence.last[left]], end), gap, end])
    ends[apart, 1] += len(_GAP)
    ends[~apart, 2] = begins[~apart, 2]
    place = np.append(0, np.cumsum(tokens.data & 0xC0 != 0x80))  # all other bytes begin a character
    origin = place[tokens.offsets[sequence.text[left]]]
    return _pieces(source, begins, ends), place[begin] - origin, place[end] - origin


def _pieces(source: np.ndarray, begins: np.ndarray, ends: np.ndarray) -> pa.Array:
    """(n,) strings, each joined of pieces of UTF-8 bytes; ``begins`` and ``ends`` are (n, n_pieces)."""
    bounds = np.append(0, np.cumsum((ends - begins).ravel()))
    shift = begins.ravel() - bounds[:-1]
    picked = source[np.arange(bounds[-1]) + shift[segment_ids(bounds)]]
    offsets = np.ascontiguousarray(bounds[:: begins.shape[1]])
    return pa.LargeStringArray.from_buffers(len(begins), pa.py_buffer(offsets), pa.py_buffer(picked))
