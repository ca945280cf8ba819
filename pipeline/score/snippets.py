"""Snippets in, stances out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from pipeline.arrays.arrow import as_strings
from pipeline.model.calibration import STANCE_OF_EVENT, softmax, stance_proba
from pipeline.model.store import Model
from pipeline.read.documents import BATCH_ROWS
from pipeline.stance import ANSWERS, EVENTS, UNCLEAR
from pipeline.text.analysis import Sequence


@dataclass(frozen=True)
class Scores:
    """What the model says of n snippets.

    Attributes
    ----------
    stance_code : (n,) int8, index into `ANSWERS`: a stance or `unclear`.
    proba : (n, 3) float64, calibrated probabilities in the order of `STANCES`; rows sum to 1.
    event_code : (n,) int8, index into `EVENTS`: the likeliest event type of the stance; of all where unclear.
    event_proba : (n, n_events) float64, rows sum to 1.
    coverage : (n,) float64 in [0, 1], share of the words that the model knows.
    """

    stance_code: np.ndarray
    proba: np.ndarray
    event_code: np.ndarray
    event_proba: np.ndarray
    coverage: np.ndarray

    def __len__(self) -> int:
        return len(self.stance_code)

    def take(self, rows) -> Scores:
        """The scores of some rows: a slice, indices or a mask."""
        return Scores(*(getattr(self, name)[rows] for name in Scores.__dataclass_fields__))

    @property
    def stance(self) -> np.ndarray:
        """(n,) object, a stance or `unclear`."""
        return np.array(ANSWERS, object)[self.stance_code]

    @property
    def event(self) -> np.ndarray:
        """(n,) object, the event types."""
        return np.array(EVENTS, object)[self.event_code]

    @property
    def tension(self) -> np.ndarray:
        """(n,) P(escalation) - P(de-escalation), in [-1, 1]."""
        return self.proba[:, 0] - self.proba[:, 1]


def score(model: Model, texts, threads: int = 1) -> Scores:
    """Score snippets.

    Parameters
    ----------
    texts : a list, Series or Arrow array of n strings.
    threads : how many threads work on them; the scores are the same bits for any number.
    """
    column = as_strings(texts)
    if len(column) <= BATCH_ROWS:
        return _score(model, column)
    n_parts = threads * -(-len(column) // (threads * BATCH_ROWS))  # as many for each thread
    cuts = [len(column) * k // n_parts for k in range(n_parts + 1)]
    parts = [column.slice(start, end - start) for start, end in pairwise(cuts)]
    with ThreadPoolExecutor(threads) as pool:
        scored = list(pool.map(partial(_score, model), parts))
    return Scores(*(np.concatenate([getattr(part, name) for part in scored]) for name in Scores.__dataclass_fields__))


def _score(model: Model, texts) -> Scores:
    sequence = model.weights.vocabulary.read(texts)
    return scores_of(model, sequence, model.weights.logits(sequence))


def scores_of(model: Model, sequence: Sequence, logits: np.ndarray) -> Scores:
    """Scores of snippets that were read, from their (n, n_events) log-odds."""
    coverage = model.weights.vocabulary.coverage(sequence)
    return from_proba(softmax(logits), coverage, model.threshold, model.settings.abstention.coverage_floor)


def from_proba(event_proba: np.ndarray, coverage: np.ndarray, threshold: float, coverage_floor: float) -> Scores:
    """Stances and event types from event probabilities.

    A snippet is `unclear` where the likeliest stance has less than ``threshold``, or where no word or less
    than ``coverage_floor`` of the words is known.
    """
    proba = stance_proba(event_proba)
    likeliest = proba.argmax(axis=1)
    unclear = (proba.max(axis=1) < threshold) | (coverage < coverage_floor) | (coverage == 0)
    stance = np.where(unclear, ANSWERS.index(UNCLEAR), likeliest).astype(np.int8)
    of_stance = likeliest[:, None] == STANCE_OF_EVENT
    best = np.where(of_stance | unclear[:, None], event_proba, -1.0).argmax(axis=1).astype(np.int8)
    return Scores(stance, proba, best, event_proba, coverage)
