"""Which words moved a score: exact signed contributions to the log-odds.

The score explained is f = ln(P(escalation) / P(de-escalation)), in which relevance cancels out. As a sum over event
types it is not linear in the terms; each term's share is its Aumann-Shapley value: the gradient integrated from the
text without known terms to the full text (Sundararajan, Taly and Yan 2017, "Axiomatic Attribution for Deep Networks").
The shares and the base, f of an empty text, sum to f.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pipeline.arrays.ragged import segment_ids
from pipeline.model.store import Model
from pipeline.read.alignment import stretches
from pipeline.read.cleaning import clean, clean_text
from pipeline.score.contributions import Places, contributions, strongest
from pipeline.score.slopes import slopes
from pipeline.score.snippets import Scores, scores_of
from pipeline.text.analysis import Sequence, read
from pipeline.text.tokens import Tokens
from pipeline.text.weight_rows import cells_of, other_terms

if TYPE_CHECKING:
    from pipeline.arrays.arrow import Texts

_GAP = " … ".encode()


@dataclass(frozen=True)
class Evidence:
    """Contributions to the log-odds of escalation against de-escalation.

    Attributes
    ----------
    bounds : (n_texts + 1,) int64, the first term of each text, and the number of terms.
    weight : (n_terms,) float64, its signed contribution, natural logarithm; largest first within a text.
    words : (n_terms,) Arrow strings, the words as written, with the gap of a pair as "…".
    log_odds : (n_texts,) float64, the whole score.
    base : float, the score of a text without known terms.
    tokens, begin, end : the tokens of all texts, and the first and end byte of each term in its text.
    """

    bounds: np.ndarray
    weight: np.ndarray
    words: pa.Array
    log_odds: np.ndarray
    base: float
    tokens: Tokens = field(repr=False)
    begin: np.ndarray
    end: np.ndarray

    def of(self, row: int) -> list[tuple[str, float]]:
        """(words, contribution) pairs of one text, strongest first."""
        here = slice(self.bounds[row], self.bounds[row + 1])
        return list(zip(self.words[here].to_pylist(), self.weight[here].tolist()))

    def places(self, row: int, given: str) -> np.ndarray:
        """(n, 2) int64: start and end of one text's terms in that text as given, as from `pipeline.read.alignment`."""
        return stretches(given, clean_text(given), self.spans[self.bounds[row] : self.bounds[row + 1]])

    @cached_property
    def spans(self) -> np.ndarray:
        """(n_terms, 2) int64: begin and end of each term in its cleaned text, in characters."""
        # All bytes except UTF-8 continuation bytes begin a character.
        character = np.append(0, np.cumsum(self.tokens.data & 0xC0 != 0x80))
        origin = character[self.tokens.offsets[segment_ids(self.bounds)]]
        return np.column_stack([character[self.begin] - origin, character[self.end] - origin])


def explain(model: Model, texts: Texts, top: int | None = None) -> Evidence:
    """Compute the evidence of each text.

    Parameters
    ----------
    texts : a list, Series or Arrow array of n strings.
    top : keep only this many of the strongest terms per text; None keeps all, so they sum to the score.
    """
    return score_and_explain(model, texts, top)[1]


def score_and_explain(model: Model, texts: Texts, top: int | None = None) -> tuple[Scores, Evidence]:
    """Compute scores and evidence from one analysis of the texts."""
    weights, features = model.weights, model.weights.vocabulary.features
    tokens, sequence = read(clean(texts), weights.vocabulary.lexicon, features.masks, features.clauses)
    others = other_terms(weights.vocabulary, sequence)
    cells = cells_of(weights.vocabulary, sequence, others)
    logits, length, repeats = weights.logits_and_lengths(sequence, cells)
    slope, log_odds, base = slopes(weights, logits)
    of_column = np.zeros(logits.shape)
    of_column[:, :-2] = slope[:, 1:] / length[:, None]  # the table holds differences to the first event type
    places = contributions(weights, sequence, others, cells, repeats, of_column)
    evidence = _evidence(places, tokens, sequence, log_odds, base, top)
    return scores_of(model, sequence, logits, texts), evidence


def explain_relevance(model: Model, texts: Texts, top: int | None = None) -> Evidence:
    """Which words make a text more or less likely to be political: contributions to the log-odds of relevance, which are
    linear.

    The base is that of a text that names no political actor; what naming one adds is not attributed to any word.
    """
    weights, features = model.weights, model.weights.vocabulary.features
    tokens, sequence = read(clean(texts), weights.vocabulary.lexicon, features.masks, features.clauses)
    others = other_terms(weights.vocabulary, sequence)
    cells = cells_of(weights.vocabulary, sequence, others)
    logits, length, repeats = weights.logits_and_lengths(sequence, cells)
    of_column = np.zeros(logits.shape)
    of_column[:, -2] = 1.0 / length
    places = contributions(weights, sequence, others, cells, repeats, of_column)
    return _evidence(places, tokens, sequence, logits[:, -1], float(weights.intercept[-1]), top)


def _evidence(
    places: Places, tokens: Tokens, sequence: Sequence, log_odds: np.ndarray, base: float, top: int | None
) -> Evidence:
    chosen, bounds = strongest(places, sequence.bounds, top)
    weight, left, right = places.take(chosen)
    words, begin, end = _written(tokens, sequence, left, right)
    return Evidence(bounds, weight, words, log_odds, base, tokens, begin, end)


def _written(
    tokens: Tokens, sequence: Sequence, left: np.ndarray, right: np.ndarray
) -> tuple[pa.Array, np.ndarray, np.ndarray]:
    """The words ``left`` and ``right`` as written in the texts, without what is between them; their bytes."""
    first, last = sequence.first[left], sequence.last[right]
    apart = sequence.first[right] > sequence.last[left] + 1
    begin, end = tokens.start[first], tokens.end[last]
    source = np.concatenate([tokens.data, np.frombuffer(_GAP, np.uint8)])
    gap = np.where(apart, len(tokens.data), 0)
    begins = np.column_stack([begin, gap, tokens.start[sequence.first[right]]])
    ends = np.column_stack([np.where(apart, tokens.end[sequence.last[left]], end), gap, end])
    ends[apart, 1] += len(_GAP)
    ends[~apart, 2] = begins[~apart, 2]
    return _pieces(source, begins, ends), begin, end


def _pieces(source: np.ndarray, begins: np.ndarray, ends: np.ndarray) -> pa.Array:
    """(n,) strings, each joined from pieces of UTF-8 bytes; ``begins`` and ``ends`` are (n, n_pieces)."""
    bounds = np.append(0, np.cumsum((ends - begins).ravel()))
    shift = begins.ravel() - bounds[:-1]
    picked = source[np.arange(bounds[-1]) + shift[segment_ids(bounds)]]
    offsets = np.ascontiguousarray(bounds[:: begins.shape[1]])
    return pa.LargeStringArray.from_buffers(len(begins), pa.py_buffer(offsets), pa.py_buffer(picked))
