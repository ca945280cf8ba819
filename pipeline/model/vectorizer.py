"""scikit-learn transformers: term counts and TF-IDF, with extra columns for political actors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.utils.validation import check_is_fitted

from pipeline.actors.gazetteer import actor_words
from pipeline.arrays.arrow import as_strings
from pipeline.text.terms import DEFAULT, Family
from pipeline.text.vocabulary import Features, learn

if TYPE_CHECKING:
    from sklearn.utils import Tags

    from pipeline.arrays.arrow import Texts


MARKS = ("state", "two", "group", "related", "apolitical")
MARK_SCALE = 0.3  # of a mark relative to TF-IDF values, so that the penalty hardly shrinks its weight
_TOGETHER = 10_000  # texts counted together: an analysis takes many times the memory of its result


class TermVectorizer(TransformerMixin, BaseEstimator):
    """Convert texts to a sparse matrix of term counts, (n_texts, n_terms + 5) float64, ending in `Sequence.marks`.

    The parameters are those of `pipeline.text.vocabulary.Features`.
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
    ) -> None:
        self.masks = masks
        self.stems = stems
        self.families = families
        self.lead = lead
        self.clauses = clauses
        self.actors = actors
        self.min_df = min_df

    def fit(self, texts: Texts, labels: object = None) -> Self:
        """Learn the vocabulary."""
        features = Features(
            self.masks, self.stems, tuple(self.families), self.lead, self.clauses, self.actors, self.min_df
        )
        self.vocabulary_ = learn(as_strings(texts), features, actor_words())
        return self

    def transform(self, texts: Texts) -> csr_matrix:
        """Count the known terms of each text."""
        check_is_fitted(self)
        column = as_strings(texts)
        parts = [column.slice(start, _TOGETHER) for start in range(0, max(len(column), 1), _TOGETHER)]
        return vstack([self._counted(part) for part in parts], "csr")

    def _counted(self, texts: Texts) -> csr_matrix:
        counted, marks = self.vocabulary_.count(texts)
        shape = (len(counted.indptr) - 1, len(self.vocabulary_))
        terms = csr_matrix((counted.counts.astype(float), counted.indices, counted.indptr), shape=shape)
        return hstack([terms, csr_matrix(marks)], "csr")

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """(n_terms + 5,) names of the terms, then of the marks."""
        check_is_fitted(self)
        return np.append(self.vocabulary_.names(), [f"actors:{mark}" for mark in MARKS])

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "vocabulary_") and np.ndim(self.vocabulary_.keys) == 1


class MarkedTfidf(TfidfTransformer):
    """Sublinear TF-IDF of the terms, rows of length 1; the marks after them are scaled and excluded from the length."""

    def __init__(self) -> None:
        super().__init__(sublinear_tf=True)

    def fit(self, X: csr_matrix, y: object = None) -> Self:
        """Learn the document frequencies of the terms, to the precision of a model folder."""
        exact: np.ndarray = super().fit(X[:, : -len(MARKS)], y).idf_
        self.idf_ = exact.astype(np.float32).astype(float)
        return self

    def transform(self, X: csr_matrix, copy: bool = True) -> csr_matrix:
        """(n_texts, n_terms + 5) sparse matrix."""
        terms = super().transform(X[:, : -len(MARKS)], copy=copy)
        return hstack([terms, X[:, -len(MARKS) :] * MARK_SCALE], "csr")
