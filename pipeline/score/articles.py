"""Article scores: the stance of an article from its distinct sentences.

Of every hundred sentences that report no act, a few are classified as if they did. An article therefore takes a side
only if significantly more of its sentences do than false alarms would explain. The test is a one-sided binomial test
(Clopper and Pearson 1934). Its false-alarm rate is 3 in 100 at the model's threshold and 1 in 100 at a probability of
at least .9, measured on articles about sport, business, technology and the arts (`experiments/LOG.md`). News reports
the main act first, so the first three sentences are also tested on their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays.arrow import as_strings
from pipeline.arrays.ragged import segment_ids
from pipeline.model.store import Model
from pipeline.read.cleaning import unbroken
from pipeline.read.sentences import distinct_sentences
from pipeline.score.snippets import Scores, score
from pipeline.stance import ANSWERS, MIXED, STANCES, UNCLEAR

if TYPE_CHECKING:
    from pipeline.arrays.arrow import Texts

MIXED_SHARE = 1 / 3  # least share of the weaker side among the sentences that take one, for `mixed`
FALSE_ALARMS = 0.03  # share of the sentences without an act that are classified as one
SURE, SURE_FALSE_ALARMS = 0.9, 0.01  # the same if the stance has at least this probability
LEAD = 3  # sentences
LEVEL = 0.05  # significance level of the test
_LEAST_WORDS = 4  # "They refused." is not worth showing
STANCES_OF_ARTICLES = (*ANSWERS, MIXED)


@dataclass(frozen=True)
class Articles:
    """Scored articles.

    Attributes
    ----------
    bounds : (n + 1,) int64, the first sentence of each article, and the number of sentences.
    texts : the distinct sentences of all articles, in order.
    repeats : (n_sentences,) int64, how often each occurs in its article.
    scores : one row per sentence.
    counts : (n, 4) int64, the number of escalation, de-escalation, neutral and unclear sentences.
    stance_code : (n,) int64, index into `STANCES_OF_ARTICLES`.
    political : (n,) float64 in [0, 1], expected share of the sentences that are political: their mean relevance.
    tension : (n,) float64, mean tension of the sentences that are not unclear, in [-1, 1]; 0 if there are none.
    """

    bounds: np.ndarray
    texts: list[str]
    repeats: np.ndarray
    scores: Scores
    counts: np.ndarray
    stance_code: np.ndarray
    political: np.ndarray
    tension: np.ndarray

    def __len__(self) -> int:
        return len(self.tension)

    def __getitem__(self, row: int) -> Articles:
        """A single article."""
        here, one = slice(*self.bounds[row : row + 2]), slice(row, row + 1)
        alone = self.bounds[row : row + 2] - self.bounds[row]
        wholes = (getattr(self, name)[one] for name in ("counts", "stance_code", "political", "tension"))
        return Articles(alone, self.texts[here], self.repeats[here], self.scores.take(here), *wholes)

    def __iter__(self) -> Iterator[Articles]:
        return (self[row] for row in range(len(self)))

    @property
    def stance(self) -> list[str]:
        """A stance, `mixed` or `unclear` for each."""
        return [STANCES_OF_ARTICLES[code] for code in self.stance_code]

    def strongest(self, stance: str) -> np.ndarray:
        """(n,) int64, the sentence most strongly indicating a stance in each article; -1 if none does.

        One of fewer than four words is chosen only if there is no other.
        """
        rows = np.flatnonzero(self.scores.stance_code == STANCES.index(stance))
        article = segment_ids(self.bounds)[rows]
        short = np.array([self.texts[row].count(" ") < _LEAST_WORDS - 1 for row in rows.tolist()], bool)
        order = np.lexsort((-self.scores.proba[rows, STANCES.index(stance)], short, article))
        first = order[np.flatnonzero(np.diff(article[order], prepend=-1))]
        out = np.full(len(self), -1)
        out[article[first]] = rows[first]
        return out


def score_articles(model: Model, texts: Texts) -> Articles:
    """Score articles, with all their sentences in one batch; an article of page furniture only is neutral."""
    plain = as_strings(texts).to_pylist()
    split = [distinct_sentences(text) for text in plain]
    sentences = [sentence for article in split for sentence in article]
    bounds = np.cumsum([0, *map(len, split)])
    written = [sentence.text for sentence in sentences]
    scores = score(model, written)
    article, n = segment_ids(bounds), len(split)
    counts = np.bincount(article * len(ANSWERS) + scores.stance_code, minlength=n * len(ANSWERS))
    counts = counts.reshape(n, len(ANSWERS))
    clear = scores.stance_code != ANSWERS.index(UNCLEAR)
    total = np.bincount(article[clear], weights=scores.tension[clear], minlength=n)
    tension = total / np.maximum(counts[:, : len(STANCES)].sum(axis=1), 1)
    political = np.bincount(article, weights=scores.relevance, minlength=n) / np.maximum(np.diff(bounds), 1)
    repeats = np.array([sentence.repeats for sentence in sentences], np.int64)
    codes = stances(bounds, scores, counts)
    bare = [row for row in np.flatnonzero(np.diff(bounds) == 0).tolist() if unbroken(plain[row]).strip()]
    codes[bare] = STANCES_OF_ARTICLES.index("neutral")
    return Articles(bounds, written, repeats, scores, counts, codes, political, tension)


def stances(bounds: np.ndarray, scores: Scores, counts: np.ndarray) -> np.ndarray:
    """(n,) int64, index into `STANCES_OF_ARTICLES`, by the test above."""
    article = segment_ids(bounds)
    size = np.diff(bounds)
    lead = np.arange(len(article)) - bounds[article] < LEAD
    taken = []
    for side in range(2):
        acts = scores.stance_code == side
        sure = acts & (scores.proba[:, side] >= SURE)
        tests = (
            (acts, size, FALSE_ALARMS),
            (sure, size, SURE_FALSE_ALARMS),
            (sure & lead, np.minimum(size, LEAD), SURE_FALSE_ALARMS),
        )
        found = [np.bincount(article[rows], minlength=len(size)) >= least_acts(n, rate) for rows, n, rate in tests]
        taken.append(np.any(found, axis=0))
    rising, easing = taken
    return stances_of_sides(rising, easing, counts)


def least_acts(n: np.ndarray, rate: float) -> np.ndarray:
    """(k,) int64: the least number of sentences out of n that occurs by chance less than once in twenty times.

    Parameters
    ----------
    n : (k,) int, numbers of sentences.
    rate : share of the sentences without an act that are classified as one.

    Examples
    --------
    >>> least_acts(np.array([1, 2, 12, 30]), 0.03).tolist()
    [1, 2, 2, 4]
    """
    distinct, which = np.unique(n, return_inverse=True)
    return np.array([_least_acts(int(size), rate) for size in distinct], np.int64)[which]


@cache
def _least_acts(n: int, rate: float) -> int:
    chance = (1 - rate) ** n  # of no sentence
    at_least, k = 1.0, 0
    while at_least >= LEVEL:
        at_least -= chance
        k += 1
        chance *= (n - k + 1) / k * rate / (1 - rate)
    return k


def stances_of_sides(rising: np.ndarray, easing: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The stances of articles from the sides they take.

    Parameters
    ----------
    rising, easing : (n,) bool, significantly many sentences are escalation, or de-escalation.
    counts : (n, 4) int, the number of escalation, de-escalation, neutral and unclear sentences.

    Returns
    -------
    (n,) int64, index into `STANCES_OF_ARTICLES`; `unclear` if all sentences are.

    Examples
    --------
    >>> counts = np.array([[5, 1, 3, 0], [2, 2, 0, 1], [1, 0, 20, 0], [0, 0, 0, 9]])
    >>> codes = stances_of_sides(np.array([True, True, False, False]), np.array([False, True, False, False]), counts)
    >>> [STANCES_OF_ARTICLES[code] for code in codes]
    ['escalation', 'mixed', 'neutral', 'unclear']
    """
    up, down, neutral, _ = counts.T
    mixed = rising & easing & (np.minimum(up, down) >= MIXED_SHARE * (up + down))
    stronger = np.where(rising & (~easing | (up > down)), STANCES.index("escalation"), STANCES.index("de-escalation"))
    read = up + down + neutral > 0
    without = np.where(read, STANCES.index("neutral"), STANCES_OF_ARTICLES.index(UNCLEAR))
    return np.where(mixed, STANCES_OF_ARTICLES.index(MIXED), np.where(rising | easing, stronger, without))
