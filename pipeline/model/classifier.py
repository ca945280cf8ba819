"""The two-step classifier: is the text political, and if so, which event does it report?

P(event) = P(political) * P(event | political). Rows labelled OTHER train only the first step. Adding them as one more
class of a single model costs six points of three-way macro-F1 (`experiments/LOG.md`) because everyday news uses the
same verbs as political news.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB
from sklearn.utils.validation import check_is_fitted

from pipeline.model.calibration import label_proba
from pipeline.stance import LABELS, OTHER, STANCES, stance_of

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

PENALTY_ROWS = 25_000  # beyond this number of rows the penalty grows with them, so the number of solver steps does not
SMOOTHING = 0.1  # of complement naive Bayes; 0.02 to 0.2 are equally good


class EventClassifier(ClassifierMixin, BaseEstimator):
    """Logistic regression over event types with complement naive Bayes added, after a logistic regression of relevance.

    Parameters
    ----------
    c, relevance_c : inverse strength of the L2 penalty of the event types and of relevance.
    balance, relevance_balance : a row of a label with share s has weight s to the power of minus this; the second for
        the two classes of relevance.
    complement, relevance_complement : how many times the log-odds of complement naive Bayes are added to the fitted ones, of
        the event types and of relevance.
    marks : how many of the last columns affect relevance only.
    tolerance, max_iter : when the solver stops.

    Attributes
    ----------
    classes_ : (n_classes,) the labels seen, sorted; including `OTHER` if there were such rows.
    political_ : (n_political,) the labels seen without `OTHER`, sorted.
    coef_, intercept_ : (n_political, n_terms) and (n_political,), log-odds of the political labels.
    relevance_coef_, relevance_intercept_ : (n_columns,) and float, log-odds of being political; zeros and infinity if
        no row was `OTHER`.
    """

    def __init__(
        self,
        c: float = 18.0,
        balance: float = 0.5,
        complement: float = 1.8,
        relevance_c: float = 3.0,
        relevance_balance: float = 0.5,
        relevance_complement: float = 0.5,
        marks: int = 0,
        tolerance: float = 2e-4,
        max_iter: int = 500,
    ) -> None:
        self.c = c
        self.balance = balance
        self.relevance_c = relevance_c
        self.relevance_balance = relevance_balance
        self.relevance_complement = relevance_complement
        self.marks = marks
        self.complement = complement
        self.tolerance = tolerance
        self.max_iter = max_iter

    def fit(self, X: csr_matrix, y: Sequence[str] | np.ndarray, sample_weight: np.ndarray | None = None) -> Self:
        """Fit both steps; ``X`` is a sparse (n, n_terms) matrix, ``y`` holds labels or stances.

        ``sample_weight`` counts in the events step. Relevance gives each row of a class the same weight, since what a row's
        label is worth says nothing about how much of the news is political.
        """
        labels = np.asarray(y).astype(str)
        weights = np.ones(len(labels)) if sample_weight is None else np.asarray(sample_weight, float)
        political = labels != OTHER
        self.classes_ = np.unique(labels)
        self._fit_events(self._terms(X)[political], labels[political], weights[political])
        self.relevance_coef_, self.relevance_intercept_ = np.zeros(X.shape[1], np.float32), np.inf
        if not political.all():
            self._fit_relevance(X, political, weights)
        return self

    def decision_function(self, X: csr_matrix) -> np.ndarray:
        """(n, n_political + 1) log-odds of `political_`, then of being political."""
        check_is_fitted(self)
        events = self._terms(X) @ self.coef_.T.astype(float) + self.intercept_
        relevance = X @ self.relevance_coef_.astype(float) + self.relevance_intercept_
        return np.column_stack([events, relevance])

    def predict_proba(self, X: csr_matrix) -> np.ndarray:
        """(n, n_classes) probabilities in the order of ``classes_``; rows sum to 1."""
        proba = label_proba(self.decision_function(X))
        order = {label: k for k, label in enumerate((*self.political_, OTHER))}
        return proba[:, [order[label] for label in self.classes_]]

    def predict(self, X: csr_matrix) -> np.ndarray:
        """(n,) the likeliest label of each row."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def _terms(self, X: csr_matrix) -> csr_matrix:
        """The columns without the marks."""
        return X[:, : X.shape[1] - self.marks]

    def _fit_events(self, matrix: csr_matrix, labels: np.ndarray, weights: np.ndarray) -> None:
        weights = _balanced(labels, weights, self.balance)
        classifier = self._logistic_regression(self.c, len(labels)).fit(matrix, labels, sample_weight=weights)
        self.n_iter_ = int(classifier.n_iter_.max())
        self.political_, coef, intercept = classifier.classes_, classifier.coef_, classifier.intercept_
        if len(coef) == 1:  # two classes: scikit-learn keeps one row, the second class against the first
            coef, intercept = np.vstack([np.zeros_like(coef), coef]), np.append(0.0, intercept)
        if self.complement:
            coef = coef + self.complement * _complement_log_odds(matrix, labels, weights)
        self.coef_, self.intercept_ = coef.astype(np.float32), intercept.astype(float)

    def _fit_relevance(self, matrix: csr_matrix, political: np.ndarray, weights: np.ndarray) -> None:
        weights = _balanced(np.where(political, "political", OTHER), np.ones(len(weights)), self.relevance_balance)
        classifier = self._logistic_regression(self.relevance_c, len(political))
        classifier.fit(matrix, political, sample_weight=weights)
        self.n_iter_ = max(self.n_iter_, int(classifier.n_iter_.max()))
        coef = classifier.coef_[0]
        if self.relevance_complement:
            other, own = _complement_log_odds(self._terms(matrix), political, weights)
            coef[: len(own)] += self.relevance_complement * (own - other)
        self.relevance_coef_ = coef.astype(np.float32)
        self.relevance_intercept_ = float(classifier.intercept_[0])

    def _logistic_regression(self, c: float, n_rows: int) -> LogisticRegression:
        # L-BFGS spends its time on its own vectors, holds the interpreter lock, and may stop points too early.
        return LogisticRegression(
            C=c * min(1.0, PENALTY_ROWS / n_rows), solver="newton-cg", tol=self.tolerance, max_iter=self.max_iter
        )


def _complement_log_odds(matrix: csr_matrix, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(n_classes, n_terms) of complement naive Bayes (Rennie et al. 2003, "Tackling the Poor Assumptions of Naive Bayes").

    Both models are linear in the same terms, so their sum is one logistic regression. The penalty keeps the weights of
    rare terms near 0, which naive Bayes does not.
    """
    bayes = ComplementNB(alpha=SMOOTHING).fit(matrix, labels, sample_weight=weights)
    return bayes.feature_log_prob_ - bayes.feature_log_prob_.mean(axis=0)


def _balanced(labels: np.ndarray, weights: np.ndarray, power: float) -> np.ndarray:
    """Weights of rows, multiplied by the share of their label to the power of minus ``power``.

    Escalation and de-escalation then have equal weight, so a text without evidence leans neither way.
    """
    classes, which = np.unique(labels, return_inverse=True)
    total = np.bincount(which, weights)
    of_label = (total.sum() / (len(classes) * total)) ** power
    stances = np.array([stance_of(label) if label in LABELS else label for label in classes])
    poles = [stances == pole for pole in STANCES[:2]]
    mass = [(total * of_label)[pole].sum() for pole in poles]
    if all(mass):
        for pole, own in zip(poles, mass):
            of_label[pole] *= np.sqrt(mass[0] * mass[1]) / own
    return weights * of_label[which]
