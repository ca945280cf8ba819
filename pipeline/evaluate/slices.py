"""Sliced accuracy: by event type, length, reversal, source, picking, decade, form and actor."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from pipeline.actors.roles import find_actors
from pipeline.arrays.ragged import segment_ids
from pipeline.corpus.labelled import Corpus
from pipeline.evaluate.intervals import share
from pipeline.text.analysis import read
from pipeline.text.lexicon import Lexicon
from pipeline.text.names import shapes

LEAST_ROWS = 20  # a smaller slice is meaningless
LEAST_ACTOR = 30  # rows that name an actor
LENGTHS = {
    "up to 12 words": (0, 12),
    "13 to 25 words": (13, 25),
    "26 to 40 words": (26, 40),
    "over 40 words": (41, 10**9),
}
_YEAR = re.compile(r"\b(19[4-9]\d|20[0-4]\d)\b")
_LEVEL = 0.05  # family-wise error of the marks (Holm 1979)


@dataclass(frozen=True)
class Slice:
    """The accuracy on rows that have something in common.

    Attributes
    ----------
    kind, name : what they have in common, such as ``length`` and ``up to 12 words``.
    rows : number of rows.
    accuracy, low, high : share of right stances, with its 95 % Wilson interval.
    worse : whether it is significantly worse than the rest.
    """

    kind: str
    name: str
    rows: int
    accuracy: float
    low: float
    high: float
    worse: bool


def slices(corpus: Corpus, right: np.ndarray, lexicon: Lexicon) -> list[Slice]:
    """Compute every slice of at least 20 rows; ``worse`` needs as many rows outside it.

    Parameters
    ----------
    corpus : n labelled snippets.
    right : (n,) bool, whether the model gave the right stance.
    lexicon : determines which words are names.
    """
    from scipy.stats import fisher_exact

    cuts = [(kind, name, mask) for kind, name, mask in _cuts(corpus, lexicon) if mask.sum() >= LEAST_ROWS]
    found, chances = [], []
    for kind, name, mask in cuts:
        hits, n = int(right[mask].sum()), int(mask.sum())
        rest, others = int(right[~mask].sum()), int((~mask).sum())
        table = [[hits, n - hits], [rest, others - rest]]
        chances.append(fisher_exact(table, alternative="less")[1] if others >= LEAST_ROWS else 1.0)
        right_here = share(hits, n)
        found.append(Slice(kind, name, n, right_here.value, right_here.low, right_here.high, False))
    worse = _holm(np.array(chances))
    return [replace(one, worse=bool(flag)) for one, flag in zip(found, worse)]


def _cuts(corpus: Corpus, lexicon: Lexicon) -> Iterator[tuple[str, str, np.ndarray]]:
    tokens, sequence = read(corpus.texts, lexicon)
    for event in sorted(set(corpus.events) - {""}):
        yield "event type", event, corpus.events == event
    length = np.array([len(text.split()) for text in corpus.texts])
    for name, (low, high) in LENGTHS.items():
        yield "length", name, (length >= low) & (length <= high)
    rows = np.arange(len(corpus))
    reversal = np.isin(rows, sequence.text[(sequence.reversal >= 0) | sequence.negated])
    yield "reversal", "with a reversing word", reversal
    yield "reversal", "without", ~reversal
    ended = np.array([text.rstrip("\"'”’ ").endswith((".", "!", "?")) for text in corpus.texts])
    headline = np.isin(rows, tokens.text[shapes(tokens).headline]) | ~ended
    yield "form", "headline", headline
    yield "form", "sentence", ~headline
    years = [_YEAR.search(text) for text in corpus.texts]
    decades = np.array([f"{year[0][:3]}0s" if year else "" for year in years], object)
    for kind, values in (("source", corpus.sources), ("picked", corpus.picked), ("decade", decades)):
        for value in sorted(set(values) - {""}):
            yield kind, value, values == value
    found = find_actors(corpus.texts)
    text = segment_ids(found.bounds)
    for code, count in Counter(found.code.tolist()).most_common():
        if count < LEAST_ACTOR:
            return
        yield "actor", found.keys[code], np.isin(rows, text[found.code == code])


def _holm(chances: np.ndarray) -> np.ndarray:
    """Which of several p-values stay significant together (Holm 1979)."""
    order = np.argsort(chances)
    allowed = _LEVEL / np.arange(len(chances), 0, -1)
    failed = np.flatnonzero(chances[order] > allowed)
    return np.isin(np.arange(len(chances)), order[: failed[0] if len(failed) else len(order)])
