"""Fit the scikit-learn pipeline to labelled snippets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
from joblib import Parallel, delayed
from sklearn.pipeline import Pipeline

from pipeline.corpus.labelled import Corpus
from pipeline.corpus.split import folds
from pipeline.errors import InputError
from pipeline.model.classifier import EventClassifier
from pipeline.model.estimator import Classifier
from pipeline.model.settings import Settings
from pipeline.stance import EVENTS, LABELS, OTHER, quad_of, stance_of

if TYPE_CHECKING:
    from pipeline.arrays.arrow import Texts

LEAST_ROWS = 30  # fewer labelled snippets than this cannot be split into meaningful folds


def fit(corpus: Corpus, settings: Settings) -> Pipeline:
    """Fit counts → TF-IDF → `EventClassifier`.

    A row whose event type is unknown counts once for every event type of its quad class, or of its stance if that is
    all that is known, each time with the probability that a model of the other rows gives it (one step of
    expectation-maximisation, Dempster, Laird and Rubin 1977).
    """
    labelled, weights = corpus.events != "", own_weights(corpus, settings)
    if not labelled.any():
        return _fit_labels(corpus.texts, corpus.stances, weights, settings)
    if labelled.all():
        return _fit_labels(corpus.texts, corpus.events, weights, settings)
    sure, open_rows = corpus.take(labelled), corpus.take(~labelled)
    first = _fit_labels(sure.texts, sure.events, weights[labelled], settings)
    rows, events, share = spread(first, open_rows)
    texts = np.concatenate([sure.texts, open_rows.texts[rows]])
    weights = np.concatenate([weights[labelled], weights[~labelled][rows] * share])
    return _fit_labels(texts, np.concatenate([sure.events, events]), weights, settings)


def own_weights(corpus: Corpus, settings: Settings) -> np.ndarray:
    """(n,) float64 weights: rows of other files count more than bundled ones, if there are both.

    Weights given by the corpus take precedence over those of the settings.
    """
    own = corpus.own
    usual = np.where(own & ~own.all(), settings.training.own_weight, 1.0)
    return np.where(np.isnan(corpus.weights), usual, corpus.weights)


def cross_fit(
    corpus: Corpus,
    groups: np.ndarray,
    settings: Settings,
    progress: Callable[[], object] | None = None,
    used: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Held-out log-odds of every row: each from a model that has seen neither it nor a near-duplicate.

    Parameters
    ----------
    groups : (n,) labels of near-duplicate groups; a group is never split.
    progress : called without arguments after each fold.
    used : (n,) bool, the rows that models may learn from; None: all. It does not affect the folds.

    Returns
    -------
    logits : (n, n_labels) float64, see `event_logits`.
    fold : (n,) int64, the fold each row was held out in.
    """
    check_enough(corpus)
    fold = folds_of(corpus, groups, settings)
    learned = np.ones(len(corpus), bool) if used is None else used
    return held_out_logits(corpus.texts, fold, lambda held: corpus.take(~held & learned), settings, progress), fold


def folds_of(corpus: Corpus, groups: np.ndarray, settings: Settings) -> np.ndarray:
    """(n,) int64, the fold of each row (`pipeline.corpus.split.folds`)."""
    return folds(groups, corpus.targets, settings.training.folds, settings.training.seed)


def held_out_logits(
    texts: np.ndarray,
    fold: np.ndarray,
    learned: Callable[[np.ndarray], Corpus],
    settings: Settings,
    progress: Callable[[], object] | None = None,
) -> np.ndarray:
    """(n, n_labels) log-odds of every text, see `event_logits`, each from a model that has not seen its fold.

    Parameters
    ----------
    fold : (n,) int64, the fold of each text, from 0 on.
    learned : the rows to learn from, given which texts are held out, (n,) bool.
    progress : called without arguments after each fold.
    """
    logits = np.full((len(texts), len(LABELS)), -np.inf)

    def values_of(held: np.ndarray) -> np.ndarray:
        return event_logits(fit(learned(held), settings), texts[held])

    each = [fold == number for number in range(fold.max() + 1)]
    for held, values in zip(
        each, Parallel(2, backend="threading", return_as="generator")(map(delayed(values_of), each))
    ):
        logits[held] = values
        if progress:
            progress()
    return logits


def check_enough(corpus: Corpus) -> None:
    """Raise `InputError` if there are too few rows, or only one stance."""
    if len(corpus) < LEAST_ROWS:
        raise InputError(f"expected at least {LEAST_ROWS} labelled snippets to train on, got {len(corpus)}; add rows")
    if len(set(corpus.stances)) < 2:
        raise InputError(f"expected snippets of at least two stances, got only {corpus.stances[0]}; add the others")


def event_logits(pipeline: Pipeline, texts: Texts) -> np.ndarray:
    """(n, n_labels) log-odds of `POLITICAL` in order, then of relevance; -inf for labels the pipeline does not know.

    If the pipeline knows only stances, each is assigned to its first event type.
    """
    return spread_logits(pipeline[-1], pipeline.decision_function(texts))


def spread_logits(classifier: EventClassifier, decision: np.ndarray) -> np.ndarray:
    """(n, n_labels) log-odds from the output of a classifier's ``decision_function``, see `event_logits`."""
    out = np.full((len(decision), len(LABELS)), -np.inf)
    out[:, [*(column_of(label) for label in classifier.political_), -1]] = decision
    return out


def column_of(label: str) -> int:
    """The column of a label, or of the first event type of a stance."""
    return LABELS.index(label) if label in LABELS else next(i for i, e in enumerate(EVENTS) if stance_of(e) == label)


def estimator_of(settings: Settings) -> Classifier:
    """The unfitted estimator with a run's settings."""
    asked = asdict(settings.text) | asdict(settings.training)
    return Classifier(**{name: value for name, value in asked.items() if name in Classifier().get_params()})


def _fit_labels(texts: Texts, labels: np.ndarray, weights: np.ndarray, settings: Settings) -> Pipeline:
    return estimator_of(settings).fit(texts, labels, weights).pipeline_


def spread(pipeline: Pipeline, open_rows: Corpus) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows repeated for each event type that their labels allow; those that allow no known event type are left out.

    Returns
    -------
    rows : (m,) int64, nondecreasing.
    events : (m,) object, an event type that the row's labels allow.
    share : (m,) float64 in (0, 1], its probability among those; the rest, up to 0.02 each, is left out.
    """
    proba = pipeline.predict_proba(open_rows.texts)
    classes = pipeline[-1].classes_
    # Nobody labelled a row with only a stance as political or not; it trains the event types only.
    proba = np.where(classes == OTHER, 0.0, proba)
    fits = open_rows.stances[:, None] == np.array([stance_of(c) for c in classes], object)
    quads = open_rows.quads[:, None]
    fits &= (quads == "") | (quads == np.array([quad_of(c) for c in classes], object))
    share = np.where(fits, proba, 0.0)
    share /= np.maximum(share.sum(axis=1, keepdims=True), 1e-12)
    rows, columns = np.nonzero(share > 0.02)  # smaller shares do not matter and cost time
    return rows, classes[columns].astype(object), share[rows, columns]
