"""Labelled snippets to a fitted scikit-learn pipeline."""

from __future__ import annotations

import numpy as np
from joblib import Parallel, delayed
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import Pipeline

from pipeline.corpus.labelled import Corpus
from pipeline.corpus.split import folds
from pipeline.errors import InputError
from pipeline.model.settings import Settings
from pipeline.model.vectorizer import TermVectorizer
from pipeline.stance import EVENTS, STANCES, quad_of, stance_of

PENALTY_ROWS = 25_000  # beyond so many rows the penalty grows with them, so that the solver's steps do not
SMOOTHING = 0.1  # of complement naive Bayes; 0.02 to 0.2 are as good
LEAST_ROWS = 30  # fewer labelled snippets than this cannot be split into folds that say anything


def fit(corpus: Corpus, settings: Settings) -> Pipeline:
    """Fit counts → TF-IDF → logistic regression over event types, naive Bayes added.

    A row whose event type is unknown counts once for every event type of its quad class, or of its
    stance where that is all that is known, each time with the probability that a model of the other rows gives it (one step of
    expectation-maximisation, Dempster, Laird and Rubin 1977).
    """
    labelled, weights = corpus.events != "", _weights(corpus, settings)
    if not labelled.any():
        return _fit_events(corpus.texts, corpus.stances, weights, settings)
    if labelled.all():
        return _fit_events(corpus.texts, corpus.events, weights, settings)
    sure, open_rows = corpus.take(labelled), corpus.take(~labelled)
    first = _fit_events(sure.texts, sure.events, weights[labelled], settings)
    rows, events, share = spread(first, open_rows)
    texts = np.concatenate([sure.texts, open_rows.texts[rows]])
    weights = np.concatenate([weights[labelled], weights[~labelled][rows] * share])
    return _fit_events(texts, np.concatenate([sure.events, events]), weights, settings)


def _weights(corpus: Corpus, settings: Settings) -> np.ndarray:
    """(n,) float64: rows of other files weigh more than those that come with Detente, where there are both."""
    own = corpus.own
    return np.where(own & ~own.all(), settings.training.own_weight, 1.0)


def cross_fit(corpus: Corpus, groups: np.ndarray, settings: Settings, progress=None) -> tuple[np.ndarray, np.ndarray]:
    """Held-out log-odds of every row: each from a model that has seen neither it nor a near-copy.

    Parameters
    ----------
    groups : (n,) labels of near-duplicate groups; a group is never split.
    progress : called without arguments after each fold.

    Returns
    -------
    logits : (n, n_events) float64, columns in the order of `EVENTS`, -inf for events never trained on.
    fold : (n,) int64, the fold each row was held out in.
    """
    check_enough(corpus)
    k = settings.training.folds
    fold = folds(groups, np.where(corpus.events == "", corpus.stances, corpus.events), k, settings.training.seed)
    logits = np.full((len(corpus), len(EVENTS)), -np.inf)

    def held_out(number):
        held = fold == number
        return event_logits(fit(corpus.take(~held), settings), corpus.texts[held])

    parallel = Parallel(n_jobs=2, backend="threading", return_as="generator")
    for number, values in enumerate(parallel(delayed(held_out)(number) for number in range(k))):
        logits[fold == number] = values
        if progress:
            progress()
    return logits, fold


def check_enough(corpus: Corpus) -> None:
    """Raise `InputError` where there are too few rows, or only one stance."""
    if len(corpus) < LEAST_ROWS:
        raise InputError(f"expected at least {LEAST_ROWS} labelled snippets to train on, got {len(corpus)}; add rows")
    if len(set(corpus.stances)) < 2:
        raise InputError(f"expected snippets of at least two stances, got only {corpus.stances[0]}; add the others")


def event_logits(pipeline: Pipeline, texts) -> np.ndarray:
    """(n, n_events) log-odds in the order of `EVENTS`; -inf for events the pipeline does not know.

    A pipeline that knows only stances puts each into the first event type of the stance.
    """
    classifier = pipeline[-1]
    decision = pipeline.decision_function(texts)
    if decision.ndim == 1:  # two classes: scikit-learn gives one column
        decision = np.column_stack([np.zeros(len(decision)), decision])
    out = np.full((len(decision), len(EVENTS)), -np.inf)
    out[:, [column_of(label) for label in classifier.classes_]] = decision
    return out


