"""Explain a text: the words that move each sentence's score, and which sentences were left out and why."""

from __future__ import annotations

import re

import numpy as np

from pipeline.arrays.arrow import as_strings
from pipeline.explain.explanation import Explanation, Piece, Sentence
from pipeline.model.store import Model
from pipeline.read.cleaning import clean_text
from pipeline.read.sentences import distinct_sentences
from pipeline.score.articles import STANCES_OF_ARTICLES, score_articles
from pipeline.score.evidence import explain_relevance, score_and_explain
from pipeline.stance import UNCLEAR

RELEVANT = 0.5  # relevance below which a sentence counts as other news
NO_POLITICS = "no politics"
_AGAINST = 3  # words that are named as speaking against politics
_WORD = re.compile(r"\w+|\W+")


def explain_text(model: Model, text: str | None) -> Explanation:
    """Explain a sentence or an article; a missing text is treated as an empty text.

    Examples
    --------
    >>> from pipeline.model.store import load
    >>> found = explain_text(load("models/detente"), "Rebels released 26 hostages.")
    >>> sentence = found.sentences[0]
    >>> sentence.stance
    'de-escalation'
    >>> bool(abs(sentence.base + sum(piece.weight for piece in sentence.pieces) - sentence.log_odds) < 1e-6)
    True
    """
    plain = as_strings([text])
    found = distinct_sentences(plain[0].as_py())
    texts = [clean_text(sentence.text) for sentence in found]
    scores, evidence = score_and_explain(model, texts)
    relevance_evidence, sentences = explain_relevance(model, texts), []
    for row, (written, one) in enumerate(zip(texts, found)):
        here = slice(evidence.bounds[row], evidence.bounds[row + 1])
        start, end = evidence.spans[here].T
        pieces = _pieces(written, start, end, evidence.weight[here])
        relevance = float(scores.relevance[row])
        stance = str(scores.stance[row])
        left_out = scores.reason[row] if stance == UNCLEAR else NO_POLITICS if relevance < RELEVANT else ""
        against = [(words, weight) for words, weight in relevance_evidence.of(row) if weight < 0][:_AGAINST]
        answer = (stance, str(scores.event[row]), float(scores.tension[row]), relevance, float(scores.proba[row].max()))
        whole_score = evidence.base, float(evidence.log_odds[row])
        said = tuple(against) if left_out == NO_POLITICS else ()
        sentences.append(Sentence(pieces, *answer, left_out, one.repeats, *whole_score, said))
    whole = score_articles(model, plain)
    stance = STANCES_OF_ARTICLES[int(whole.stance_code[0])]
    return Explanation(stance, float(whole.tension[0]), float(whole.political[0]), sentences)


def _pieces(text: str, start: np.ndarray, end: np.ndarray, weight: np.ndarray) -> list[Piece]:
    """The words of a text with the contributions of their terms.

    The contribution of a two-word term is split between its first and last word.
    """
    bounds = np.array([match.start() for match in _WORD.finditer(text)] + [len(text)])
    total = np.zeros(len(bounds) - 1)
    first = np.searchsorted(bounds, start, side="right") - 1
    last = np.searchsorted(bounds, end, side="left") - 1
    np.add.at(total, first, np.where(first == last, weight, weight / 2))
    np.add.at(total, last, np.where(first == last, 0.0, weight / 2))
    return [Piece(text[a:b], float(w)) for a, b, w in zip(bounds[:-1], bounds[1:], total)]
