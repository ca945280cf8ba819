"""The Python API: a model that scores lists, Series and DataFrames and returns DataFrames."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

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
    """Load a model from a folder or an MLflow address; raises `ModelError` or `TrackingError`."""
    if ":/" not in address:
        return load(address)
    from pipeline.tracking.fetch import model_folder

    return load(model_folder(address))


@dataclass(frozen=True, repr=False, eq=False)
class Reader:
    """A loaded model. A missing text (None, NaN, pandas' NA) is treated as an empty text.

    Examples
    --------
    >>> import detente
    >>> reader = detente.load("models/detente")
    >>> reader.score(["Rebels released 26 hostages."]).stance[0]
    'de-escalation'
    """

    model: Model

    def __repr__(self) -> str:
        card = self.model.card
        return f"<Reader of {self.model.folder}: {card['data']['rows']:,} rows, trained {card['made'][:10]}>"

    def _repr_html_(self) -> str:
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
        """Score texts: stance, event type, tension, probabilities and coverage.

        Parameters
        ----------
        texts : a list, Series or Arrow array of n strings, or a DataFrame with a text column.
        text_column : name of that column; None for the usual names.
        evidence : number of words of evidence per row; adds a column with lists of (words, contribution).
        actors : add the columns ``source`` (who acts), ``target`` (who is acted on) and ``actors``.
        threads : number of threads; the scores are identical for any number.

        Returns
        -------
        DataFrame of n rows, in input order and with the index of ``texts``, if any. The columns of an input DataFrame come
        first; those whose names clash with an output column get the suffix ``_input``.

        Raises
        ------
        InputError
            If ``texts`` is not a list of strings, has no text column or more than one, or a number is out of range.

        Examples
        --------
        >>> news = pd.DataFrame({"day": [1, 2], "headline": ["Kenya sent food to Chad.", "Chad accused Niger."]})
        >>> table = detente.load("models/detente").score(news, text_column="headline", actors=True)
        >>> table[["day", "source", "target"]].values.tolist()
        [[1, 'KEN', 'TCD'], [2, 'TCD', 'NER']]
        """
        import pandas as pd

        from pipeline.score.snippets import score
        from pipeline.write.tables import beside

        for name, value, least in (("evidence", evidence, 0), ("threads", threads, 1)):
            if not least <= value <= 1000:
                raise InputError(f"{name}={value}: expected {least} to 1000")
        column, index = self._column(texts, text_column, TEXT_COLUMNS)
        found: dict[str, object] = score(self.model, column, threads).columns()
        if evidence:
            from pipeline.score.evidence import explain

            found["evidence"] = list(map(explain(self.model, column, evidence).of, range(len(column))))
        if actors:
            from pipeline.actors.roles import find_actors

            rows = list(map(find_actors(column).of, range(len(column))))
            for place, name in enumerate(("source", "target", "actors")):
                found[name] = [row[place] for row in rows]
        return beside(texts, pd.DataFrame(found, index=index))

    def articles(self, texts: Texts | pd.DataFrame, text_column: str | int | None = None) -> pd.DataFrame:
        """Score articles: stance, tension, political share, number of sentences by stance.

        Parameters, index, input columns and errors as in `score`; columns ``body``, ``article`` and ``content`` come before ``text``.

        Examples
        --------
        >>> text = "The army shelled the town. Troops killed six people in the raid."
        >>> detente.load("models/detente").articles([text])[["stance", "rising"]].values.tolist()
        [['escalation', 2]]
        """
        import pandas as pd

        from pipeline.score.articles import score_articles
        from pipeline.write.tables import beside

        column, index = self._column(texts, text_column, ARTICLE_COLUMNS)
        scored = score_articles(self.model, column)
        found = {"stance": scored.stance, "tension": scored.tension, "political": scored.political}
        found |= dict(zip(("rising", "easing", "neutral", "unclear"), scored.counts.T))
        return beside(texts, pd.DataFrame(found, index=index))

    def evidence(self, text: str | None) -> pd.DataFrame:
        """The words behind a text's score, with their contributions to the log-odds, strongest first.

        The words are as read, after cleaning; ``start`` and ``end`` (exclusive) are their place in the text as given,
        in characters (Unicode code points), for a pair that of both words and what is between them.

        Examples
        --------
        >>> text = "The army kil&shy;led six people in the raid."
        >>> table = detente.load("models/detente").evidence(text).set_index("words")
        >>> text[slice(*table.loc["killed", ["start", "end"]])]
        'kil&shy;led'
        """
        import pandas as pd

        from pipeline.score.evidence import explain

        found = explain(self.model, given := as_strings([text]))
        table = pd.DataFrame(found.of(0), columns=["words", "weight"])
        table[["start", "end"]] = found.places(0, given[0].as_py())
        return table

    def explain(self, text: str | None) -> Explanation:
        """Explain a sentence or an article in the text as given; the result renders in notebooks.

        Examples
        --------
        >>> detente.load("models/detente").explain("Rebels released 26 hostages. It rained.").frame().text.tolist()
        ['Rebels released 26 hostages.', 'It rained.']
        """
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
        """Compute tension over time from dated texts or scored rows; raises `InputError` as `score` does.

        Parameters
        ----------
        frame : dated texts, or output of `score` with a date column.
        date_column, text_column, date_format : names of columns, format of the dates (``%d/%m/%Y``); None for the usual.
        by : one series per ``source``, ``target``, ``actor``, ``pair`` or value of this column; ``only`` keeps one.
        freq : period: ``H``, ``D``, ``W`` or ``M`` (hour, day, week or month).
        articles : treat each text as an article.
        top : number of series to keep, those with the most relevant texts; 0 for all.

        Returns
        -------
        DataFrame with one row per series and period: the columns of ``timeline.csv``, and ``examples``, the texts that
        contributed most. ``period`` is a timestamp. Values are NaN in periods without relevant texts.

        Examples
        --------
        >>> texts = ["The army shelled the town.", "Rebels released 26 hostages."]
        >>> news = pd.DataFrame({"date": ["2024-01-01", "2024-01-03"], "text": texts})
        >>> table = detente.load("models/detente").timeline(news)
        >>> table.period.dt.day.tolist(), table.tension.isna().tolist()
        ([1, 2, 3], [False, True, False])
        """
        import numpy as np

        from pipeline.timeline.dated_texts import FeedOptions, dated_texts_of
        from pipeline.timeline.feed import records_of
        from pipeline.timeline.output import frame_of
        from pipeline.timeline.series import timeline

        dates, series, text = (None if name is None else str(name) for name in (date_column, by, text_column))
        feed = FeedOptions(None, None, dates, date_format, series, only, freq, articles, text, top)
        records, _ = records_of([dated_texts_of(frame, feed, self.model)], feed, "the DataFrame")
        return frame_of(timeline(records, freq, np.array(self.model.priors)))

    def article(self, text: str | None) -> pd.DataFrame:
        """Score the distinct sentences of an article; ``repeats`` counts how often each occurs.

        Examples
        --------
        >>> table = detente.load("models/detente").article("Shells fell on the town. It rained. It rained.")
        >>> table[["text", "repeats"]].values.tolist()
        [['Shells fell on the town.', 1], ['It rained.', 2]]
        """
        import pandas as pd

        from pipeline.score.articles import score_articles

        article = score_articles(self.model, [text])
        return pd.DataFrame({"text": article.texts, **article.scores.columns(), "repeats": article.repeats})

    @staticmethod
    def _column(given: Any, wanted: str | int | None, usual: tuple[str, ...]) -> tuple[pa.Array, pd.Index | None]:
        """The texts of the input, and its index if it has one."""
        import pandas as pd
        import pyarrow as pa

        if isinstance(given, pd.DataFrame):
            name = column_of(list(map(str, given.columns)), None if wanted is None else str(wanted), usual, "DataFrame")
            given = column_called(given, name, "DataFrame")
        if isinstance(given, (str, bytes, dict)) or not isinstance(given, Iterable) or hasattr(given, "columns"):
            raise InputError(f"expected a list of texts, got one {type(given).__name__}; write [text]")
        if (dimensions := getattr(given, "ndim", 1)) != 1:
            raise InputError(f"expected a list of texts, got an array of {dimensions} dimensions; pass one column")
        if isinstance(given, (pa.Array, pa.ChunkedArray)):
            given = given.to_pylist()  # so that numbers are rejected here too
        return as_strings(given), given.index if isinstance(given, pd.Series) else None
