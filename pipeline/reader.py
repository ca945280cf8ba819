"""The Python face: a model that takes lists, Series and DataFrames and gives DataFrames."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.arrays.arrow import as_strings, column_called
from pipeline.errors import InputError
from pipeline.model.store import Model, load
from pipeline.read.documents import ARTICLE_COLUMNS
from pipeline.read.tables import TEXT_COLUMNS, column_of

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from pipeline.arrays.arrow import Texts
    from pipeline.explain.explanation import Explanation


def open_model(address: str) -> Model:
    """The model in a folder or behind an MLflow address; raises `ModelError` or `TrackingError`."""
    if ":/" not in address:
        return load(address)
    from pipeline.tracking.fetch import model_folder

    return load(model_folder(address))


@dataclass(frozen=True, repr=False, eq=False)
class Reader:
    """Reads texts with a model. A missing text (None, NaN, pandas' NA) is read as a blank one."""

    model: Model

    def __repr__(self) -> str:
        card = self.model.card
        return f"<Reader of {self.model.folder}: {card['data']['rows']:,} rows, trained {card['made'][:10]}>"

    def _repr_html_(self) -> str:
        from html import escape

        card = self.model.card
        cells = {"model": self.model.folder, "trained": card["made"], "rows": f"{card['data']['rows']:,}"}
        rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(str(cell))}</td></tr>" for name, cell in cells.items())
        return f"<table>{rows}</table>"

    def score(
        self,
        texts: Texts | pd.DataFrame,
        text_column: str | int | None = None,
        evidence: int = 0,
        actors: bool = False,
        threads: int = 1,
    ) -> pd.DataFrame:
        """Stance, event type, tension, probabilities and coverage of each text.

        Parameters
        ----------
        texts : a list, Series or Arrow array of n strings, or a DataFrame with a text column.
        text_column : the DataFrame's text column; None for the usual names.
        evidence : how many words of evidence each row gets: a column of lists of (words, contribution).
        actors : also say who acts and who is acted on: columns ``source``, ``target`` and ``actors``.
        threads : how many threads score; the scores are the same bits for any number.

        Returns
        -------
        DataFrame of n rows, in order, with the index of ``texts`` where it has one. The columns of a DataFrame stay, in
        front; one whose name the scores need gets the suffix ``_input``.

        Raises
        ------
        InputError
            Where ``texts`` is no list of strings or has no text column, or two, or a number is out of range.
        """
        import pandas as pd

        from pipeline.write.rows import input_names

        _require(evidence=(evidence, 0, 1000), threads=(threads, 1, 1000))
        column, index = self._column(texts, text_column, TEXT_COLUMNS)
        frame = pd.DataFrame(self._columns(column, evidence, actors, threads), index=index)
        if not isinstance(texts, pd.DataFrame):
            return frame
        return pd.concat([texts.set_axis(input_names(texts.columns, frame.columns), axis=1), frame], axis=1)

    def _columns(self, texts: pa.Array, evidence: int, actors: bool, threads: int) -> dict[str, object]:
        from pipeline.score.snippets import score

        scores = score(self.model, texts, threads)
        up, down, neither = scores.proba.T
        found = {
            "stance": scores.stance,
            "event": scores.event,
            "tension": scores.tension,
            "relevance": scores.relevance,
            "p_escalation": up,
            "p_de_escalation": down,
            "p_neutral": neither,
            "coverage": scores.coverage,
            "reason": scores.reason,
        }
        if evidence:
            from pipeline.score.evidence import explain

            why = explain(self.model, texts, evidence)
            found["evidence"] = _objects(why.of(row) for row in range(len(texts)))
        if actors:
            from pipeline.actors.roles import find_actors

            named = find_actors(texts)
            rows = [named.of(row) for row in range(len(texts))]
            for place, name in enumerate(("source", "target", "actors")):
                found[name] = _objects(row[place] for row in rows)
        return found

    def articles(self, texts: Texts | pd.DataFrame, text_column: str | int | None = None) -> pd.DataFrame:
        """The verdict on each article: stance, tension, share that is political, sentences by stance.

        Parameters and index are those of `score`; a column ``body``, ``article`` or ``content`` goes before ``text``.
        """
        import pandas as pd

        from pipeline.score.articles import score_articles

        column, index = self._column(texts, text_column, ARTICLE_COLUMNS)
        scored = score_articles(self.model, column)
        found = {"stance": scored.stance, "tension": scored.tension, "political": scored.political}
        found |= dict(zip(("rising", "easing", "neutral", "unclear"), scored.counts.T))
        return pd.DataFrame(found, index=index)

    def evidence(self, text: str | None) -> pd.DataFrame:
        """The words that moved a text's score, with their contributions to the log-odds, the strongest first."""
        import pandas as pd

        from pipeline.score.evidence import explain

        return pd.DataFrame(explain(self.model, [text]).of(0), columns=["words", "weight"])

    def explain(self, text: str | None) -> Explanation:
        """A sentence or an article with its words marked; shows itself in a notebook."""
        from pipeline.explain.explanation import explain_text

        return explain_text(self.model, text)

    def timeline(
        self,
        frame: pd.DataFrame,
        date_column: str | int | None = None,
        by: str | int | None = None,
        only: str | None = None,
        freq: str = "D",
        articles: bool = False,
        text_column: str | int | None = None,
        date_format: str | None = None,
        top: int = 50,
    ) -> pd.DataFrame:
        """Tension over time of a DataFrame of dated texts, or of rows that were scored already.

        Parameters
        ----------
        top : keep so many series, those with the most relevant texts; 0 for all.

        Returns
        -------
        DataFrame with a row a period of each series: the columns of ``timeline.csv``, and ``examples``, the texts that
        moved it. ``period`` is a time stamp; what a period without relevant texts does not say is NaN.
        """
        import numpy as np

        from pipeline.timeline.feed import records_of
        from pipeline.timeline.output import frame_of
        from pipeline.timeline.pieces import Feed, piece_of
        from pipeline.timeline.series import timeline

        dates, series, text = (None if name is None else str(name) for name in (date_column, by, text_column))
        feed = Feed(dates, date_format, series, only, freq, articles, text, top)
        records, _ = records_of([piece_of(frame, feed, self.model)], feed, "the DataFrame")
        return frame_of(timeline(records, freq, np.array(self.model.priors)))

    def article(self, text: str | None) -> pd.DataFrame:
        """The distinct sentences of an article, scored, with the number of times each stands there."""
        from pipeline.score.articles import score_articles

        article = score_articles(self.model, [text])
        table = self.score(article.texts)
        table.insert(0, "text", article.texts)
        table["repeats"] = article.repeats
        return table

    @staticmethod
    def _column(given: Any, wanted: str | int | None, usual: tuple[str, ...]) -> tuple[pa.Array, pd.Index | None]:
        """The texts of what was given, and its index where it has one."""
        import pandas as pd
        import pyarrow as pa

        if isinstance(given, pd.DataFrame):
            name = column_of(list(map(str, given.columns)), None if wanted is None else str(wanted), usual, "DataFrame")
            given = column_called(given, name, "DataFrame")
        if isinstance(given, (str, bytes, dict)) or not isinstance(given, Iterable) or hasattr(given, "columns"):
            raise InputError(f"expected a list of texts, got one {type(given).__name__}; write [text]")
        if (dimensions := getattr(given, "ndim", 1)) != 1:
            raise InputError(f"expected a list of texts, got an array of {dimensions} dimensions; give one column")
        if isinstance(given, (pa.Array, pa.ChunkedArray)):
            given = given.to_pylist()  # so that numbers are an error here too
        return as_strings(given), given.index if isinstance(given, pd.Series) else None


def _require(**given: tuple[int, int, int]) -> None:
    """Raise `InputError` for a number that is not between its ends."""
    for name, (value, least, most) in given.items():
        if not least <= value <= most:
            raise InputError(f"{name}={value}: expected {least} to {most}")


def _objects(values: Iterable[object]) -> np.ndarray:
    """Values as an object array, lists among them as they are."""
    values = list(values)
    out = np.empty(len(values), object)
    out[:] = values
    return out
