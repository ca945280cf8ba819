"""Article scores: the stance of an article from its distinct sentences.

A few in every hundred sentences that report no act look as if they did, and many acts are reported by sentences none of
which is sure enough. So the distribution of the number of acts over all sentences decides. With calibrated probabilities
the number of acts of one side is Poisson-binomial (Poisson 1837; Hong 2013, "On computing the distribution function for
the Poisson binomial distribution"): a sentence counts with its probability of that stance, P(political) times
P(stance | political). An article takes a side if the probability that more than one in six of its sentences are such acts
reaches the model's threshold for a single sentence. The share was chosen on articles with and without conflict
(`experiments/LOG.md`, section 19); giving the first sentences more weight does not help.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays.arrow import as_strings
from pipeline.arrays.ragged import segment_ids
from pipeline.model.store import Model
from pipeline.read.repair import unbroken
from pipeline.read.sentences import distinct_sentences
from pipeline.score.snippets import REASONS, Scores, score
from pipeline.stance import ANSWERS, MIXED, STANCES, UNCLEAR

if TYPE_CHECKING:
    from pipeline.arrays.arrow import Texts

MIXED_SHARE = 1 / 3  # least share of the weaker side in the expected number of acts, for `mixed`
ONE_IN = 6  # sentences; more than one in as many must be an act
_READ = (REASONS.index(""), REASONS.index("not sure enough"))  # other sentences have no say: foreign, too short
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
    codes = stances(bounds, scores, model.threshold)
    bare = [row for row in np.flatnonzero(np.diff(bounds) == 0).tolist() if unbroken(plain[row]).strip()]
    codes[bare] = STANCES_OF_ARTICLES.index("neutral")
    return Articles(bounds, written, repeats, scores, counts, codes, political, tension)


def stances(bounds: np.ndarray, scores: Scores, threshold: float) -> np.ndarray:
    """(n,) int64, index into `STANCES_OF_ARTICLES`, by the rule above.

    Parameters
    ----------
    bounds : (n + 1,) int64, the first sentence of each article, and the number of sentences.
    threshold : least probability of an answer, in [0, 1].
    """
    article, n = segment_ids(bounds), len(bounds) - 1
    read = np.isin(scores.reason_code, _READ)
    least = np.bincount(article[read], minlength=n) // ONE_IN + 1
    proba = scores.proba[:, :2] * read[:, None]
    taken = [np.bincount(article[scores.stance_code == side], minlength=n) > 0 for side in range(2)]
    rising, easing = (taken[side] & (at_least(bounds, proba[:, side], least) >= threshold) for side in range(2))
    up, down = (np.bincount(article, weights=proba[:, side], minlength=n) for side in range(2))
    mixed = rising & easing & (np.minimum(up, down) >= MIXED_SHARE * (up + down))
    stronger = np.where(rising & (~easing | (up > down)), STANCES.index("escalation"), STANCES.index("de-escalation"))
    clear = np.bincount(article[scores.stance_code != ANSWERS.index(UNCLEAR)], minlength=n) > 0
    without = np.where(clear, STANCES.index("neutral"), STANCES_OF_ARTICLES.index(UNCLEAR))
    return np.where(mixed, STANCES_OF_ARTICLES.index(MIXED), np.where(rising | easing, stronger, without))


def at_least(bounds: np.ndarray, proba: np.ndarray, least: np.ndarray) -> np.ndarray:
    """(n,) float64 in [0, 1]: P(at least so many of an article's sentences are acts), if they are independent.

    Parameters
    ----------
    bounds : (n + 1,) int64, the first sentence of each article, and the number of sentences.
    proba : (n_sentences,) the probability of each that it is an act.
    least : (n,) int64, at least 1.

    Examples
    --------
    >>> at_least(np.array([0, 2, 2]), np.array([0.5, 0.5]), np.array([1, 1])).tolist()
    [0.75, 0.0]
    """
    out, size = np.zeros(len(least)), np.diff(bounds)
    for wanted in np.unique(least).tolist():
        rows = np.flatnonzero(least == wanted)
        fewer = np.zeros((len(rows), wanted))  # probabilities of 0, 1, ..., wanted - 1 acts so far
        fewer[:, 0] = 1.0
        for k in range(size[rows].max()):
            here = size[rows] > k
            act = proba[bounds[rows[here]] + k][:, None]
            before = fewer[here]
            after = before * (1 - act)
            after[:, 1:] += before[:, :-1] * act
            fewer[here] = after
        out[rows] = 1.0 - fewer.sum(axis=1)
    return out
