"""The fitted model as plain arrays: all that scoring needs, and nothing that can run code."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.model.calibration import softmax
from pipeline.stance import EVENTS
from pipeline.text.vocabulary import Counted, Vocabulary

_FEW = 16  # up to so many texts NumPy is used, so that a short call need not import SciPy


@dataclass(frozen=True)
class Weights:
    """Vocabulary, inverse document frequencies and calibrated coefficients.

    Attributes
    ----------
    vocabulary : the known terms.
    idf : (n_terms,) float64.
    coef : (n_terms, n_events) float64, columns in the order of `EVENTS`.
    intercept : (n_events,) float64, -inf for event types never trained on.
    """

    vocabulary: Vocabulary
    idf: np.ndarray
    coef: np.ndarray
    intercept: np.ndarray

    def tfidf(self, counted: Counted) -> np.ndarray:
        """(n_terms_found,) sublinear TF-IDF values with rows of length 1, as scikit-learn's `TfidfTransformer`."""
        values, norm = self._weighed(counted)
        return values / np.repeat(norm, np.diff(counted.indptr))

    def logits(self, counted: Counted) -> np.ndarray:
        """(n_texts, n_events) calibrated log-odds."""
        values, norm = self._weighed(counted)
        n = len(counted.indptr) - 1
        if n > _FEW:
            from scipy.sparse import csr_array

            matrix = csr_array((values, counted.indices, counted.indptr), shape=(n, len(self.vocabulary)))
            return matrix @ self.coef / norm[:, None] + self.intercept
        out = np.zeros((n, len(EVENTS)))
        for row in range(n):
            here = slice(counted.indptr[row], counted.indptr[row + 1])
            if here.stop > here.start:  # cumsum adds in the order in which SciPy does, so the bits agree
                out[row] = np.cumsum(values[here, None] * self.coef[counted.indices[here]], axis=0)[-1]
        return out / norm[:, None] + self.intercept

    def _weighed(self, counted: Counted) -> tuple[np.ndarray, np.ndarray]:
        """(n_terms_found,) sublinear TF-IDF values, and the length of each row; 1 where a row is empty."""
        values = self.idf[counted.indices]
        often = np.flatnonzero(counted.counts > 1)
        values[often] *= 1.0 + _log_table(counted.counts[often])
        full = np.flatnonzero(np.diff(counted.indptr))
        norm = np.ones(len(counted.indptr) - 1)
        norm[full] = np.sqrt(np.add.reduceat(values * values, counted.indptr[full])) if len(full) else 1.0
        return values, norm

    def event_proba(self, counted: Counted) -> np.ndarray:
        """(n_texts, n_events), rows sum to 1."""
        return softmax(self.logits(counted))


def _log_table(counts: np.ndarray) -> np.ndarray:
    """Natural logarithms of small whole numbers, looked up."""
    table = np.log(np.arange(1, (counts.max() if len(counts) else 1) + 1))
    return table[counts - 1]


def from_pipeline(pipeline) -> Weights:
    """The arrays of a fitted, calibrated scikit-learn pipeline."""
    from pipeline.model.fit import column_of

    counts, tfidf, classifier = (step for _, step in pipeline.steps)
    coef = np.zeros((len(counts.vocabulary_), len(EVENTS)))
    intercept = np.full(len(EVENTS), -np.inf)
    columns = [column_of(label) for label in classifier.classes_]
    coef[:, columns] = classifier.coef_.T
    intercept[columns] = classifier.intercept_
    return Weights(counts.vocabulary_, tfidf.idf_.astype(float), coef, intercept)
