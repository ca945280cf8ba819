"""Explain a text: the words that move each sentence's score, which sentences were left out and why; also as HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays.arrow import as_strings
from pipeline.atomic import write_whole
from pipeline.model.store import Model
from pipeline.read.cleaning import clean_text
from pipeline.read.sentences import distinct_sentences
from pipeline.score.articles import STANCES_OF_ARTICLES, score_articles
from pipeline.score.evidence import explain_relevance, score_and_explain
from pipeline.stance import UNCLEAR

if TYPE_CHECKING:
    import pandas as pd
    from jinja2 import Environment

STRONG, SOME = 1.0, 0.3  # contributions from which a word is marked strongly, or at all
RELEVANT = 0.5  # relevance below which a sentence counts as other news
NO_POLITICS = "no politics"
_AGAINST = 3  # words that are named as speaking against politics
_WORD = re.compile(r"\w+|\W+")


@dataclass(frozen=True)
class Piece:
    """A word, or the text between two: its text and its signed contribution to the log-odds, 0 if it has none."""

    text: str
    weight: float


@dataclass(frozen=True)
class Sentence:
    """A sentence and its score.

    Attributes
    ----------
    pieces : the words and the text between them; their weights and ``base`` sum to ``log_odds``.
    stance, event, tension, relevance, probability : as in a scored row; the probability is that of the likeliest stance.
    left_out : why it does not count, such as ``no politics`` or the reason of `unclear`; empty if it counts.
    repeats : how often it occurs in the text.
    base, log_odds : ln(P(escalation) / P(de-escalation)) of a text without known words, and of this one.
    against : where ``left_out`` is ``no politics``, the words that say so, with their contributions to the log-odds of
        relevance, the strongest first.
    """

    pieces: list[Piece]
    stance: str
    event: str
    tension: float
    relevance: float
    probability: float
    left_out: str
    repeats: int
    base: float
    log_odds: float
    against: tuple[tuple[str, float], ...] = ()

    @property
    def text(self) -> str:
        """The text of the sentence as it was read, after cleaning (`pipeline.read.cleaning`)."""
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True)
class Explanation:
    """A whole text: its stance and tension as an article, and its distinct sentences in order."""

    stance: str
    tension: float
    political: float
    sentences: list[Sentence]

    def frame(self) -> pd.DataFrame:
        """A pandas DataFrame with one row per sentence: its score and, if it was left out, why."""
        import pandas as pd

        names = ("stance", "event", "tension", "relevance", "probability", "left_out", "repeats", "log_odds")
        rows = [[one.text, *(getattr(one, name) for name in names)] for one in self.sentences]
        return pd.DataFrame(rows, columns=["text", *names])

    def _repr_html_(self) -> str:
        """HTML for notebooks."""
        return fragment(self)


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


def mark_of(weight: float) -> str:
    """The mark of a word: ``up2``, ``up1``, ``down1``, ``down2`` or the empty string.

    Examples
    --------
    >>> mark_of(1.2), mark_of(-0.4), mark_of(0.1)
    ('up2', 'down1', '')
    """
    if abs(weight) < SOME:
        return ""
    return ("up" if weight > 0 else "down") + ("2" if abs(weight) >= STRONG else "1")


def fragment(explanation: Explanation) -> str:
    """An explanation as an HTML fragment with its style."""
    return _environment().get_template("fragment.html.j2").render(e=explanation)


def write_page(explanation: Explanation, path: str | Path, title: str) -> Path:
    """Write the page of an explanation atomically and return its path."""
    path = Path(path)
    html = _environment().get_template("page.html.j2").render(e=explanation, title=title)
    write_whole(path, html)
    return path


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("pipeline.explain", "."), autoescape=True)
    environment.filters["mark"] = mark_of
    return environment
