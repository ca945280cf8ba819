"""Two models on the same snippets: paired differences, and McNemar's test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.corpus.labelled import Corpus
from pipeline.corpus.near import near_groups
from pipeline.corpus.signatures import ESTIMATED_NEAR, nearest_signature
from pipeline.errors import InputError
from pipeline.evaluate.evaluation import judge
from pipeline.evaluate.intervals import RESAMPLES, Figure, point, resampled
from pipeline.evaluate.metrics import Judged
from pipeline.model.store import Model, load_signatures
from pipeline.score.snippets import score


@dataclass(frozen=True)
class Comparison:
    """The first model against the second.

    Attributes
    ----------
    differences : each metric of the first less that of the second, with its paired 95 % interval.
    only_first, only_second : snippets whose stance only the one or the other got right.
    p_value : of McNemar's exact test (McNemar 1947) that both are right equally often.
    """

    differences: dict[str, Figure]
    only_first: int
    only_second: int
    p_value: float


def compare(first: Judged, second: Judged, groups: np.ndarray, resamples: int = RESAMPLES, seed: int = 0) -> Comparison:
    """Compare what two models say of the same snippets, in the same order.

    The same groups are drawn for both, so that what is hard for both cancels out.
    """
    from scipy.stats import binomtest

    here, there = point(first), point(second)
    spread, other = (resampled(rows, groups, resamples, seed) for rows in (first, second))
    differences = {}
    for name in here:
        low, high = np.nanpercentile(spread[name] - other[name], [2.5, 97.5])
        differences[name] = Figure(here[name] - there[name], float(low), float(high))
    right, also = (rows.proba.argmax(axis=1) == rows.stance for rows in (first, second))
    only_first, only_second = int((right & ~also).sum()), int((also & ~right).sum())
    disagree = only_first + only_second
    p_value = binomtest(only_first, disagree).pvalue if disagree else 1.0
    return Comparison(differences, only_first, only_second, float(p_value))


def compare_models(first: Model, second: Model, corpus: Corpus) -> Comparison:
    """Two models on the snippets that neither has seen."""
    fresh = np.ones(len(corpus), bool)
    for model in (first, second):
        seen = load_signatures(model)
        if seen is not None:
            fresh &= nearest_signature(seen, corpus.texts) < ESTIMATED_NEAR
    if not fresh.any():
        raise InputError("no snippet is left that neither model has seen; give other snippets")
    kept = corpus.take(fresh)
    scored = [score(model, kept.texts) for model in (first, second)]
    rows = [judge(kept, scores) for scores in scored]
    return compare(*rows, near_groups(kept.texts))