def column_of(label: str) -> int:
    """The column of an event type, or of the first event type of a stance."""
    return EVENTS.index(label) if label in EVENTS else next(i for i, e in enumerate(EVENTS) if stance_of(e) == label)


def _fit_events(texts, labels, weights: np.ndarray, settings: Settings) -> Pipeline:
    text, training = settings.text, settings.training
    counts = TermVectorizer(text.masks, text.stems, text.families, text.lead, text.min_df)
    tfidf = TfidfTransformer(sublinear_tf=True)
    # L-BFGS spends its time on its own vectors, holds the interpreter lock, and may stop points too early.
    classifier = LogisticRegression(
        C=training.c * min(1.0, PENALTY_ROWS / len(labels)),
        solver="newton-cg",
        tol=training.tolerance,
        max_iter=training.max_iter,
    )
    # Single precision, in which the weights are stored, takes a third of the time.
    matrix = tfidf.fit_transform(counts.fit_transform(texts)).astype(np.float32)
    labels = labels.astype(str)
    weights = _balanced(labels, weights, training.balance)
    classifier.fit(matrix, labels, sample_weight=weights)
    if training.complement:
        _add_complement(classifier, matrix, labels, weights, training.complement)
    return Pipeline([("counts", counts), ("tfidf", tfidf), ("classifier", classifier)])


def _add_complement(classifier: LogisticRegression, matrix, labels, weights, share: float) -> None:
    """Add complement naive Bayes to the fitted log-odds, ``share`` times (Rennie et al. 2003, "Tackling the Poor
    Assumptions of Naive Bayes").

    Both are linear in the same terms, so that their sum is one logistic regression. The penalty holds the weights of
    rare terms near 0, which naive Bayes does not.
    """
    bayes = ComplementNB(alpha=SMOOTHING).fit(matrix, labels, sample_weight=weights)
    of_class = bayes.feature_log_prob_ - bayes.feature_log_prob_.mean(axis=0)
    if len(classifier.coef_) == 1:  # two classes: scikit-learn keeps one row, the second class against the first
        of_class = of_class[1:] - of_class[:1]
    classifier.coef_ = (classifier.coef_ + share * of_class).astype(np.float32)


def _balanced(labels: np.ndarray, weights: np.ndarray, power: float) -> np.ndarray:
    """Weights of rows, multiplied by the share of their label to the power of minus ``power``.

    Escalation and de-escalation weigh alike after that, so that a text which says nothing leans neither way.
    """
    classes, which = np.unique(labels, return_inverse=True)
    total = np.bincount(which, weights)
    of_label = (total.sum() / (len(classes) * total)) ** power
    stances = np.array([label if label in STANCES else stance_of(label) for label in classes])
    poles = [stances == pole for pole in STANCES[:2]]
    mass = [(total * of_label)[pole].sum() for pole in poles]
    if all(mass):
        for pole, own in zip(poles, mass):
            of_label[pole] *= np.sqrt(mass[0] * mass[1]) / own
    return weights * of_label[which]


def spread(pipeline: Pipeline, open_rows: Corpus) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows repeated for each event type that their labels allow, those types, and their probabilities."""
    proba = pipeline.predict_proba(open_rows.texts)
    classes = pipeline[-1].classes_
    fits = open_rows.stances[:, None] == np.array([stance_of(c) for c in classes], object)
    quads = open_rows.quads[:, None]
    fits &= (quads == "") | (quads == np.array([quad_of(c) for c in classes], object))
    share = np.where(fits, proba, 0.0)
    share /= np.maximum(share.sum(axis=1, keepdims=True), 1e-12)
    rows, columns = np.nonzero(share > 0.02)  # what is left out is too small to matter and costs time
    return rows, classes[columns].astype(object), share[rows, columns]
