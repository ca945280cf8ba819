"""Articles: the stance of a whole is read from its distinct sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.model.store import Model
from pipeline.score.snippets import Scores, score
from pipeline.stance import MIXED, STANCES, UNCLEAR
from pipeline.text.sentences import Sentence, distinct_sentences

MIXED_SHARE = 1 / 3  # the weaker side's least share of the sentences that take one, for `mixed`


@dataclass(frozen=True)
class Article:
    """A scored article.

    Attributes
    ----------
    sentences : its distinct sentences, in order.
    scores : one row a sentence.
    stance : a stance, `mixed` or `unclear`; see `stance_of_counts`.
    tension : mean tension of the sentences that are not unclear, in [-1, 1]; 0 where there is none.
    counts : how many sentences rise, ease, say neither, or are unclear.
    """

    sentences: list[Sentence]
    scores: Scores
    stance: str
    tension: float
    counts: dict[str, int]

    def strongest(self, stance: str) -> int | None:
        """The row of the sentence that speaks most strongly for a stance, None where none does."""
        rows = np.flatnonzero(self.scores.stance == stance)
        if not len(rows):
            return None
        return int(rows[self.scores.proba[rows, STANCES.index(stance)].argmax()])


def score_articles(model: Model, texts: Sequence[str]) -> list[Article]:
    """Score articles, all their sentences in one batch."""
    split = [distinct_sentences(text) for text in texts]
    scores = score(model, [sentence.text for sentences in split for sentence in sentences])
    cuts = np.cumsum([0, *map(len, split)])
    return [_article(s, _rows(scores, slice(a, b))) for s, a, b in zip(split, cuts[:-1], cuts[1:])]


def stance_of_counts(rising: int, easing: int, neutral: int) -> str:
    """The stance of an article from the number of its sentences each way.

    Examples
    --------
    >>> stance_of_counts(5, 1, 3), stance_of_counts(2, 2, 0), stance_of_counts(0, 0, 4), stance_of_counts(0, 0, 0)
    ('escalation', 'mixed', 'neutral', 'unclear')
    """
    if rising + easing == 0:
        return "neutral" if neutral else UNCLEAR
    if min(rising, easing) >= MIXED_SHARE * (rising + easing):
        return MIXED
    return "escalation" if rising > easing else "de-escalation"


def _article(sentences: list[Sentence], scores: Scores) -> Article:
    counts = {stance: int((scores.stance == stance).sum()) for stance in (*STANCES, UNCLEAR)}
    clear = scores.stance != UNCLEAR
    tension = float(scores.tension[clear].mean()) if clear.any() else 0.0
    return Article(sentences, scores, stance_of_counts(*(counts[s] for s in STANCES)), tension, counts)


def _rows(scores: Scores, rows: slice) -> Scores:
    return Scores(*(getattr(scores, name)[rows] for name in Scores.__dataclass_fields__))
