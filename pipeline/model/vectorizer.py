"""The text analysis as a scikit-learn transformer, the first step of the pipeline."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix, vstack
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from pipeline.arrays.arrow import as_strings
from pipeline.text.terms import DEFAULT
from pipeline.text.vocabulary import Features, learn

_TOGETHER = 10_000  # texts counted together: what an analysis takes is many times what it gives


class TermVectorizer(TransformerMixin, BaseEstimator):
    """Texts to a sparse matrix of term counts, (n_texts, n_terms) float64.

    The parameters are those of `pipeline.text.vocabulary.Features`.
    """

    def __init__(self, masks=True, stems=True, families=DEFAULT, lead=12, clauses=True, min_df=2):
        self.masks = masks
        self.stems = stems
        self.families = families
        self.lead = lead
        self.clauses = clauses
        self.min_df = min_df

    def fit(self, texts, labels=None):
        """Learn the vocabulary."""
        features = Features(self.masks, self.stems, tuple(self.families), self.lead, self.clauses, self.min_df)
        self.vocabulary_ = learn(as_strings(texts), features)
        return self

    def transform(self, texts):
        """Count the known terms of each text."""
        check_is_fitted(self)
        column = as_strings(texts)
        parts = [column.slice(start, _TOGETHER) for start in range(0, max(len(column), 1), _TOGETHER)]
        return vstack([self._counted(part) for part in parts], "csr")

    def _counted(self, texts) -> csr_matrix:
        counted = self.vocabulary_.count(texts)
        shape = (len(counted.indptr) - 1, len(self.vocabulary_))
        return csr_matrix((counted.counts.astype(float), counted.indices, counted.indptr), shape=shape)

    def get_feature_names_out(self, input_features=None):
        """(n_terms,) names of the terms."""
        check_is_fitted(self)
        return self.vocabulary_.names()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    def __sklearn_is_fitted__(self):
        return hasattr(self, "vocabulary_") and np.ndim(self.vocabulary_.keys) == 1
