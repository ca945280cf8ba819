"""Explain a text: the words that move each sentence's score, which sentences were left out and why; also as HTML.

A text is split and cleaned before it is scored. An explanation says where each sentence and word stands in the text as
given, and shows them there. Places are offsets in characters (Unicode code points, as Python counts them; neither bytes
nor UTF-16 units) from 0, and the end is exclusive: ``text[start:end]``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.arrays.arrow import as_strings
from pipeline.atomic import write_whole
from pipeline.model.store import Model
from pipeline.read.alignment import align, stretches
from pipeline.read.cleaning import clean_text
from pipeline.read.sentences import distinct, split_sentences
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
_WORD = re.compile(r"\w+|\s+|[^\w\s]+")
_A_WORD = re.compile(r"\w")
_ANSWER = ("stance", "event", "tension", "relevance", "probability", "left_out", "repeats", "log_odds", "base")
_COLUMNS = ("text", *_ANSWER, "start", "end", "evidence")


@dataclass(frozen=True)
class Piece:
    """A word of a cleaned sentence, or marks or spaces between two.

    Attributes
    ----------
    text : as read, after cleaning; `Explanation.shown` has it as given.
    weight : its signed contribution to the log-odds, 0 if it has none.
    start, end : its place in the text as given. A word that was broken there ("cease-\\nfire") has the whole stretch.
    """

    text: str
    weight: float
    start: int
    end: int


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
    start, end : its place in the text as given, with what cleaning strips from its edges, such as a dateline; if it
        repeats, that of its first occurrence.
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
    start: int
    end: int
    against: tuple[tuple[str, float], ...] = ()

    @property
    def text(self) -> str:
        """The text of the sentence as it was read, after cleaning (`pipeline.read.cleaning`)."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def evidence(self) -> list[dict[str, str | float]]:
        """The words that contribute, in order: ``words`` (one, as read), ``weight``, and their place ``start``, ``end``."""
        found = (piece for piece in self.pieces if piece.weight)
        return [{"words": one.text, "weight": one.weight, "start": one.start, "end": one.end} for one in found]


@dataclass(frozen=True)
class Explanation:
    """A whole text: its stance and tension as an article, and its distinct sentences in order.

    Attributes
    ----------
    text : the text as given, a lone surrogate as "?". Of a file, it is what was read from it: of a web page the main
        text, of an e-mail the subject and body, of several rows or lines all texts with a blank line between them.
    """

    stance: str
    tension: float
    political: float
    sentences: list[Sentence]
    text: str

    def rows(self) -> list[dict[str, Any]]:
        """One row per sentence: its text as read, its score, why it was left out, its place and its evidence."""
        return [{name: getattr(one, name) for name in _COLUMNS} for one in self.sentences]

    def frame(self) -> pd.DataFrame:
        """`rows` as a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.rows(), columns=_COLUMNS)

    def passages(self) -> Iterator[str | Sentence]:
        """Yield the sentences and, as given, what stands between them, if it has words: page furniture and repeats."""
        done = 0
        for sentence in self.sentences:
            yield from filter(_A_WORD.search, [self.text[done : sentence.start]])
            yield sentence
            done = sentence.end
        yield from filter(_A_WORD.search, [self.text[done:]])

    def shown(self, sentence: Sentence) -> Iterator[tuple[str, float | None]]:
        """Yield the parts of a sentence as given, with their contributions; None for what was stripped from the edges."""
        done = sentence.start
        for piece in sentence.pieces:
            if done < piece.start:
                yield self.text[done : piece.start], None if done == sentence.start else 0.0
            if max(done, piece.start) < piece.end:
                yield self.text[max(done, piece.start) : piece.end], piece.weight
            done = max(done, piece.end)
        if done < sentence.end:
            yield self.text[done : sentence.end], None

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
    given = plain[0].as_py()
    split = split_sentences(given)
    found, places = distinct(split), align(given, split)
    texts = [sentence.text for sentence in found]
    scores, evidence = score_and_explain(model, texts)
    relevance_evidence, sentences = explain_relevance(model, texts), []
    for row, one in enumerate(found):
        here = slice(evidence.bounds[row], evidence.bounds[row + 1])
        place = int(places[one.first][0, 0]), int(places[one.first][-1, 1])
        pieces = _pieces(given, place, clean_text(one.text), evidence.spans[here], evidence.weight[here])
        relevance = float(scores.relevance[row])
        stance = str(scores.stance[row])
        left_out = scores.reason[row] if stance == UNCLEAR else NO_POLITICS if relevance < RELEVANT else ""
        against = [(words, weight) for words, weight in relevance_evidence.of(row) if weight < 0][:_AGAINST]
        answer = (stance, str(scores.event[row]), float(scores.tension[row]), relevance, float(scores.proba[row].max()))
        whole_score = evidence.base, float(evidence.log_odds[row])
        said = tuple(against) if left_out == NO_POLITICS else ()
        sentences.append(Sentence(pieces, *answer, left_out, one.repeats, *whole_score, *place, said))
    whole = score_articles(model, plain)
    stance = STANCES_OF_ARTICLES[int(whole.stance_code[0])]
    return Explanation(stance, float(whole.tension[0]), float(whole.political[0]), sentences, given)


def _pieces(given: str, place: tuple[int, int], text: str, spans: np.ndarray, weight: np.ndarray) -> list[Piece]:
    """The words of a cleaned sentence with the contributions of their terms, and their places in the text as given.

    The contribution of a two-word term is split between its first and last word.

    Parameters
    ----------
    place : start and end of the sentence in ``given``.
    spans : (n_terms, 2) first and last character of each term in ``text``.
    weight : (n_terms,) their contributions.
    """
    start, end = spans.T
    bounds = np.array([match.start() for match in _WORD.finditer(text)] + [len(text)])
    total = np.zeros(len(bounds) - 1)
    first = np.searchsorted(bounds, start, side="right") - 1
    last = np.searchsorted(bounds, end, side="left") - 1
    np.add.at(total, first, np.where(first == last, weight, weight / 2))
    np.add.at(total, last, np.where(first == last, 0.0, weight / 2))
    words = np.column_stack([bounds[:-1], bounds[1:]])
    there = place[0] + stretches(given[slice(*place)], text, words)
    return [Piece(text[a:b], w, *x) for (a, b), w, x in zip(words.tolist(), total.tolist(), there.tolist())]


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
