"""The fitted model as plain arrays: all that scoring needs, and no code."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays.ragged import segment_sums
from pipeline.stance import LABELS
from pipeline.text.analysis import Sequence
from pipeline.text.vocabulary import Counted, Vocabulary
from pipeline.text.weight_rows import Cells, Repeats, WeightRows, cells_of, n_rows, other_terms, terms_of, weight_rows

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

FEW = 500  # up to this many texts a loop takes less time than importing SciPy


@dataclass(frozen=True)
class Weights:
    """Vocabulary, inverse document frequencies and calibrated coefficients.

    Attributes
    ----------
    vocabulary : the known terms.
    idf : (n_terms,) float64.
    coef : (n_terms, n_labels) float64, log-odds of every label but `OTHER` in the order of `LABELS`, then of being
        political.
    intercept : (n_labels,) float64, -inf for labels never trained on; the last is infinite if relevance was never
        trained.
    marks : (5,) float64, what each of `Sequence.marks` adds to the log-odds of being political.
    """

    vocabulary: Vocabulary
    idf: np.ndarray
    coef: np.ndarray
    intercept: np.ndarray
    marks: np.ndarray

    def tfidf(self, counted: Counted) -> np.ndarray:
        """(n_terms_found,) sublinear TF-IDF values with rows of length 1, as scikit-learn's `TfidfTransformer`."""
        values = self.idf[counted.indices] * (1.0 + np.log(counted.counts))
        length = np.sqrt(segment_sums(counted.indptr, values * values))
        return values / np.repeat(length, np.diff(counted.indptr))

    def logits(self, sequence: Sequence) -> np.ndarray:
        """(n_texts, n_labels) calibrated log-odds, those of events relative to the first event type's terms.

        The probabilities are the same, and the sum for the first event type is saved.
        """
        cells = cells_of(self.vocabulary, sequence, other_terms(self.vocabulary, sequence))
        return self.logits_and_lengths(sequence, cells)[0]

    def logits_and_lengths(self, sequence: Sequence, cells: Cells) -> tuple[np.ndarray, np.ndarray, Repeats]:
        """Like `logits`, with the (n_texts,) lengths of the TF-IDF rows before normalisation, and what is repeated.

        Parameters
        ----------
        cells : the texts' words and terms (`pipeline.text.weight_rows.cells_of`).
        """
        once, again, repeats = weight_rows(self.vocabulary, cells, len(sequence.bounds) - 1)
        sums = self._sums(once)
        # The last column of the table holds the square of a value, but not of its factor.
        more = self._sums(again)
        more[:, -1] = segment_sums(again.bounds, again.times**2 * self._squares(again.row))
        sums += more
        # Column by column from here on: operations on whole columns run at memory speed.
        *columns, squares = np.ascontiguousarray(sums.T)
        length = np.where(squares > 0, np.sqrt(squares), 1.0)
        columns = [np.zeros_like(length), *(column / length for column in columns)]
        out = np.array([column + start for column, start in zip(columns, self.intercept)]).T
        # Summed mark by mark: a matrix product uses another order for one row than for many.
        for mark, weight in zip(sequence.marks.T, self.marks):
            out[:, -1] += mark * weight
        return out, length, repeats

    def _sums(self, part: WeightRows) -> np.ndarray:
        """(n_texts, n_labels) sums of the rows of `_of_term`."""
        if len(part) > FEW:
            from scipy.sparse import csr_array

            return csr_array((part.times, part.row, part.bounds), shape=(len(part), len(self.table))) @ self.table
        out = np.zeros((len(part), len(LABELS)))
        values = part.times[:, None] * self._rows(part.row)
        for text, (begin, end) in enumerate(pairwise(part.bounds.tolist())):
            if end > begin:  # cumsum adds in the same order as SciPy, so the bits agree
                out[text] = np.cumsum(values[begin:end], axis=0)[-1]
        return out

    def _squares(self, row: np.ndarray) -> np.ndarray:
        """(n,) the squared inverse document frequency of rows of single terms."""
        return self._of_term[row - 4 * len(self.vocabulary.lexicon), -1]

    @cached_property
    def table(self) -> np.ndarray:
        """(n_rows, n_labels) float64: the weight table, its columns as those of `_of_term`."""
        return self._rows(np.arange(n_rows(self.vocabulary)))

    @cached_property
    def known_rows(self) -> np.ndarray:
        """(n_rows,) bool: the row of the weight table sums at least one term."""
        return self.table[:, -1] > 0

    def _rows(self, row: np.ndarray) -> np.ndarray:
        """(n, n_labels) float64: `_of_term` summed over the terms of each row (`pipeline.text.weight_rows`)."""
        out = np.zeros((len(row), len(LABELS)))
        for term in terms_of(self.vocabulary, row):
            there = np.flatnonzero(term >= 0)
            out[there] += self._of_term[term[there]]
        return out

    @cached_property
    def _of_term(self) -> np.ndarray:
        """(n_terms, n_labels): coefficients of all event types but the first, minus those of the first; of relevance;
        and inverse document frequencies in the last column. All multiplied by inverse document frequencies."""
        events = self.coef[:, 1:-1] - self.coef[:, :1]
        return np.column_stack([events, self.coef[:, -1], self.idf]) * self.idf[:, None]


def from_pipeline(pipeline: Pipeline) -> Weights:
    """The arrays of a fitted, calibrated scikit-learn pipeline."""
    from pipeline.model.fit import column_of
    from pipeline.model.vectorizer import MARK_SCALE

    counts, tfidf, classifier = (step for _, step in pipeline.steps)
    coef = np.zeros((len(counts.vocabulary_), len(LABELS)))
    intercept = np.full(len(LABELS), -np.inf)
    columns = [column_of(label) for label in classifier.political_]
    coef[:, columns], intercept[columns] = classifier.coef_.T, classifier.intercept_
    relevance, marks = np.split(classifier.relevance_coef_.astype(float), [len(coef)])
    coef[:, -1], intercept[-1] = relevance, classifier.relevance_intercept_
    return Weights(counts.vocabulary_, tfidf.idf_.astype(float), coef, intercept, marks * MARK_SCALE)
