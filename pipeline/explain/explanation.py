"""What an explanation says: the words that move each sentence's score; as a DataFrame, HTML page or notebook fragment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.atomic import write_whole

if TYPE_CHECKING:
    import pandas as pd
    from jinja2 import Environment

STRONG, SOME = 1.0, 0.3  # contributions from which a word is marked strongly, or at all


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
