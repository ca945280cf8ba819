"""The whole classifier as one scikit-learn estimator: texts in, labels out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import Pipeline
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_consistent_length, check_is_fitted, column_or_1d

from pipeline.errors import InputError
from pipeline.model.classifier import EventClassifier
from pipeline.model.vectorizer import MARKS, MarkedTfidf, TermVectorizer
from pipeline.stance import OTHER
from pipeline.text.terms import DEFAULT, Family

if TYPE_CHECKING:
    from sklearn.utils import Tags

    from pipeline.arrays.arrow import Texts


_TEXT = ("masks", "stems", "families", "lead", "clauses", "actors", "min_df")
_TRAINING = (
    "c",
    "balance",
    "complement",
    "relevance_c",
    "relevance_balance",
    "relevance_complement",
    "tolerance",
    "max_iter",
)


class Classifier(ClassifierMixin, BaseEstimator):
    """Term counts, TF-IDF and the two steps of `EventClassifier`, for ``cross_val_score``, ``GridSearchCV`` and others.

    Labels may be event types, stances, or any others; only `OTHER` is special: text that is not political. What
    `detente train` adds, calibration and a threshold, is in ``pipeline.joblib`` of a model folder, which holds this class.

    Parameters
    ----------
    masks, stems, families, lead, clauses, actors, min_df : see `pipeline.text.vocabulary.Features`.
    c, balance, complement, relevance_c, relevance_balance, relevance_complement, tolerance, max_iter : see
        `pipeline.model.settings.Training`.

    Attributes
    ----------
    classes_ : (n_classes,) the labels seen, sorted.
    n_iter_ : solver iterations of the step that took more.
    pipeline_ : the fitted steps, counts → TF-IDF → `EventClassifier`.

    Examples
    --------
    >>> texts = ["Rebels halted fire.", "Rebels opened fire."] * 10
    >>> Classifier().fit(texts, ["de-escalation", "escalation"] * 10).predict(["They halted fire."]).tolist()
    ['de-escalation']
    """

    def __init__(
        self,
        masks: bool = True,
        stems: bool = True,
        families: Sequence[Family] = DEFAULT,
        lead: int = 12,
        clauses: bool = True,
        actors: bool = True,
        min_df: int = 2,
        c: float = 18.0,
        balance: float = 0.5,
        complement: float = 1.8,
        relevance_c: float = 3.0,
        relevance_balance: float = 0.5,
        relevance_complement: float = 0.5,
        tolerance: float = 2e-4,
        max_iter: int = 500,
    ) -> None:
        self.masks = masks
        self.stems = stems
        self.families = families
        self.lead = lead
        self.clauses = clauses
        self.actors = actors
        self.min_df = min_df
        self.c = c
        self.balance = balance
        self.complement = complement
        self.relevance_c = relevance_c
        self.relevance_balance = relevance_balance
        self.relevance_complement = relevance_complement
        self.tolerance = tolerance
        self.max_iter = max_iter

    @classmethod
    def of(cls, pipeline: Pipeline) -> Classifier:
        """Wrap a fitted pipeline of the three steps, without a copy."""
        counts, _, events = (step for _, step in pipeline.steps)
        made = cls(
            **{name: getattr(counts, name) for name in _TEXT}, **{name: getattr(events, name) for name in _TRAINING}
        )
        made.classes_, made.n_iter_, made.pipeline_ = events.classes_.astype(str), events.n_iter_, pipeline
        return made

    def fit(self, X: Texts, y: Sequence[str] | np.ndarray, sample_weight: np.ndarray | None = None) -> Self:
        """Fit vocabulary, term weights and both steps to n texts and their labels.

        Raises
        ------
        InputError
            If ``X`` holds anything but texts, or ``y`` only one label.
        """
        texts, labels = texts_of(X), column_or_1d(y, warn=True)
        check_consistent_length(texts, labels)
        check_classification_targets(labels)
        weights = _check_sample_weight(sample_weight, texts, dtype=np.float64, ensure_non_negative=True)
        counted = weights > 0
        if not counted.any():
            raise InputError("every sample weight is zero; expected at least two classes with positive weights")
        texts, labels, weights = texts[counted], labels[counted], weights[counted]
        classes = np.unique(labels)
        if len(classes) < 2:
            raise InputError(f"expected texts of at least two classes, got 1 class, {classes[0]}; add the others")
        if len(classes) == 2 and OTHER in classes.astype(str):
            raise InputError(f"expected texts of at least two classes besides {OTHER}, got 1 class; add the others")
        # Single precision, the precision of the stored weights, takes a third of the time.
        counts, tfidf = self._counts(), MarkedTfidf()
        matrix = tfidf.fit_transform(counts.fit_transform(texts)).astype(np.float32)
        events = self._events().fit(matrix, labels.astype(str), weights)
        self.n_iter_ = events.n_iter_
        self.classes_, self.pipeline_ = (
            classes,
            Pipeline([("counts", counts), ("tfidf", tfidf), ("classifier", events)]),
        )
        return self

    def predict_proba(self, X: Texts) -> np.ndarray:
        """(n, n_classes) probabilities in the order of ``classes_``; rows sum to 1."""
        check_is_fitted(self)
        columns = {label: k for k, label in enumerate(self.pipeline_[-1].classes_)}
        return self.pipeline_.predict_proba(texts_of(X))[:, [columns[str(label)] for label in self.classes_]]

    def decision_function(self, X: Texts) -> np.ndarray:
        """(n, n_classes) logarithms of the probabilities, or (n,) log-odds of the second class if there are two."""
        proba = np.log(np.maximum(self.predict_proba(X), np.finfo(float).tiny))
        return proba[:, 1] - proba[:, 0] if len(self.classes_) == 2 else proba

    def predict(self, X: Texts) -> np.ndarray:
        """(n,) the likeliest label of each text."""
        check_is_fitted(self)
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def _counts(self) -> TermVectorizer:
        return TermVectorizer(**{name: getattr(self, name) for name in _TEXT})

    def _events(self) -> EventClassifier:
        return EventClassifier(marks=len(MARKS), **{name: getattr(self, name) for name in _TRAINING})

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        return tags


def texts_of(given: Texts) -> np.ndarray:
    """(n,) object array of texts from a list, Series or array of one dimension, or of one column.

    Raises
    ------
    InputError
        If it is empty, holds values that are not strings, or has several columns.
    """
    if isinstance(given, str):
        raise InputError("expected a list of texts, got one string; write [text]")
    texts = np.asarray(given, object)
    texts = texts[:, 0] if texts.ndim == 2 and texts.shape[1] == 1 else texts
    if texts.ndim != 1:
        raise InputError(f"expected texts in one dimension, got an array of shape {texts.shape}; pass the text column")
    if not len(texts):
        raise InputError("expected at least one text, got none")
    wrong = next((row for row, text in enumerate(texts) if not isinstance(text, str)), None)
    if wrong is not None:
        raise InputError(f"row {wrong + 1}: expected a text, got {texts[wrong]!r}; leave it out or make it a string")
    return texts
