"""Articles: the stance of a whole is read from its distinct sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.arrays.ragged import segment_ids
from pipeline.model.store import Model
from pipeline.read.sentences import distinct_sentences
from pipeline.score.snippets import Scores, score
from pipeline.stance import ANSWERS, MIXED, STANCES, UNCLEAR

MIXED_SHARE = 1 / 3  # the weaker side's least share of the sentences that take one, for `mixed`
STANCES_OF_ARTICLES = (*ANSWERS, MIXED)


@dataclass(frozen=True)
class Articles:
    """Scored articles.

    Attributes
    ----------
    bounds : (n + 1,) int64, the first sentence of each article, and the number of sentences.
    texts : the distinct sentences of all articles, in order.
    repeats : (n_sentences,) int64, how often each stands in its article.
    scores : one row a sentence.
    counts : (n, 4) int64, how many sentences of each rise, ease, say neither, or are unclear.
    tension : (n,) float64, mean tension of the sentences that are not unclear, in [-1, 1]; 0 where there is none.
    """

    bounds: np.ndarray
    texts: list[str]
    repeats: np.ndarray
    scores: Scores
    counts: np.ndarray
    tension: np.ndarray

    def __len__(self) -> int:
        return len(self.tension)

    def __getitem__(self, row: int) -> Articles:
        """One article, on its own."""
        here = slice(*self.bounds[row : row + 2])
        alone = self.bounds[row : row + 2] - self.bounds[row]
        one = slice(row, row + 1)
        return Articles(
            alone, self.texts[here], self.repeats[here], self.scores.take(here), self.counts[one], self.tension[one]
        )

    def __iter__(self) -> Iterator[Articles]:
        return (self[row] for row in range(len(self)))

    @property
    def stance_code(self) -> np.ndarray:
        """(n,) int64, index into `STANCES_OF_ARTICLES`; see `stances_of_counts`."""
        return stances_of_counts(self.counts)

    @property
    def stance(self) -> list[str]:
        """A stance, `mixed` or `unclear` for each."""
        return [STANCES_OF_ARTICLES[code] for code in self.stance_code]

    def strongest(self, stance: str) -> np.ndarray:
        """(n,) int64, the sentence that speaks most strongly for a stance in each article; -1 where none does."""
        rows = np.flatnonzero(self.scores.stance_code == STANCES.index(stance))
        article = segment_ids(self.bounds)[rows]
        order = np.lexsort((-self.scores.proba[rows, STANCES.index(stance)], article))
        first = order[np.flatnonzero(np.diff(article[order], prepend=-1))]
        out = np.full(len(self), -1)
        out[article[first]] = rows[first]
        return out


def score_articles(model: Model, texts: Sequence[str]) -> Articles:
    """Score articles, all their sentences in one batch."""
    split = [distinct_sentences(text) for text in texts]
    sentences = [sentence for article in split for sentence in article]
    bounds = np.cumsum([0, *map(len, split)])
    scores = score(model, [sentence.text for sentence in sentences])
    counts = np.bincount(segment_ids(bounds) * len(ANSWERS) + scores.stance_code, minlength=len(split) * len(ANSWERS))
    counts = counts.reshape(len(split), len(ANSWERS))
    clear = scores.stance_code != ANSWERS.index(UNCLEAR)
    total = np.bincount(segment_ids(bounds)[clear], weights=scores.tension[clear], minlength=len(split))
    tension = total / np.maximum(counts[:, : len(STANCES)].sum(axis=1), 1)
    repeats = np.array([sentence.repeats for sentence in sentences], np.int64)
    return Articles(bounds, [sentence.text for sentence in sentences], repeats, scores, counts, tension)


def stances_of_counts(counts: np.ndarray) -> np.ndarray:
    """The stances of articles from the number of their sentences each way.

    Parameters
    ----------
    counts : (n, 4) int, sentences that rise, ease, say neither, are unclear.

    Returns
    -------
    (n,) int64, index into `STANCES_OF_ARTICLES`.

    Examples
    --------
    >>> codes = stances_of_counts(np.array([[5, 1, 3, 0], [2, 2, 0, 1], [0, 0, 4, 0], [0, 0, 0, 9]]))
    >>> [STANCES_OF_ARTICLES[code] for code in codes]
    ['escalation', 'mixed', 'neutral', 'unclear']
    """
    rising, easing, neutral, _ = counts.T
    mixed = np.minimum(rising, easing) >= MIXED_SHARE * (rising + easing)
    without = np.where(neutral > 0, STANCES.index("neutral"), STANCES_OF_ARTICLES.index(UNCLEAR))
    stronger = np.where(rising > easing, STANCES.index("escalation"), STANCES.index("de-escalation"))
    return np.where(rising + easing == 0, without, np.where(mixed, STANCES_OF_ARTICLES.index(MIXED), stronger))
