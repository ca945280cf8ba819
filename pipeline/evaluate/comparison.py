"""Compare two models on the same snippets: paired differences and McNemar's test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.corpus.labelled import Corpus
from pipeline.corpus.near import is_near, near_groups
from pipeline.errors import InputError
from pipeline.evaluate.intervals import LEAST_ROWS, RESAMPLES, Figure, measure, point, resampled
from pipeline.evaluate.metrics import Judged, judge
from pipeline.messages import count_of
from pipeline.model.store import Model, load_signatures
from pipeline.score.snippets import score


@dataclass(frozen=True)
class Comparison:
    """The first model against the second.

    Attributes
    ----------
    differences : each metric of the first minus that of the second, with its paired 95 % interval.
    only_first, only_second : number of snippets whose stance only the first, or only the second, got right.
    p_value : p-value of McNemar's exact test (McNemar 1947) that both are right equally often.
    """

    differences: dict[str, Figure]
    only_first: int
    only_second: int
    p_value: float


def compare(first: Judged, second: Judged, groups: np.ndarray, resamples: int = RESAMPLES) -> Comparison:
    """Compare the predictions of two models on the same snippets, in the same order.

    The same ``groups``, (n,) labels of near-duplicates, are drawn for both, so shared difficulty cancels out.
    """
    from scipy.stats import binomtest

    here, there = point(first), point(second)
    spread, other = (resampled(rows, groups, resamples) for rows in (first, second))
    differences = {}
    for name in [name for name in here if name in there]:
        low, high = np.nanpercentile(spread[name] - other[name], [2.5, 97.5])
        differences[name] = Figure(here[name] - there[name], float(low), float(high))
    right, also = (rows.proba.argmax(axis=1) == rows.stance for rows in (first, second))
    only_first, only_second = int((right & ~also).sum()), int((also & ~right).sum())
    disagree = only_first + only_second
    p_value = binomtest(only_first, disagree).pvalue if disagree else 1.0
    return Comparison(differences, only_first, only_second, float(p_value))


@dataclass(frozen=True)
class Contest:
    """Models measured on the snippets that none of them has seen.

    Attributes
    ----------
    rows, left_out : number of snippets measured, and of those in or near any model's training texts.
    checked : whether all models have signatures of their training texts; without them copies cannot be found.
    figures : metrics of each model, with intervals.
    comparison : the first model against the second, None if there is only one.
    """

    rows: int
    left_out: int
    checked: bool
    figures: tuple[dict[str, Figure], ...]
    comparison: Comparison | None


def contest(models: Sequence[Model], corpus: Corpus) -> Contest:
    """Measure one or two models on the snippets of a corpus that neither has seen.

    Raises `InputError` if too few are left.
    """
    seen = [load_signatures(model) for model in models]
    fresh = unseen(corpus, seen)
    rows, groups = _judged(models, corpus.take(fresh))
    figures = tuple(measure(one, groups) for one in rows)
    comparison = compare(rows[0], rows[1], groups) if len(rows) == 2 else None
    checked = all(one is not None for one in seen)
    return Contest(int(fresh.sum()), int((~fresh).sum()), checked, figures, comparison)


def compare_models(first: Model, second: Model, corpus: Corpus) -> Comparison:
    """Compare two models on the snippets that neither has seen; raises `InputError` if there are none."""
    fresh = unseen(corpus, [load_signatures(first), load_signatures(second)], least=1)
    rows, groups = _judged((first, second), corpus.take(fresh))
    return compare(rows[0], rows[1], groups)


def unseen(corpus: Corpus, seen: Sequence[np.ndarray | None], least: int = LEAST_ROWS) -> np.ndarray:
    """(n,) bool: neither in nor near any model's training texts; raises `InputError` if fewer than ``least`` are.

    ``seen`` holds the signatures of the training texts of each model (`pipeline.model.store.load_signatures`), or None.
    """
    fresh = np.ones(len(corpus), bool)
    for signatures in (one for one in seen if one is not None):
        fresh &= ~is_near(signatures, corpus.texts)
    if fresh.sum() < least:
        leaked = int((~fresh).sum())
        why = f" ({count_of(leaked, 'other')} in or near the training texts)" if leaked else ""
        by = "the model has not" if len(seen) == 1 else "no model has"
        raise InputError(
            f"expected at least {least} labelled snippets that {by} seen, got {int(fresh.sum())}{why}; give other snippets"
        )
    return fresh


def _judged(models: Sequence[Model], corpus: Corpus) -> tuple[list[Judged], np.ndarray]:
    return [judge(corpus, score(model, corpus.texts)) for model in models], near_groups(corpus.texts)
